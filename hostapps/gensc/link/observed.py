"""What was seen of one transmission, and what a `Reception` says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gensc.link.reception import Reception

if TYPE_CHECKING:
    from gensc.link.blocks import Seen
    from gnuradio.gensc.metadata import Metadata

#: Symbols kept for a constellation.
CONSTELLATION = 4000


@dataclass(frozen=True)
class Stages:
    """What was seen at each stage, in order of time; `started` is when the run began."""

    started: float
    sent: list[Seen]
    sections: list[Seen]
    pictures: list[Seen]
    refined: list[Seen]
    edited: list[Seen]

    @property
    def analog(self) -> list[Seen]:
        """Received sections of the image itself."""
        return [s for s in self.sections if s.metadata.section == "analog"]

    def latency_ms(self) -> dict[str, float]:
        """Milliseconds from start to the last section sent, to the last assembled, and on."""
        sent, assembled = self.sent[-1].time, self.analog[-1].time
        stages = {"encode": sent - self.started, "air": assembled - sent}
        if self.pictures:
            shown = self.pictures[0].time
            stages["decode"] = shown - assembled
            if self.refined and self.refined[0].metadata.refiner:
                stages["refine"] = self.refined[0].time - shown
            if self.edited:
                stages["edit"] = self.edited[0].time - shown
        return {stage: 1e3 * seconds for stage, seconds in stages.items()}


def note_picture(out: Reception, stages: Stages) -> None:
    """What became of the image: how it was received, decoded, refined and edited."""
    from gnuradio.gensc.metadata import kept_blocks

    analog, shape = stages.analog, out.original.shape
    received = [s.metadata.fragments_received or 0 for s in analog]
    out.fragments_lost = out.fragments - sum(received)
    if analog:
        out.snr_measured_db, out.cfo_hz = _measured(analog, received)
        out.constellation = np.concatenate([_some(s, len(analog)) for s in analog])
        out.latency_ms = stages.latency_ms()
    if stages.pictures:
        shown = stages.pictures[0]
        out.image = shown.data.reshape(shape)
        if shown.metadata.keep is not None:
            out.foreground = kept_blocks(shown.metadata)
    if stages.refined and stages.refined[0].metadata.refiner:
        out.refined = stages.refined[0].data.reshape(shape)
    if stages.edited:
        told = stages.edited[0].metadata
        out.edited = stages.edited[0].data.reshape(shape)
        out.edit, out.edit_reason = told.edit, told.edit_reason


def note_text(out: Reception, sections: list[Seen], texts: list[Seen]) -> None:
    """What became of the caption."""
    words = next((s for s in sections if s.metadata.section == "text"), None)
    if words is not None:
        out.text_constellation = _some(words)
    if texts:
        out.text = texts[0].data.tobytes().decode("utf-8")
    out.text_ok = bool(texts and texts[0].metadata.crc_ok)
    out.text_state = texts[0].metadata.text_state if texts else "dropped"


def _some(section: Seen, sections: int = 1) -> NDArray[np.complex64]:
    """Received symbols of a section for a constellation, evenly spaced, lost ones left out.

    Of one of so many `sections` it is as much less.
    """
    assert section.metadata.noise_var is not None
    heard = section.data[np.isfinite(section.metadata.noise_var)]
    return np.array(heard[:: -(-heard.size * sections // CONSTELLATION) or 1])


def _measured(sections: list[Seen], received: list[int]) -> tuple[float | None, float | None]:
    """SNR and carrier offset, means over the bursts of all sections."""
    about = [s.metadata for s in sections]
    if len(about) == 1:
        return about[0].snr_db, about[0].cfo_hz
    return mean_snr_db(about), float(np.average([m.cfo_hz or 0.0 for m in about], weights=received))


def mean_snr_db(about: Sequence[Metadata]) -> float:
    """Es/N0 of several sections, dB: the mean over their bursts in linear units."""
    powers = [10 ** ((m.snr_db or 0.0) / 10) for m in about]
    weights = [m.fragments_received or 0 for m in about]
    return float(10 * np.log10(np.average(powers, weights=weights)))
