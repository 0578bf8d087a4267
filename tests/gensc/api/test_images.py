"""gensc.send and gensc.compare: images over each way, and what becomes of those that are lost."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gensc
import own_codecs

IMAGE = np.full((40, 50, 3), (200, 100, 50), np.uint8)


def test_importing_takes_nothing_with_it():
    code = (
        "import sys, gensc; assert {'send', 'Waveform'} <= set(dir(gensc));"
        "print([m for m in ('torch', 'numpy', 'gnuradio', 'typer') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    with pytest.raises(AttributeError, match="no attribute 'sned'"):
        _ = gensc.sned


@pytest.mark.parametrize("via", ["torch", "bursts"])
@pytest.mark.parametrize("kind", [own_codecs.Colours, own_codecs.Digital])
def test_an_object_is_a_codec_whatever_it_sends(via, kind):
    got = gensc.send(IMAGE, kind(), via=via, snr_db=25, rate=64)
    assert np.abs(got.image.astype(int) - IMAGE).max() < 12
    assert got.events == {}
    assert got.figures["symbols"]["digital"] > 0


def test_equal_arguments_give_equal_images():
    first, again, other = (
        gensc.send(IMAGE, "softcast", channel="rayleigh", snr_db=3, seed=s) for s in (1, 1, 2)
    )
    assert np.array_equal(first.image, again.image)
    assert not np.array_equal(first.image, other.image)


@pytest.mark.parametrize(("kind", "why"), [(own_codecs.Mute, "no idea"), (own_codecs.Deaf, "what")])
def test_what_a_codec_raises_is_an_image_that_is_lost(kind, why):
    got = gensc.send(IMAGE, kind())
    assert got.image is None
    assert why in got.events["lost"]
    assert got.figures["received"] is False


def test_a_plugged_in_editor_stands_around_a_scheme(tmp_path):
    path = Path(tmp_path) / "brighter.py"
    path.write_text(
        "class Brighter:\n    def refine(self, image, snr_db, seed):\n        return image + 1\n"
    )
    plain = gensc.send(IMAGE, "softcast", snr_db=15)
    edited = gensc.send(IMAGE, f"softcast+{path}:Brighter", snr_db=15)
    assert np.array_equal(edited.image, plain.image + 1)
    assert edited.events["edit"] == "accepted"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"scheme": "softcats"}, "no codec called 'softcats'"),
        ({"scheme": object()}, "no method encode_image"),
        ({"image": IMAGE[..., :2]}, "expected uint8 HxWx3"),
        ({"image": "nowhere.png"}, "nowhere.png"),
        ({"via": "pigeon"}, "pigeon"),
        ({"channel": "sea"}, "channel 'sea': by torch there are awgn"),
        ({"rate": 200}, "1 to 128"),
        ({"snr_db": float("nan")}, "between -30 and 60"),
    ],
)
def test_a_mistake_is_one_line(changes, line):
    with pytest.raises(ValueError, match=line) as caught:
        gensc.send(**{"image": IMAGE, "scheme": "softcast", **changes})
    assert "\n" not in str(caught.value)
