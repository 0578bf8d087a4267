"""Weights of one's own: decoded rightly where they are found, and kept where they are not."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from gensc.cli.main import run
from gensc.data.images import fit, load_image
from gensc.link.radio import Place, RadioSettings
from gensc.receiver.run import ReceiveSettings, receive_images
from gensc.system.errors import UserError
from gensc.transmitter.run import SendSettings, send_images
from gensc_models.catalogue.shared import shared_codec
from gensc_models.codecs.jscc import JsccCodec

RADIO = RadioSettings()
SHIPPED = "softcast"


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photo") / "cat.png"
    Image.fromarray(fit(load_image("skimage:chelsea"), 96, 128)).save(path)
    return path


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder with weights that are called as shipped ones and send the opposite sign."""
    codec = JsccCodec.from_pretrained(SHIPPED)
    with torch.no_grad():
        for tensor in codec.network.state_dict().values():
            if tensor.ndim == 2:
                tensor.neg_()
    folder = tmp_path_factory.mktemp("own")
    codec.save_pretrained(folder / SHIPPED)
    return folder


@pytest.fixture(scope="module")
def recording(own, photo, tmp_path_factory):
    path = tmp_path_factory.mktemp("recording") / "capture"
    settings = SendSettings(
        [str(photo)], str(own / SHIPPED), rate=128, snr_db=25.0, caption="a cat", session=0xA3F2
    )
    assert send_images(settings, Place("file", str(path)), RADIO).images == 1
    return Place("file", str(path))


@pytest.fixture(autouse=True)
def no_weights_of_others(monkeypatch):
    monkeypatch.delenv("GENSC_WEIGHTS", raising=False)


def psnr(folder, photo):
    got = load_image(folder / "a3f2-00000.png").astype(float)
    return 10 * np.log10(255**2 / np.mean((got - load_image(photo)) ** 2))


def line(folder):
    (only,) = (folder / "results.jsonl").read_text().splitlines()
    return json.loads(only)


def test_the_folder_in_the_environment_is_found_by_fingerprint(
    own, recording, photo, tmp_path, monkeypatch
):
    monkeypatch.setenv("GENSC_WEIGHTS", str(own))
    report = receive_images(ReceiveSettings(tmp_path), recording, RADIO)
    assert (report.images, report.missing) == (1, {})
    assert psnr(tmp_path, photo) > 28
    sha256 = shared_codec(own / SHIPPED).sha256
    assert (line(tmp_path)["weights"], line(tmp_path)["weights_sha256"]) == (SHIPPED, sha256)


@pytest.mark.parametrize("below", ["", SHIPPED])
def test_the_option_names_the_folder_or_one_that_holds_it(own, recording, photo, tmp_path, below):
    settings = ReceiveSettings(tmp_path, models=(str(own / below),))
    assert receive_images(settings, recording, RADIO).images == 1
    assert psnr(tmp_path, photo) > 28


def test_without_them_it_says_so_and_keeps_the_symbols(own, recording, photo, tmp_path):
    said = []
    report = receive_images(ReceiveSettings(tmp_path), recording, RADIO, on_image=said.append)
    number = shared_codec(own / SHIPPED).fingerprint
    assert (report.images, report.texts, report.counters["sections_kept"]) == (0, 1, 1)
    assert report.missing == {number: f"weights {number:04x} are not installed"}
    assert any(f"a3f2-00000.npz: weights {number:04x} are not installed" in text for text in said)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a3f2-00000.npz", "a3f2-00000.txt", "results.jsonl",
    ]  # fmt: skip


def test_what_was_kept_is_decoded_when_the_weights_are_there(own, recording, photo, tmp_path):
    receive_images(ReceiveSettings(tmp_path), recording, RADIO)
    kept = Place("sections", str(tmp_path / "a3f2-00000.npz"))
    still = receive_images(ReceiveSettings(tmp_path / "still"), kept, RADIO)
    assert (still.images, still.counters["sections_kept"]) == (0, 1)
    assert not list((tmp_path / "still").glob("*.npz"))
    settings = ReceiveSettings(tmp_path / "later", models=(str(own),))
    later = receive_images(settings, kept, RADIO)
    assert (later.images, later.counters["sections_kept"]) == (1, 0)
    assert psnr(tmp_path / "later", photo) > 28


def test_the_command_says_what_is_missing_and_what_to_do(own, recording, tmp_path, capfd):
    number = shared_codec(own / SHIPPED).fingerprint
    out = tmp_path / "out"
    assert run(["receive", "--from", str(recording), "--out", str(out)]) == 0
    stdout, stderr = capfd.readouterr()
    assert "received 0 images" in stdout
    assert "1 sections not decoded" in stdout
    assert f"gensc: weights {number:04x} are not installed; --model or GENSC_WEIGHTS" in stderr
    again = ["receive", "--from", str(out / "a3f2-00000.npz"), "--out", str(tmp_path / "later")]
    assert run([*again, "--model", str(own)]) == 0
    assert "received 1 image (0 incomplete)" in capfd.readouterr().out


def test_a_folder_without_weights_is_a_mistake(recording, tmp_path):
    with pytest.raises(UserError, match=f"--model {tmp_path}: no weights in this folder"):
        receive_images(ReceiveSettings(tmp_path, models=(str(tmp_path),)), recording, RADIO)


@pytest.mark.parametrize("damage", ["empty", "cut", "other", "pickle", "version"])
def test_a_damaged_file_of_symbols_is_named(recording, tmp_path, damage):
    receive_images(ReceiveSettings(tmp_path), recording, RADIO)
    path = tmp_path / "a3f2-00000.npz"
    data = path.read_bytes()
    if damage in ("empty", "cut"):
        path.write_bytes(data[: 0 if damage == "empty" else len(data) // 2])
    elif damage == "other":
        np.savez(path, image=np.zeros(3))
    else:
        with np.load(path) as arrays:
            values = dict(arrays)
        values["header_0"] = values["header_0"].copy()
        values["header_0"][0] = 77
        if damage == "pickle":
            values["symbols_0"] = np.array([object()])
        np.savez(path, **values)
    with pytest.raises(UserError, match="version 77" if damage == "version" else r"00000\.npz"):
        receive_images(ReceiveSettings(tmp_path / "x"), Place("sections", str(path)), RADIO)


def test_shipped_weights_and_a_copy_under_another_name_are_the_same(photo, tmp_path):
    source = shared_codec(SHIPPED)
    from gensc_models.weights.store import locate

    copy = shutil.copytree(locate(SHIPPED), tmp_path / "mine")
    settings = SendSettings([str(photo)], str(copy), rate=128, snr_db=25.0, session=0xA3F2)
    send_images(settings, Place("file", str(tmp_path / "capture")), RADIO)
    out = tmp_path / "out"
    receive_images(ReceiveSettings(out), Place("file", str(tmp_path / "capture")), RADIO)
    assert line(out)["weights_sha256"] == source.sha256
    assert psnr(out, photo) > 28
