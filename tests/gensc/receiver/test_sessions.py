"""Several transmitters, restarts and losses: the right image beside the right caption, all counted.

The bursts are those of `gensc send`; they share one channel without colliding.
"""

import numpy as np
import pytest
from PIL import Image

from bursts_on_air import bursts_of, recorded, taking_turns
from gensc.data.images import fit, load_image
from gensc.link.radio import RadioSettings
from gensc.receiver.run import ReceiveSettings, receive_images

RADIO = RadioSettings()
PHOTOS = ("chelsea", "coffee", "rocket")
SESSIONS = (0x00A1, 0x00B2, 0x00C3)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder for each of three transmitters: two photos with captions of their own."""
    folders = []
    for transmitter, photo in enumerate(PHOTOS):
        folder = tmp_path_factory.mktemp(photo)
        for number, side in enumerate((96, 112)):
            image = fit(load_image(f"skimage:{photo}"), side, 128)
            Image.fromarray(image).save(folder / f"{number}.png")
            (folder / f"{number}.txt").write_text(f"picture {number} of transmitter {transmitter}")
        folders.append(folder)
    return folders


@pytest.fixture(scope="module")
def sent(photos, tmp_path_factory):
    """The bursts of each transmitter; both of them number their images 0 and 1."""
    out = tmp_path_factory.mktemp("sent")
    return [
        bursts_of([folder / f"{i}.png" for i in range(2)], session, out)
        for folder, session in zip(photos, SESSIONS, strict=True)
    ]


def receive(bursts, folder, out, **settings):
    """What `gensc receive` makes of bursts that follow each other."""
    place = recorded(bursts, folder / "air")
    return receive_images(ReceiveSettings(out, **settings), place, RADIO)


def check(out, photos, transmitter, number, stem=""):
    """The files of an image are that image, and its caption."""
    stem = stem or f"{SESSIONS[transmitter]:04x}-{number:05d}"
    got, original = (
        load_image(out / f"{stem}.png"),
        load_image(photos[transmitter] / f"{number}.png"),
    )
    assert got.shape == original.shape
    assert 10 * np.log10(255**2 / np.mean((got.astype(float) - original) ** 2)) > 24
    caption = (out / f"{stem}.txt").read_text()
    assert caption == f"picture {number} of transmitter {transmitter}\n"


@pytest.mark.parametrize("transmitters", [2, 3])
def test_transmitters_that_take_turns_all_give_their_own_images_and_captions(
    sent, photos, tmp_path, transmitters
):
    out = tmp_path / "out"
    report = receive(taking_turns(*sent[:transmitters]), tmp_path, out)
    for transmitter in range(transmitters):
        for number in range(2):
            check(out, photos, transmitter, number)
    assert (report.images, report.texts, report.incomplete) == (
        2 * transmitters, 2 * transmitters, 0,
    )  # fmt: skip
    counters = report.counters
    assert counters["bursts"] == sum(map(len, sent[:transmitters]))
    assert counters["bursts_late"] == counters["bursts_repeated"] == counters["headers_bad"] == 0
    assert len(list(out.glob("*.png"))) == 2 * transmitters


def test_a_restart_in_the_middle_of_an_image_leaves_its_rest_apart_though_numbers_come_again(
    sent, photos, tmp_path
):
    out = tmp_path / "out"
    # The first transmitter stops after one burst of its first image; another start of it has
    # another session, and the same numbers.
    report = receive([*sent[0][:1], *sent[1]], tmp_path, out)
    for number in range(2):
        check(out, photos, 1, number)
    assert (report.images, report.texts, report.incomplete) == (3, 2, 1)
    assert (out / f"{SESSIONS[0]:04x}-00000.png").exists()
    assert not (out / f"{SESSIONS[0]:04x}-00000.txt").exists()


def test_the_caption_of_a_lost_image_stands_beside_no_other(sent, photos, tmp_path):
    out, (first, *_) = tmp_path / "out", sent
    per_image = len(first) // 2
    # Nothing but the caption is left of the first image.
    report = receive(first[per_image - 1 :], tmp_path, out)
    assert (report.images, report.texts) == (1, 2)
    check(out, photos, 0, 1)
    again = receive(sent[0], tmp_path, out)
    assert (again.images, again.texts) == (2, 2)
    check(out, photos, 0, 0, "00a1-00000-2")
    check(out, photos, 0, 1, "00a1-00001-2")


def test_what_is_received_twice_is_one_image_and_counted(sent, photos, tmp_path):
    out = tmp_path / "out"
    report = receive([burst for burst in sent[0] for _ in range(2)], tmp_path, out)
    assert (report.images, report.texts) == (2, 2)
    assert report.counters["bursts_repeated"] == len(sent[0])
    for number in range(2):
        check(out, photos, 0, number)
