"""Raw recordings, as GNU Radio's File Sink writes them and its File Source reads them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gensc.system.errors import UserError

Format = Literal["sigmf", "cf32", "ci16"]
FORMATS: tuple[Format, ...] = ("sigmf", "cf32", "ci16")
#: What the ending of a name says of its samples.
ENDINGS: dict[str, Format] = {
    **dict.fromkeys((".cfile", ".cf32", ".fc32", ".c64", ".raw", ".iq", ".bin", ".dat"), "cf32"),
    **dict.fromkeys((".ci16", ".cs16", ".sc16", ".ishort"), "ci16"),
    **dict.fromkeys((".sigmf-data", ".sigmf-meta", ".sigmf"), "sigmf"),
}
_ITEM_BYTES = {"cf32": 8, "ci16": 4}


@dataclass(frozen=True)
class Recording:
    """A file of samples.

    Attributes:
        path: as it was named.
        format: SigMF; "cf32", pairs of floats; "ci16", pairs of 16-bit integers.
    """

    path: str
    format: Format


def recording(path: str, *, reading: bool, told: str = "") -> Recording:
    """The recording of a name: as `told`, or what lies beside it, or its ending.

    Raises:
        UserError: nothing says what its samples are.
    """
    if told:
        if told not in FORMATS:
            raise UserError(f"--format {told!r}: there are {', '.join(FORMATS)}")
        return Recording(path, told)
    ending = Path(path).suffix.lower()
    if reading and Path(f"{path.removesuffix('.sigmf-data')}.sigmf-meta").is_file():
        return Recording(path, "sigmf")
    if ending in ENDINGS:
        return Recording(path, ENDINGS[ending])
    if not ending or not reading or not Path(path).is_file():
        return Recording(path, "sigmf")
    raise UserError(
        f"{path}: no SigMF ({Path(path).name}.sigmf-meta is not there), and {ending} says nothing "
        "of its samples: tell --format cf32 or ci16"
    )


def raw_source(file: Recording) -> Any:
    """A block that gives the samples of a raw recording once.

    Raises:
        UserError: no such file, or one with no whole sample.
    """
    from gensc.link.raw_sink import SCALE
    from gnuradio import blocks, gr

    path = Path(file.path)
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    if path.stat().st_size < _ITEM_BYTES[file.format]:
        raise UserError(f"{path}: no sample in it")
    try:
        if file.format == "cf32":
            return blocks.file_source(gr.sizeof_gr_complex, str(path), False)
        block = _Chain("ci16_source", inputs=0, outputs=1)
        # Pairs, so that a file that was cut in the middle of one ends before it.
        reader = blocks.file_source(2 * gr.sizeof_short, str(path), False)
        pairs = blocks.vector_to_stream(gr.sizeof_short, 2)
        block.connect(
            reader, pairs, blocks.interleaved_short_to_complex(False, False, SCALE), block
        )
        return block
    except RuntimeError as error:
        raise UserError(f"{path}: {error}") from error


def raw_sink(file: Recording) -> Any:
    """A block that writes its samples as a raw recording.

    Raises:
        UserError: the file cannot be written.
    """
    from gensc.link.raw_sink import RawSink

    return RawSink(Path(file.path), "cf32" if file.format == "cf32" else "ci16")


def _Chain(name: str, *, inputs: int, outputs: int) -> Any:
    """An empty hierarchical block of complex streams."""
    from gnuradio import gr

    kinds = [gr.io_signature(n, n, gr.sizeof_gr_complex) for n in (inputs, outputs)]
    return gr.hier_block2(name, *kinds)
