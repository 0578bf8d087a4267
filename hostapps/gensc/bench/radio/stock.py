"""GNU Radio's own OFDM receiver through the same cases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gensc.experiment.baselines import stock_ofdm
from gensc.experiment.waveform.hostile import Case
from gensc_phy.channel.hostile import HostileChannel

#: Of Schmidl & Cox; its default of 0.9 finds next to nothing.
THRESHOLD = 0.4
_FRAME_BYTES = 96
_PAD = 400


def success_percent(case: Case, count: int, seed: int = 1) -> float:
    """Share of short frames whose header the stock receiver decodes, each through its own channel.

    Lost samples are not lost here: they would fall into the payload, which is not looked at.
    """
    pad = np.zeros(_PAD, np.complex64)
    frame = np.concatenate([pad, stock_ofdm.frame(_FRAME_BYTES), pad])
    rng = np.random.default_rng((seed, 0xBE7C))
    heard = []
    for number in range(count):
        channel = replace(case.channel, cfo_hz=float(rng.uniform(*case.cfo_hz)))
        samples = HostileChannel(channel, seed + number).process(frame) * np.float32(case.scale)
        if case.spike:
            samples[int(rng.integers(_PAD, _PAD + 160))] += case.spike * case.scale
        heard.append(samples)
    return 100 * stock_ofdm.count_headers(np.concatenate(heard), THRESHOLD) / count
