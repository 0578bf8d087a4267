"""Weights folders: what is found, and what is refused by name."""

import hashlib
import json
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
from gensc_models.catalogue.shared import shared_codec_by_wire_id
from small_network import SMALL


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    JsccCodec(CodecConfig("tiny", wire_id=200, network=SMALL)).save_pretrained(tmp_path / "tiny")
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
    assert (codec.name, codec.wire_id, codec.config.network) == ("tiny", 200, SMALL)
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
        ({"wire_id": 0}, "wire_id"),
        ({"wire_id": "two"}, "wire_id"),
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
    assert load_codec("softcast").wire_id == 200
    assert {info.name: info.wire_id for info in available()}["softcast"] == 200
    assert shared_codec_by_wire_id(200).name == "softcast"


def test_damaged_folder_does_not_hide_the_others(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "config.json").write_text("{")
    monkeypatch.setenv("GENSC_WEIGHTS", str(folder.parent))
    assert {"softcast", "deepjscc-photo"} <= {info.name for info in available()}


def test_unknown_wire_id_is_refused() -> None:
    with pytest.raises(WeightsError, match="wire id 254"):
        shared_codec_by_wire_id(254)


def test_shipped_weights_are_small_and_have_wire_ids_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GENSC_WEIGHTS", raising=False)
    shipped = available()
    assert {"softcast", "deepjscc-photo"} <= {info.name for info in shipped}
    assert all(info.size_bytes <= 16 * 2**20 for info in shipped)
    codecs = [info for info in shipped if info.rates]
    ids = [number for info in codecs for number in info.wire_ids]
    assert len(set(ids)) == len(ids)
    assert all((info.wire_id > 0) == (info in codecs) for info in shipped)
