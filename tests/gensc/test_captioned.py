"""A caption for every image that is sent, and edits of what is received, from end to end."""

import json

import numpy as np
import pytest
from PIL import Image

import fake_api
from gensc.data.images import fit, load_image
from gensc.link.radio import Place, RadioSettings
from gensc.receiver.run import ReceiveSettings, receive_images
from gensc.system.errors import UserError
from gensc.transmitter.run import SendSettings, send_images
from gensc_models.semantics.captions import LayoutCaptioner
from small_refiner import store

RADIO = RadioSettings()


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Two photos; the first has a caption beside it."""
    folder = tmp_path_factory.mktemp("photos")
    for name in ("a", "b"):
        Image.fromarray(fit(load_image("skimage:chelsea"), 64, 96)).save(folder / f"{name}.png")
    (folder / "a.txt").write_text("A tabby cat.", encoding="utf-8")
    return [str(folder / "a.png"), str(folder / "b.png")]


def send(photos, path, caption):
    settings = SendSettings(photos, model="softcast", rate=64, caption=caption, session=1)
    return send_images(settings, Place("file", str(path)), RADIO)


@pytest.fixture(scope="module")
def recording(photos, tmp_path_factory):
    path = tmp_path_factory.mktemp("recording") / "capture"
    send(photos, path, "auto")
    return Place("file", str(path))


def receive(recording, out, edit):
    report = receive_images(ReceiveSettings(out, edit=edit), recording, RADIO)
    results = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    return report, [line for line in results if line["scheme"].endswith("+edit")]


def test_each_image_travels_with_its_own_caption(recording, photos, tmp_path):
    report, edits = receive(recording, tmp_path, "none")
    assert (report.images, report.texts, report.edited) == (2, 2, 0)
    assert edits == []
    assert (tmp_path / "0001-00000.txt").read_text() == "A tabby cat.\n"
    expected = LayoutCaptioner().caption(load_image(photos[1]))
    assert (tmp_path / "0001-00001.txt").read_text() == f"{expected}\n"


def test_without_a_caption_beside_it_nothing_is_sent(photos, tmp_path):
    with pytest.raises(UserError, match=r"b\.png: no caption beside it"):
        send(photos, tmp_path / "capture", "file")
    assert not list(tmp_path.iterdir())


def test_received_images_are_edited_and_the_result_says_how(recording, tmp_path):
    weights = store(tmp_path / "weights")
    _, edits = receive(recording, tmp_path / "out", str(weights))
    assert [line["extra"]["editor"] for line in edits] == ["small-refiner"] * 2
    for line in edits:
        plain = load_image(tmp_path / "out" / line["image"].replace("-edited", ""))
        edited = load_image(tmp_path / "out" / line["image"])
        kept = line["extra"]["edit"] in ("rejected", "failed", "untouched")
        assert np.array_equal(plain, edited) == kept


def test_a_server_that_refuses_costs_no_image(recording, tmp_path, monkeypatch):
    with fake_api.fake_api(fake_api.fails(400, "not this one")) as api:
        monkeypatch.setenv("GENSC_EDIT_URL", api.endpoint.url)
        monkeypatch.setenv("GENSC_EDIT_MODEL", "tiny")
        report, edits = receive(recording, tmp_path, "server")
        asked = [request.body for request in api.asked]
    assert (report.images, report.edited) == (2, 0)
    assert [line["extra"]["edit"] for line in edits] == ["failed", "failed"]
    assert "not this one" in edits[0]["extra"]["edit_reason"]
    assert b"A tabby cat." in asked[0]


def test_an_editor_that_cannot_be_had_is_named_before_anything_is_received(recording, tmp_path):
    with pytest.raises(UserError, match="--edit nobody"):
        receive(recording, tmp_path / "out", "nobody")
    assert not (tmp_path / "out").exists()
