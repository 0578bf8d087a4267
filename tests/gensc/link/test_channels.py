"""Named channels: unit mean power gain, repeatable, and refused by name when unknown."""

import numpy as np
import pytest

from gensc.link.channels import CHANNELS, draw
from gensc.system.errors import UserError


@pytest.mark.parametrize("name", CHANNELS)
def test_same_seed_gives_the_same_channel(name):
    assert draw(name, 7) == draw(name, 7)


@pytest.mark.parametrize("name", ["rayleigh", "multipath"])
def test_random_channels_differ_by_seed_and_have_unit_mean_gain(name):
    gains = [np.sum(np.abs(draw(name, seed).taps) ** 2) for seed in range(3000)]
    assert np.mean(gains) == pytest.approx(1.0, abs=0.05)
    assert np.std(gains) > 0.5


def test_awgn_has_no_channel_gain():
    assert draw("awgn", 1).taps == (1.0,)


def test_fading_varies_in_time_with_unit_energy():
    channel = draw("fading", 1)
    assert channel.fading_hz > 0
    assert np.sum(np.abs(channel.taps) ** 2) == pytest.approx(1.0)


def test_unknown_channel_is_refused_with_the_known_ones():
    with pytest.raises(UserError, match=r"'rician'.*awgn"):
        draw("rician", 1)
