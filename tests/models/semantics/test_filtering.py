"""gensc_models.semantics.filtering: which blocks are sent, and that they fit."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_models.codecs.bank.container import HEADER
from gensc_models.semantics.filtering import (
    CriticalEncoder,
    gvif_of_blocks,
    information_map,
    on_blocks,
)
from gensc_models.semantics.gvif import gvif
from small_bank import SmallBank
from small_hyperprior import photo, small_codec

BANK = SmallBank()


def ramp(image):
    """Importance that rises from left to right."""
    return np.tile(np.arange(image.shape[1], dtype=np.float32), (image.shape[0], 1))


class Counting(SmallBank):
    """Counts what is coded."""

    def __init__(self):
        self.coded = 0

    def encode(self, image, point, keep=None):
        self.coded += 1
        return super().encode(image, point, keep)


# ---------------------------------------------------------------- importance of blocks


@given(st.integers(1, 100), st.integers(1, 100), st.integers(1, 60), st.integers(1, 60))
def test_any_map_becomes_one_value_per_block_from_0_to_1(height, width, rows, columns):
    values = np.random.default_rng(rows * columns).random((rows, columns))
    blocks = on_blocks(values, height, width)
    assert blocks.shape == (-(-height // 16), -(-width // 16))
    assert blocks.max() == 1.0
    assert blocks.min() == (0.0 if len(np.unique(blocks)) > 1 else 1.0)


def test_a_map_of_pixels_is_averaged_over_each_block():
    values = np.zeros((40, 32))
    values[:16, :16], values[:16, 16:], values[32:, :16] = 3.0, 1.0, 2.0
    np.testing.assert_allclose(on_blocks(values, 40, 32) * 3, [[3, 1], [0, 0], [2, 0]], atol=1e-9)


def test_a_map_without_differences_filters_nothing_out():
    assert (on_blocks(np.full((7, 9), 0.3), 64, 64) == 1).all()


@pytest.mark.parametrize("values", [np.zeros(3), np.zeros((0, 2)), np.full((2, 2), np.nan)])
def test_what_is_no_map_is_refused(values):
    with pytest.raises(ValueError, match="importance"):
        on_blocks(values, 32, 32)


def test_the_shares_of_the_blocks_sum_to_the_gvif_of_the_image():
    rng = np.random.default_rng(1)
    reference, coded = (torch.tensor(rng.exponential(1.0, (1, 5, 3, 4))) for _ in range(2))
    whole = gvif(reference, coded, torch.ones(1, dtype=torch.bool))
    assert gvif_of_blocks(reference, coded).sum() == pytest.approx(float(whole))


def test_an_image_without_information_arrives_in_equal_shares():
    nothing = torch.zeros(1, 5, 3, 4)
    np.testing.assert_allclose(gvif_of_blocks(nothing, nothing), np.full((3, 4), 1 / 12))


# ---------------------------------------------------------------- what is sent


def test_the_blocks_at_or_above_alpha_are_sent():
    sent = CriticalEncoder(BANK, ramp).encode(photo(64, 80), 2, 0.5)
    assert (sent.keep == (np.arange(5) >= 2)).all()
    assert sent.keep.shape == (4, 5)
    assert (sent.point, sent.alpha, sent.tries, sent.fits) == (2, 0.5, 1, True)
    assert sent.bits == 8 * len(BANK.encode(photo(64, 80), 2, sent.keep).data)


def test_alpha_0_at_the_finest_point_is_the_whole_image_undistorted():
    sent = CriticalEncoder(BANK, ramp).encode(photo(64, 80), 1, 0.0)
    assert sent.keep.all()
    assert sent.gvif == pytest.approx(1.0)


def test_without_an_importance_the_blocks_rich_in_information_are_kept():
    image = photo(64, 80)
    sent = CriticalEncoder(BANK).encode(image, 1, 0.6)
    np.testing.assert_array_equal(sent.keep, on_blocks(information_map(BANK, image), 64, 80) >= 0.6)
    assert 0 < sent.keep.sum() < sent.keep.size


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.floats(0, 1), st.floats(1, 60_000), st.integers(2, 6))
def test_a_container_never_exceeds_its_budget_unless_nothing_fits(point, alpha, budget, tries):
    bank = Counting()
    image = photo(64, 80)
    sent = CriticalEncoder(bank, ramp, max_tries=tries).encode(image, point, alpha, budget)
    assert sent.fits == (sent.bits <= budget)
    assert sent.tries == bank.coded <= tries
    if not sent.fits:
        assert (sent.point, sent.alpha) == (BANK.points[-1], 1.0)
    # What was asked for is not changed where it fits, and only ever towards less.
    asked = BANK.encode(image, point, on_blocks(ramp(image), 64, 80) >= alpha)
    if 8 * len(asked.data) <= budget:
        assert (sent.point, sent.alpha, sent.tries) == (point, alpha, 1)
    assert sent.point >= point
    assert sent.alpha >= alpha


def test_the_threshold_is_raised_before_the_point_is_made_coarser():
    encoder, image = CriticalEncoder(BANK, ramp, alpha_max=0.8), photo(64, 160)
    whole = encoder.encode(image, 1, 0.0)
    little = encoder.encode(image, 1, 0.0, 0.6 * whole.bits)
    less = encoder.encode(image, 1, 0.0, 0.17 * whole.bits)
    assert (little.point, little.alpha > 0) == (1, True)
    assert little.bits > 0.3 * whole.bits
    assert less.point > 1
    assert less.alpha <= 0.8
    assert whole.gvif > little.gvif > less.gvif > 0


def test_the_codec_bank_that_is_shipped_is_shortened_in_a_few_tries():
    codec, image = small_codec(), photo()
    encoder = CriticalEncoder(codec)
    whole = encoder.encode(image, 8, 0.0)
    found = [encoder.encode(image, 8, 0.0, share * whole.bits) for share in (1.0, 0.7, 0.4, 0.2)]
    assert all(sent.fits and sent.tries <= 4 for sent in found)
    assert all(one.gvif >= other.gvif for one, other in pairwise(found))
    for sent in found:
        decoded = codec.decode(sent.data)
        np.testing.assert_array_equal(decoded.keep, sent.keep)
        assert decoded.point == sent.point
    hopeless = encoder.encode(image, 8, 0.0, 8 * HEADER.size)
    assert not hopeless.fits
    assert hopeless.keep.sum() == 1


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("point", "alpha", "message"), [(5, 0.0, "operating point 5"), (1, 1.5, "alpha 1.5"),
                                    (1, math.nan, "alpha nan")]
)  # fmt: skip
def test_a_choice_that_does_not_exist_is_refused(point, alpha, message):
    with pytest.raises(ValueError, match=message):
        CriticalEncoder(BANK, ramp).encode(photo(64, 80), point, alpha)


def test_limits_that_make_no_encoder_are_refused():
    for limits in ({"alpha_max": 1.1}, {"max_tries": 1}):
        with pytest.raises(ValueError, match="alpha_max"):
            CriticalEncoder(BANK, **limits)
