"""Several transmitters, restarts and numbers that come again: what the service's books say."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from bursts_on_air import bursts_of, recorded, taking_turns
from gensc.data.images import fit, load_image
from gensc.receiver.account import BURSTS_LOST, NEVER_HEARD
from gensc.receiver.archive import Archive
from gensc.receiver.config import DeadlineConfig, ReceiverConfig, ReportConfig, SourceConfig
from gensc.receiver.service import Service

PHOTOS = ("chelsea", "coffee", "rocket")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Two photos of each of three transmitters, and their captions."""
    folders = []
    for photo in PHOTOS:
        folder = tmp_path_factory.mktemp(photo)
        for number, side in enumerate((96, 112)):
            Image.fromarray(fit(load_image(f"skimage:{photo}"), side, 128)).save(
                folder / f"{number}.png"
            )
            (folder / f"{number}.txt").write_text(f"{photo} {number}")
        folders.append(folder)
    return folders


@pytest.fixture(scope="module")
def sent(photos, tmp_path_factory):
    out = tmp_path_factory.mktemp("sent")
    return [
        bursts_of([folder / "0.png", folder / "1.png"], session, out)
        for session, folder in enumerate(photos, 1)
    ]


def receive(bursts, folder):
    """What the service makes of bursts that follow each other: its sums and its archive."""
    place = recorded(bursts, folder / "air")
    config = ReceiverConfig(
        archive=str(folder / "archive"),
        reports=ReportConfig(address=""),
        deadlines=DeadlineConfig(announced_s=0.1, image_s=0.1),
        sources=(SourceConfig("air", f"file:{place.name}.sigmf-meta"),),
    )
    service = Service(config)
    service.start()
    assert service.sources[0].wait(120)
    service.close()
    counters = service.counters()
    with Archive(config.archive, read_only=True) as archive:
        assert archive.verify() == []
        found = {record.key: record for record in archive.find()}
    assert counters["images"] == counters["stored"] + counters["damaged"] + counters["lost"]
    assert counters["images"] == len(found)
    return counters, found, config.archive


def is_photo(record, archive, path):
    got = load_image(f"{archive}/{record.file().path}").astype(float)
    original = load_image(str(path))
    return got.shape == original.shape and np.mean((got - original) ** 2) < 255**2 / 10**2.4


@pytest.mark.parametrize("transmitters", [2, 3])
def test_transmitters_that_take_turns_have_their_own_images_captions_and_sums(
    sent, photos, tmp_path, transmitters
):
    counters, found, archive = receive(taking_turns(*sent[:transmitters]), tmp_path)
    assert (counters["stored"], counters["sessions"]) == (2 * transmitters, transmitters)
    for session in range(1, transmitters + 1):
        for number in range(2):
            record = found[f"{session:04x}-{number:05d}"]
            assert is_photo(record, archive, photos[session - 1] / f"{number}.png")
            assert record.caption == f"{PHOTOS[session - 1]} {number}"
            assert record.symbols.sent == record.symbols.received > 0


def test_a_restart_in_the_middle_of_an_image_damages_that_one_only(sent, photos, tmp_path):
    counters, found, archive = receive([*sent[0][:1], *sent[1]], tmp_path)
    assert (counters["stored"], counters["damaged"]) == (2, 1)
    assert counters["causes"] == {BURSTS_LOST: 1}
    begun = found["0001-00000"]
    assert (begun.fate, begun.cause, begun.caption) == ("damaged", BURSTS_LOST, None)
    assert begun.symbols.erased == begun.symbols.sent - begun.symbols.received > 0
    assert is_photo(found["0002-00001"], archive, photos[1] / "1.png")


def test_the_same_numbers_for_other_pictures_are_other_images(photos, tmp_path_factory, tmp_path):
    out = tmp_path_factory.mktemp("again")
    # Of one size: only what is in them tells them apart.
    paths = []
    for name in ("chelsea", "coffee"):
        paths.append(out / f"{name}.png")
        Image.fromarray(load_image(f"skimage:{name}")[:96, :128]).save(paths[-1])
        paths[-1].with_suffix(".txt").write_text(name)
    twice = [bursts_of([path], 9, tmp_path_factory.mktemp("sent")) for path in paths]
    counters, found, archive = receive([*twice[0], *twice[1]], tmp_path)
    assert (counters["stored"], counters["again"]) == (2, 1)
    assert is_photo(found["0009-00000"], archive, paths[0])
    assert is_photo(found["0009-00000-2"], archive, paths[1])


def test_an_image_that_nothing_was_heard_of_is_lost_by_its_number(tmp_path, photos):
    out = tmp_path / "sent"
    out.mkdir()
    first, second = photos[0] / "0.png", photos[0] / "1.png"
    three = bursts_of([first, second, photos[1] / "0.png"], 5, out, caption="")
    per_image = [len(bursts_of([one], 6, out, caption="")) for one in (first, second)]
    counters, found, _ = receive([*three[: per_image[0]], *three[sum(per_image) :]], tmp_path)
    assert (counters["stored"], counters["lost"]) == (2, 1)
    assert (found["0005-00001"].fate, found["0005-00001"].cause) == ("lost", NEVER_HEARD)
