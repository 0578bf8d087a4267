"""What is received, as files: images, captions, and a result line of each image."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from gensc.link.level import Level
from gensc.link.radio import Place
from gensc.receiver.kept import KeptImages
from gensc.receiver.reference import References
from gensc.receiver.spent import codec_or_bank, spent
from gensc.results.result import METRICS, Result, write_line
from gensc.system.errors import UserError
from gensc.system.folders import writable_folder
from gensc.system.weights import Weights
from gensc_phy.atomic import write_bytes
from gensc_phy.waveform.config import WaveformConfig
from gnuradio.gensc.file_names import FileNames

if TYPE_CHECKING:
    from gensc.link.blocks import Seen
    from gensc_models import Codec
    from gensc_models.codecs.bank import HyperpriorCodec
    from gensc_phy.waveform.assemble import SectionSymbols
    from gnuradio.gensc.metadata import Metadata


@dataclass
class ReceiveReport:
    """What came in.

    Attributes:
        images, texts: written to files.
        refined: refined images written beside them.
        edited: images written beside them that an editor has changed.
        incomplete: images of which bursts were lost.
        counters: of receiver, assembler, decoders and the ZeroMQ source.
        missing: fingerprints of weights that are not here, and why each cannot be used.
        level: of the samples; None where ZeroMQ brought them.
        unwritten: files that could not be written.
        write_error: why the last of them could not.
        interrupted: Ctrl-C or SIGTERM ended it.
        radio_gone: the samples of a radio came to an end that nobody asked for.
    """

    images: int = 0
    texts: int = 0
    refined: int = 0
    edited: int = 0
    incomplete: int = 0
    counters: dict[str, int] = field(default_factory=dict)
    level: Level | None = None
    missing: dict[int, str] = field(default_factory=dict)
    unwritten: int = 0
    write_error: str = ""
    interrupted: bool = False
    radio_gone: bool = False


class Writer:
    """Writes each image and text as it arrives; what is written survives whatever comes next.

    A file that cannot be written (full disk) is counted and said, and the next one is tried.

    Args:
        out: folder; made when it is not there.
        place: where the samples come from, for the result lines.
        config: waveform, for the overhead.
        on_image: told a line about each file.
        refiner: weights of the refined images.
        codec_of: the codec of a fingerprint in a burst header; raises ValueError where there is
            none.
        reference: originals; see `gensc.receiver.reference`.
    """

    def __init__(
        self,
        out: Path,
        place: Place,
        config: WaveformConfig,
        on_image: Callable[[str], None],
        refiner: Weights | None = None,
        codec_of: Callable[[int], Codec | HyperpriorCodec] = codec_or_bank,
        reference: Sequence[str] = (),
    ) -> None:
        self.config = config
        self.out = writable_folder(out)
        self.place = place
        self.report = ReceiveReport()
        self._say = on_image
        try:
            self._lines = (out / "results.jsonl").open("a", encoding="utf-8")
        except OSError as error:
            raise UserError(f"{out / 'results.jsonl'}: {error.strerror}") from error
        self._names = FileNames(out)
        self._kept = KeptImages(self._names)
        self._codec_of = codec_of
        self._weights = lru_cache(maxsize=64)(self._weights_of)
        self._refiner = refiner
        self._references = References(reference, on_image) if reference else None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the result file."""
        self._lines.close()

    @contextmanager
    def _writing(self, metadata: Metadata) -> Iterator[None]:
        """What cannot be written is counted and said."""
        try:
            yield
        except OSError as error:
            with self._lock:
                self.report.unwritten += 1
                self.report.write_error = f"{self.out}: {error.strerror or error}"
            self._say(f"{metadata.key} is not written: {error.strerror or error}")

    def image(self, seen: Seen) -> None:
        """Write an image as PNG and its result line."""
        with self._writing(seen.metadata):
            self._image(seen)

    def refined(self, seen: Seen) -> None:
        """Write a refined image and its result line; one that was not refined is there already."""
        if self._refiner is not None and seen.metadata.refiner is not None:
            with self._writing(seen.metadata):
                self._refined(seen, self._refiner)

    def edited(self, seen: Seen) -> None:
        """Write what an editor made of an image, and a result line that says what became of it."""
        with self._writing(seen.metadata):
            self._edited(seen)

    def text(self, seen: Seen) -> None:
        """Write a text file; one that is cut down to what is whole has it in its name."""
        with self._writing(seen.metadata):
            self._text(seen)

    def keep(self, metadata: Metadata, section: SectionSymbols, why: str) -> None:
        """Keep a section that cannot be decoded."""
        with self._writing(metadata):
            path = self._kept.add(metadata, section)
            self._say(
                f"{path.name}: {why}; {section.symbols.size} symbols kept (with the weights in "
                f"GENSC_WEIGHTS or --model: gensc receive --from {path})"
            )

    def leave(self, metadata: Metadata, section: SectionSymbols, why: str) -> None:
        """Say that a kept section still cannot be decoded; it stays where it is."""
        self._say(f"{metadata.key}: {why}; its {section.symbols.size} symbols stay where they are")

    def _image(self, seen: Seen) -> None:
        meta = seen.metadata
        path = self._save(seen, "")
        result, scored = self._scored(self._result(meta, path), seen)
        with self._lock:
            write_line(self._lines, result)
            self.report.images += 1
            damaged = result.fragments_lost or meta.erased or meta.complete is False
            self.report.incomplete += bool(damaged)
        height, width, _ = result.shape
        self._say(
            f"{path.name}: {width}x{height}, SNR {meta.snr_db:.1f} dB, "
            f"{meta.fragments_received}/{meta.fragments} bursts"
            + (f", {meta.erased} symbols erased" if meta.erased else "")
            + scored
        )

    def _refined(self, seen: Seen, refiner: Weights) -> None:
        path = self._save(seen, "-refined")
        plain = self._result(seen.metadata, path)
        result = replace(plain, scheme=f"{plain.scheme}+{refiner.id}", refiner=refiner)
        result, _ = self._scored(result, seen)
        with self._lock:
            write_line(self._lines, result)
            self.report.refined += 1
        self._say(f"{path.name}: refined by {refiner.id}")

    def _edited(self, seen: Seen) -> None:
        meta = seen.metadata
        path = self._save(seen, "-edited")
        plain = self._result(meta, path)
        told = {"editor": meta.editor, "edit": meta.edit, "edit_reason": meta.edit_reason}
        result = replace(plain, scheme=f"{plain.scheme}+edit", extra=plain.extra | told)
        result, _ = self._scored(result, seen)
        with self._lock:
            write_line(self._lines, result)
            self.report.edited += meta.edit in ("accepted", "blended")
        reason = f" ({meta.edit_reason})" if meta.edit_reason else ""
        self._say(f"{path.name}: edit by {meta.editor} {meta.edit}{reason}")

    def _scored(self, result: Result, seen: Seen) -> tuple[Result, str]:
        """The result with metrics against its original where there is one, and words for it."""
        if self._references is None:
            return result, ""
        match = self._references.match(seen.data.reshape(result.shape))
        if match is None:
            missing = dict.fromkeys(METRICS, "none of the references is this picture")
            return replace(result, reasons=missing), ", no reference"
        extra = result.extra | {"reference": match.name}
        scored = replace(result, metrics=match.metrics, reasons=match.reasons, extra=extra)
        return scored, f", PSNR {match.metrics['psnr']:.2f} dB against {match.name}"

    def _save(self, seen: Seen, mark: str) -> Path:
        """Write the pixels to a file of their own."""
        meta = seen.metadata
        assert meta.shape is not None
        path = self._names.path(meta, ".png", mark)
        png = io.BytesIO()
        Image.fromarray(seen.data.reshape(meta.shape)).save(png, "PNG")
        write_bytes(path, png.getvalue())
        return path

    def _result(self, meta: Metadata, path: Path) -> Result:
        """The result line of an image as the decoder gave it."""
        assert meta.shape is not None
        fragments, received = meta.fragments or 0, meta.fragments_received or 0
        known = self._weights(meta.weights or 0)
        reasons = dict.fromkeys(METRICS, "the receiver has no original to compare with")
        return Result(
            image=path.name,
            image_id=meta.image_id,
            shape=meta.shape,
            scheme=known.id if known else f"weights {meta.weights or 0:04x}",
            weights=known,
            channel="recording" if self.place.kind == "file" else "air",
            via="air",
            snr_measured_db=meta.snr_db,
            symbols=spent(meta, self.config),
            reasons=reasons,
            fragments=fragments,
            fragments_lost=fragments - received,
            extra={
                "session": None if meta.session is None else f"{meta.session:04x}",
                "rate": meta.rate,
                "cfo_hz": meta.cfo_hz,
                "symbols_erased": meta.erased,
            },
        )

    def _weights_of(self, fingerprint: int) -> Weights | None:
        """What the results call the codec of a burst header."""
        try:
            codec = self._codec_of(fingerprint)
        except ValueError:
            return None
        return Weights(codec.name, codec.sha256)

    def _text(self, seen: Seen) -> None:
        meta = seen.metadata
        if meta.text_state == "dropped":
            self._say(f"{meta.key}: the caption is too damaged and dropped")
            return
        path = self._names.path(meta, ".txt", "" if meta.crc_ok else "-damaged")
        write_bytes(path, seen.data.tobytes() + b"\n")
        with self._lock:
            self.report.texts += 1
        self._say(f"{path.name}: {seen.data.tobytes().decode('utf-8', 'replace')}")
