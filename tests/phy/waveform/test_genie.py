"""genie: the bound that `gensc bench radio` counts losses from."""

from dataclasses import replace

import numpy as np
import pytest

from gensc_phy import BurstModulator, WaveformConfig
from gensc_phy.channel.config import ChannelConfig
from gensc_phy.channel.hostile import HostileChannel
from gensc_phy.channel.impairments import complex_noise
from gensc_phy.waveform.genie import bound, layout
from waveform import header

CFG = WaveformConfig()
PAYLOAD = complex_noise(10 * CFG.n_data + 7, 1.0, np.random.default_rng(3))
BURST = BurstModulator(CFG).modulate(header(len(PAYLOAD)), PAYLOAD)
LEAD = 500


def grid_of(samples, at, start):
    """The payload's resource elements as an ideal demodulator sees them."""
    rows = samples[start + at.window[:, None] + np.arange(CFG.fft_size)]
    return np.fft.fft(rows, axis=1, norm="ortho")[at.ofdm, at.carrier]


def test_the_layout_says_where_every_payload_symbol_is():
    at = layout(BURST, PAYLOAD, CFG)
    np.testing.assert_allclose(grid_of(BURST, at, 0), PAYLOAD, atol=1e-4)
    assert len(at.window) == 11
    assert len(set(zip(at.ofdm, at.carrier, strict=True))) == len(PAYLOAD)


def test_a_symbol_that_was_not_sent_is_missed():
    with pytest.raises(ValueError, match="1 payload symbols"):
        layout(BURST, np.append(PAYLOAD, np.complex64(9)), CFG)


def test_without_fading_the_bound_is_the_noise():
    at = layout(BURST, PAYLOAD, CFG)
    genie = bound(ChannelConfig(snr_db=13.0), 1, LEAD, 4000, at, CFG)
    np.testing.assert_allclose(genie, 10**-1.3)


@pytest.mark.parametrize("doppler_hz", [0.0, 200.0])
def test_on_moving_paths_it_is_the_noise_over_the_power_of_the_carrier_at_that_time(doppler_hz):
    channel = ChannelConfig(profile="tdl-b", delay_spread_s=3e-7, doppler_hz=doppler_hz)
    at = layout(BURST, PAYLOAD, CFG)
    samples = np.concatenate([np.zeros(LEAD), BURST, np.zeros(200)]).astype(np.complex64)
    made = HostileChannel(channel, 4)
    heard = made.process(samples)
    # The windows lie so that the echoes of the symbol before do not reach into them.
    gain = np.abs(grid_of(heard, at, LEAD + made.fading.LATENCY - 4) / PAYLOAD) ** 2
    strong = np.abs(PAYLOAD) > 0.3
    genie = bound(replace(channel, snr_db=0.0), 4, LEAD, len(samples), at, CFG)
    error = 10 * np.log10(gain * genie)[strong]
    assert np.median(np.abs(error)) < 0.15
    assert np.quantile(np.abs(error), 0.9) < 0.6


def test_interference_is_counted_where_and_when_it_is():
    at = layout(BURST, PAYLOAD, CFG)
    tone = ChannelConfig(snr_db=20.0, interferer_db=0.0, interferer_hz=8 * CFG.subcarrier_hz)
    genie = bound(tone, 1, LEAD, 4000, at, CFG)
    assert genie[at.carrier == 8].min() > 30  # all of the tone's power in one of 64 carriers
    assert genie[at.carrier == 16].max() == pytest.approx(0.01, rel=0.05)
    impulses = replace(tone, interferer_db=None, impulse_rate=2e-3)
    genie = bound(impulses, 1, LEAD, 4000, at, CFG)
    by_symbol = np.array([genie[at.ofdm == k] for k in range(10)])
    assert (np.ptp(by_symbol, axis=1) < 1e-6).all()
    assert by_symbol.min() == pytest.approx(0.01)
    assert by_symbol.max() > 0.3
