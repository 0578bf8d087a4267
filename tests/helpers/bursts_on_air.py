"""Bursts of several transmitters, as `gensc send` makes them, put on one channel in any order."""

import json
from itertools import zip_longest

import numpy as np

from gensc.link.radio import Place, RadioSettings
from gensc.transmitter.run import SendSettings, send_images

GAP = 80
RATE = 128


def bursts_of(paths, session, out, caption="file"):
    """The bursts of some pictures, with captions of the files beside them."""
    settings = SendSettings(
        [str(path) for path in paths], model="softcast", rate=RATE, caption=caption,
        session=session,
    )  # fmt: skip
    path = out / f"{session}-{len(list(out.iterdir()))}"
    report = send_images(settings, Place("file", str(path)), RadioSettings())
    return cut(np.fromfile(path.with_suffix(".sigmf-data"), np.complex64), report.bursts)


def cut(samples, count):
    """The samples of each burst."""
    silent = np.abs(samples) == 0
    edges = np.flatnonzero(np.diff(np.concatenate([[True], silent, [True]]).astype(int)))
    runs = edges.reshape(-1, 2)
    # A burst ends where the silence is as long as the gap.
    starts = [0, *(i for i in range(1, len(runs)) if runs[i, 0] - runs[i - 1, 1] >= GAP)]
    ends = [i - 1 for i in starts[1:]] + [len(runs) - 1]
    bursts = [samples[runs[a, 0] : runs[b, 1]] for a, b in zip(starts, ends, strict=True)]
    assert len(bursts) == count
    return bursts


def taking_turns(*lanes):
    """One burst of each, again and again."""
    return [burst for turn in zip_longest(*lanes) for burst in turn if burst is not None]


def recorded(bursts, path):
    """A recording of bursts that follow each other, in a little noise; returns its place."""
    gap = np.zeros(300, np.complex64)
    stream = np.concatenate([gap, *(piece for burst in bursts for piece in (burst, gap))])
    noise = np.random.default_rng(1).standard_normal((stream.size, 2)) @ [1, 1j]
    (stream + 0.05 * noise).astype("<c8").tofile(path.with_suffix(".sigmf-data"))
    path.with_suffix(".sigmf-meta").write_text(
        json.dumps(
            {
                "global": {"core:datatype": "cf32_le", "core:version": "1.2.0"},
                "captures": [],
                "annotations": [],
            }
        )
    )
    return Place("file", str(path))
