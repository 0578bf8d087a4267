"""recordings: damage of every kind leaves what was sent, or what is said not to be whole."""

import numpy as np
import pytest

from gensc.trials.robust.recordings import CAPTION, DAMAGES, Judged, _compare, _Found, judge, totals

SAMPLES = (np.arange(1, 5001) * (1 + 1j)).astype(np.complex64)


@pytest.mark.parametrize("kind", DAMAGES)
def test_every_damage_changes_a_recording_and_is_the_same_for_a_seed(kind):
    one, again = (DAMAGES[kind](np.random.default_rng(3), SAMPLES.copy()) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    assert one.dtype == np.complex64
    assert not np.array_equal(one, SAMPLES)


def test_no_text_is_wrong_and_nothing_comes_from_nobody():
    sums = totals(judge("softcast", len(DAMAGES)))
    assert sums["recordings"] == len(DAMAGES)
    assert sums["images"] > len(DAMAGES)
    assert (sums["wrong_texts"], sums["unknown"], sums["failures"]) == (0, 0, 0)


def test_what_is_wrong_would_be_counted():
    pictures = [np.full((16, 16, 3), value, np.uint8) for value in (0, 100, 200)]
    clean = _Found({f"a3f2-0000{n}.png": (pictures[n], 0, 30.0) for n in range(3)}, {})
    images = {
        "a3f2-00000.png": (pictures[0], 0, 30.0),
        "a3f2-00001.png": (pictures[2], 0, 30.0),
        "a3f2-00002.png": (pictures[0], 1, 30.0),
        "bbbb-00002.png": (pictures[2], 0, 30.0),
    }
    texts = {"a3f2-00000.txt": CAPTION.format(0), "a3f2-00001.txt": CAPTION.format(2)}
    told = Judged("")
    _compare(told, 0, _Found(images, texts), clean)
    assert (told.images, told.whole, told.wrong, told.unknown, told.wrong_texts) == (4, 2, 1, 1, 1)
