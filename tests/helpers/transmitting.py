"""A transmitter and what answers it in one flowgraph, over a channel that a test sets."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace

from PIL import Image

from gensc.data.images import fit, load_image
from gensc.link.blocks import FragmentDropper
from gensc.transmitter.config import (
    CodecSettings,
    ReportSettings,
    SourceSettings,
    TransmitterConfig,
)
from gensc.transmitter.service import Transmitter
from gensc.trials.transmitter.answering import Answering
from gnuradio import gensc

WAIT_S = 60.0


def photos(folder, count, side=32):
    """So many different photos in a folder."""
    folder.mkdir(exist_ok=True)
    image = load_image("skimage:coffee")
    for i in range(count):
        part = image[20 * i : 20 * i + 200, 30 * i : 30 * i + 200]
        Image.fromarray(fit(part, side, side)).save(folder / f"photo-{i}.png")
    return folder


def settings(folder, **more):
    """Of a transmitter by the linear code that sends what is in a folder, once."""
    config = TransmitterConfig(
        queue=str(folder / "queue.db"),
        source=SourceSettings(images=(str(folder),)),
        codec=CodecSettings(scheme="analog", analog="softcast"),
        reports=ReportSettings(answer_s=WAIT_S),
    )
    return replace(config, **more)


def until(condition, timeout_s=WAIT_S):
    """Wait for it."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "nothing in time"
        time.sleep(0.01)


@contextmanager
def answered(config, snr_db=40.0, lost=frozenset(), section="analog", answering=None, **more):
    """The transmitter, not started, and its receiver; fragments of these numbers get lost."""
    ends = answering or Answering()
    try:
        told = replace(config.reports, address=ends.server.address)
        channel = gensc.channel(snr_db=snr_db, seed=1)
        made = Transmitter(replace(config, reports=told), air=channel, **more)
        waveform = made.chain.tx.config
        receiver, assembler = gensc.burst_rx(waveform), gensc.assembler(waveform)
        dropper = FragmentDropper(lost, section)
        top = made.chain.top
        top.connect(channel, receiver)
        for source, out, sink, port in (
            (receiver, "fragment", dropper, "in"),
            (dropper, "out", ends, "fragment"),
            (ends, "fragment", assembler, "fragment"),
            (assembler, "section", ends, "section"),
        ):
            top.msg_connect((source, out), (sink, port))
        made.kept = (receiver, assembler, dropper, channel)  # GNU Radio does not keep them alive
        made.dropper = dropper
        yield made, ends
    finally:
        if answering is None:
            ends.close()
