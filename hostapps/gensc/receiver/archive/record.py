"""What the archive knows of one image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gensc.results.result import Symbols

#: Stage of the image as the decoder gave it.
COARSE = "coarse"
#: What may become of an image.
Fate = Literal["stored", "damaged", "lost"]
FATES: tuple[Fate, ...] = ("stored", "damaged", "lost")


@dataclass(frozen=True)
class Fates:
    """What became of the complex channel symbols of one image.

    Attributes:
        sent: as the headers of its bursts say, or its sender.
        received: in bursts that came in time.
        erased: the others: ``sent == received + erased``.
        late: in bursts that came after the image had been given out; among the erased.
        foreign: under this image's numbers, but with other content; in none of the others.
    """

    sent: int = 0
    received: int = 0
    erased: int = 0
    late: int = 0
    foreign: int = 0

    def mistake(self) -> str:
        """What does not add up; "" where all does."""
        if min(vars(self).values()) < 0:
            return f"a count below zero: {vars(self)}"
        if self.sent != self.received + self.erased:
            return f"{self.sent} symbols sent, {self.received} received + {self.erased} erased"
        return "" if self.late <= self.erased else f"{self.late} late of {self.erased} erased"


@dataclass(frozen=True)
class File:
    """A picture of an image.

    Attributes:
        stage: `COARSE`, or who made it of that: "refined", "inpainted", "edited".
        path: below the archive's folder, with "/".
        size: bytes.
        sha256: of these.
        written_at: Unix time, s.
        facts: what the stage says: "metrics" (name → number), "ms", "weights", "sha256" …
    """

    stage: str
    path: str
    size: int
    sha256: str
    written_at: float
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """One image of one session, whatever became of it.

    Numbers that are not finite are kept as "not known"; strings are kept as they came and escaped
    where they are shown.

    Attributes:
        session, image_id: as the burst headers say; None where they do not.
        received_at: Unix time in s of its last burst, or of when it was given up.
        key: name in the archive; "" lets the archive give one, `str(ImageKey)`.
        source: the receiver's source it came by.
        peer: who sent it, where that is known.
        name: what its sender calls it.
        original_sha256: of the original's bytes, as its sender says.
        shape: (height, width, 3).
        scheme: codec or bank, as in the results contract.
        weights, weights_sha256: which of it.
        rate: symbols per block of 16×16 pixels, or the modulation and coding scheme.
        channel, via: as in the results contract.
        snr_db, spread_db: Es/N0 over the bursts, mean and standard deviation.
        snr_bursts: of each burst.
        fragments, fragments_received: bursts.
        symbols: by fate.
        spent: by kind, overhead beside them.
        metrics, reasons: of the coarse image, as in the results contract.
        caption, caption_state: the text that came with it; "exact", "repaired" or "dropped".
        latency_ms: by stage.
        choice: the row that the sender chose: scheme, point, alpha, cbr, mcs, gvif.
        reason: why it chose that.
        fate: "stored", "damaged" (a picture of which a part is missing) or "lost" (no picture).
        cause: why it is damaged or lost.
        extra: whatever else; goes into `extra` of the result line.
        files: filled in by the archive.
    """

    session: int | None
    image_id: int | None
    received_at: float
    key: str = ""
    source: str = ""
    peer: str = ""
    name: str = ""
    original_sha256: str | None = None
    shape: tuple[int, int, int] | None = None
    scheme: str = ""
    weights: str | None = None
    weights_sha256: str | None = None
    rate: int | None = None
    channel: str = "air"
    via: str = "air"
    snr_db: float | None = None
    spread_db: float | None = None
    snr_bursts: tuple[float, ...] = ()
    fragments: int | None = None
    fragments_received: int | None = None
    symbols: Fates = field(default_factory=Fates)
    spent: Symbols = field(default_factory=Symbols)
    metrics: Mapping[str, float] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    caption: str | None = None
    caption_state: str | None = None
    latency_ms: Mapping[str, float] = field(default_factory=dict)
    choice: Mapping[str, Any] | None = None
    reason: str = ""
    fate: Fate = "stored"
    cause: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[File, ...] = ()

    @property
    def stem(self) -> str:
        """What the image is called where nobody else is called so: a3f2-00012."""
        session = "" if self.session is None else f"{self.session:04x}-"
        return self.key or f"{session}{self.image_id or 0:05d}"

    def file(self, stage: str = COARSE) -> File | None:
        """The picture of a stage."""
        return next((file for file in self.files if file.stage == stage), None)

    def newest(self) -> File | None:
        """The picture that was written last."""
        return max(self.files, key=lambda file: file.written_at, default=None)
