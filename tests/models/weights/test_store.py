"""Weights folders: what is found, and what is refused by name."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from gensc_models import (
    CodecConfig,
    JsccCodec,
    WeightsError,
    available,
    load_codec,
)
from gensc_models.catalogue.shared import shared_codec_by_fingerprint
from gensc_models.weights.fingerprint import fingerprint
from small_network import SMALL


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    JsccCodec(CodecConfig("tiny", network=SMALL)).save_pretrained(tmp_path / "tiny")
    return tmp_path / "tiny"


def edit_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def rewrite_tensors(folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    """Alters tensors and lets the config vouch for them, so that only the fit is wrong."""
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    edit_config(folder, sha256=digest)


def refusal(folder: Path) -> str:
    with pytest.raises(WeightsError) as caught:
        load_codec(folder)
    message = str(caught.value)
    assert "\n" not in message
    assert "tiny" in message
    return message


def test_what_was_saved_is_what_is_loaded(folder: Path) -> None:
    codec = load_codec(folder)
    assert (codec.name, codec.config.network) == ("tiny", SMALL)
    assert codec.sha256 == json.loads((folder / "config.json").read_text())["sha256"]
    codec.save_pretrained(folder.parent / "again")
    again = (folder.parent / "again" / "model.safetensors").read_bytes()
    assert again == (folder / "model.safetensors").read_bytes()


def test_matrices_are_stored_in_half_precision_and_variances_in_full(folder: Path) -> None:
    stored = load_file(folder / "model.safetensors")
    assert stored["linear.analysis"].dtype == torch.float16
    assert stored["linear.variance"].dtype == torch.float32


def test_truncated_file_is_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])
    assert "damaged" in refusal(folder)


def test_one_flipped_bit_is_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    assert "damaged" in refusal(folder)


def test_a_file_that_is_no_safetensors_is_refused_even_if_its_digest_is_right(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"not tensors")
    edit_config(folder, sha256=hashlib.sha256(b"not tensors").hexdigest())
    assert "model.safetensors" in refusal(folder)


def test_missing_file_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    assert "cannot read model.safetensors" in refusal(folder)


def test_a_checkpoint_that_does_not_fit_its_config_is_refused(folder: Path) -> None:
    network = json.loads((folder / "config.json").read_text())["network"]
    edit_config(folder, network={**network, "encoder_width_8": 16})
    assert "do not fit their config: 'encoder.pixels.weight'" in refusal(folder)


def test_missing_and_superfluous_tensors_are_refused(folder: Path) -> None:
    rewrite_tensors(folder, lambda tensors: tensors.update(stranger=torch.zeros(3)))
    assert "unknown 'stranger'" in refusal(folder)
    rewrite_tensors(folder, lambda tensors: tensors.pop("decoder.out.bias"))
    assert "no tensor 'decoder.out.bias'" in refusal(folder)


def test_weights_that_are_not_finite_are_refused(folder: Path) -> None:
    rewrite_tensors(folder, lambda tensors: tensors["decoder.out.bias"].fill_(torch.nan))
    assert "not finite" in refusal(folder)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"format": 99}, "format 99"),
        ({"kind": "oracle"}, "kind 'oracle'"),
        ({"network": {"layers": 3}}, "network config"),
        ({"rates": None}, "rates"),
    ],
)
def test_unusable_configs_are_refused(folder: Path, changes: dict, reason: str) -> None:
    edit_config(folder, **changes)
    assert reason in refusal(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "\x00"])
def test_config_that_is_no_json_object_is_refused(folder: Path, content: str) -> None:
    (folder / "config.json").write_text(content)
    assert "config.json" in refusal(folder)


def test_unknown_name_lists_what_is_installed() -> None:
    with pytest.raises(WeightsError, match=r"no codec called 'nonsense' \(there is .*softcast"):
        load_codec("nonsense")


def test_environment_folder_comes_before_the_package(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.rename(folder.parent / "softcast")
    edit_config(folder.parent / "softcast", name="softcast")
    monkeypatch.setenv("GENSC_WEIGHTS", str(folder.parent))
    assert load_codec("softcast").config.network == SMALL
    assert {info.name: info.path.parent for info in available()}["softcast"] == folder.parent


def test_the_fingerprint_finds_the_very_weights_whatever_their_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = load_codec("softcast")
    folder.rename(folder.parent / "softcast")
    edit_config(folder.parent / "softcast", name="softcast")
    monkeypatch.setenv("GENSC_WEIGHTS", str(folder.parent))
    own = load_codec("softcast")
    assert own.fingerprint == int(own.sha256[:4], 16) != shipped.fingerprint
    assert shared_codec_by_fingerprint(own.fingerprint).config.network == SMALL
    assert shared_codec_by_fingerprint(shipped.fingerprint).sha256 == shipped.sha256


def test_other_weights_of_the_same_fingerprint_are_refused_with_both_folders(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = shutil.copytree(folder, folder.parent / "other")
    sha256 = json.loads((folder / "config.json").read_text())["sha256"]
    monkeypatch.setenv("GENSC_WEIGHTS", str(folder.parent))
    number = fingerprint(sha256)
    assert shared_codec_by_fingerprint(number).name == "tiny"  # a mere copy is no other
    edit_config(other, sha256=sha256[:-4] + "0000")
    with pytest.raises(WeightsError, match=f"weights {number:04x} are ambiguous: .*/"):
        shared_codec_by_fingerprint(number)


def test_configs_of_before_that_have_a_wire_id_are_read(folder: Path) -> None:
    edit_config(folder, wire_id=2)
    assert load_codec(folder).name == "tiny"


def test_damaged_folder_does_not_hide_the_others(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "config.json").write_text("{")
    monkeypatch.setenv("GENSC_WEIGHTS", str(folder.parent))
    assert {"softcast", "deepjscc-photo"} <= {info.name for info in available()}


@pytest.mark.parametrize("number", [0, 254])
def test_an_unknown_fingerprint_is_refused(number: int) -> None:
    with pytest.raises(WeightsError, match=f"weights {number:04x} are not installed"):
        shared_codec_by_fingerprint(number)


def test_shipped_weights_are_small_and_have_fingerprints_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GENSC_WEIGHTS", raising=False)
    shipped = available()
    assert {"softcast", "deepjscc-photo"} <= {info.name for info in shipped}
    assert all(info.size_bytes <= 16 * 2**20 for info in shipped)
    codecs = [info for info in shipped if info.fingerprint]
    ids = [info.fingerprint for info in codecs]
    assert len(set(ids)) == len(ids)
    assert {info.name for info in shipped if info.rates} < {info.name for info in codecs}
