"""Received sections in a file: what a receiver could not decode yet, for one that can.

A `.npz` of plain arrays, without pickles: of section i `header_i` (the bytes of its burst header,
whose first says the version), `symbols_i` [N] complex64, `noise_var_i` [N] float32 (inf where
lost) and `measured_i` (bursts received, Es/N0 in dB, carrier offset in Hz, sample).
"""

from __future__ import annotations

import io
import zipfile
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gensc.system.errors import UserError
from gensc_phy.atomic import write_bytes
from gensc_phy.waveform.assemble import SectionSymbols
from gensc_phy.waveform.header import Header, HeaderError
from gnuradio.gensc.file_names import FileNames

if TYPE_CHECKING:
    from gnuradio.gensc.metadata import Metadata

SUFFIX = ".npz"
#: Sections of one image are a handful; a file that names more is none of ours.
_MOST = 64
#: Images whose sections are remembered, so that all sections of one go into one file.
_IMAGES = 64


def write_sections(path: Path, sections: Sequence[SectionSymbols]) -> None:
    """Write a file as a whole.

    Raises:
        OSError: it cannot be written.
    """
    arrays: dict[str, np.ndarray] = {}
    for i, section in enumerate(sections):
        arrays[f"header_{i}"] = np.frombuffer(section.header.pack(), np.uint8)
        arrays[f"symbols_{i}"] = np.asarray(section.symbols, np.complex64)
        arrays[f"noise_var_{i}"] = np.asarray(section.noise_var, np.float32)
        arrays[f"measured_{i}"] = np.array(
            [section.received, section.snr_db, section.cfo_hz, section.last_sample], np.float64
        )
    data = io.BytesIO()
    np.savez(data, **arrays)
    write_bytes(path, data.getvalue())


class KeptImages:
    """The sections that wait for their weights, one file for each image."""

    def __init__(self, names: FileNames) -> None:
        self._names = names
        self._files: OrderedDict[Any, tuple[Path, list[SectionSymbols]]] = OrderedDict()

    def add(self, metadata: Metadata, section: SectionSymbols) -> Path:
        """Write a section, with all that is there of its image; returns the file.

        Raises:
            OSError: it cannot be written.
        """
        key = metadata.key, metadata.weights
        if key not in self._files:
            self._files[key] = self._names.path(metadata, SUFFIX), []
            while len(self._files) > _IMAGES:
                self._files.popitem(last=False)
        path, sections = self._files[key]
        sections.append(section)
        write_sections(path, sections)
        return path


def read_sections(path: Path) -> list[SectionSymbols]:
    """What `write_sections` wrote.

    Raises:
        UserError: no such file, none of this kind, damaged, or of another version.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            count = sum(name.startswith("header_") for name in arrays.files)
            if not 0 < count <= _MOST:
                raise UserError(f"{path}: no received sections in it")
            return [_section(arrays, i) for i in range(count)]
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error
    except HeaderError as error:
        raise UserError(f"{path}: {error}") from error
    except (KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path}: no file of received sections, or damaged ({error})") from error


def _section(arrays: np.lib.npyio.NpzFile, i: int) -> SectionSymbols:
    header = Header.unpack(arrays[f"header_{i}"].astype(np.uint8).tobytes())
    symbols = arrays[f"symbols_{i}"].astype(np.complex64)
    noise_var = arrays[f"noise_var_{i}"].astype(np.float32)
    received, snr_db, cfo_hz, sample = arrays[f"measured_{i}"].astype(np.float64).tolist()
    if symbols.shape != (header.section_symbols,) or noise_var.shape != symbols.shape:
        raise ValueError(f"{symbols.shape} symbols, the header says {header.section_symbols}")
    return SectionSymbols(
        header=header,
        symbols=symbols,
        noise_var=noise_var,
        received=int(received),
        snr_db=snr_db,
        cfo_hz=cfo_hz,
        last_sample=int(sample),
    )
