"""SigMF recordings: names of their files, writing and reading of the metadata.

SigMF (https://sigmf.org) puts samples into NAME.sigmf-data and a JSON description of them into
NAME.sigmf-meta. The `sigmf` package validates the latter against the standard's schema.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sigmf

from gensc_phy.atomic import write_bytes

from .errors import GenscError

DATA_SUFFIX, META_SUFFIX = ".sigmf-data", ".sigmf-meta"

# datatype -> (NumPy type of I and of Q, offset, scale)
DATATYPES: dict[str, tuple[np.dtype[np.generic], float, float]] = {
    "cf32_le": (np.dtype("<f4"), 0.0, 1.0),
    "cf64_le": (np.dtype("<f8"), 0.0, 1.0),
    "ci16_le": (np.dtype("<i2"), 0.0, 1 / 32768),
    "ci8": (np.dtype("i1"), 0.0, 1 / 128),
    "cu8": (np.dtype("u1"), 127.5, 1 / 127.5),
}


@dataclass(frozen=True)
class Recording:
    """A recording that can be read.

    Attributes:
        data_path: the samples.
        datatype: key of DATATYPES.
        sample_rate: samples per second; None when the metadata does not say.
        samples: whole samples in the file.
        damage: why the data is not what was recorded, in one line; empty when it is.
    """

    data_path: Path
    datatype: str
    sample_rate: float | None
    samples: int
    damage: str


def recording_files(path: str) -> tuple[Path, Path]:
    """(data, meta) paths of a recording named by either of them, or without suffix."""
    stem = path.removesuffix(DATA_SUFFIX).removesuffix(META_SUFFIX)
    if not Path(stem).name:
        raise GenscError(f"{path or '(empty path)'}: not the name of a recording")
    return Path(stem + DATA_SUFFIX), Path(stem + META_SUFFIX)


def write_meta(
    meta_path: Path,
    *,
    sample_rate: float,
    center_frequency: float,
    description: str,
    start_time: str,
    sealed: Path | None,
    annotations: Sequence[tuple[int, int, dict[str, Any]]] = (),
) -> None:
    """Write and validate the metadata of a cf32_le recording.

    Args:
        meta_path: where.
        sample_rate, center_frequency: Hz.
        description: for people.
        start_time: ISO 8601, UTC.
        sealed: finished data file whose checksum is noted; None while it is being written.
        annotations: first sample, samples, and fields of what is in it; those called `gensc:` are
            said to be an extension that readers may do without.
    """
    meta = sigmf.SigMFFile(
        global_info={
            "core:datatype": "cf32_le",
            "core:sample_rate": sample_rate,
            "core:description": description,
            "core:recorder": "gr-gensc",
        }
    )
    capture: dict[str, str | float] = {"core:datetime": start_time}
    if center_frequency:
        capture["core:frequency"] = center_frequency
    meta.add_capture(0, metadata=capture)
    if annotations:
        extension = {"name": "gensc", "version": "1.0.0", "optional": True}
        meta.set_global_field("core:extensions", [extension])
    for start, samples, fields in annotations:
        meta.add_annotation(start, samples, metadata=fields)
    if sealed is not None:
        meta.set_global_field("core:sha512", _sha512(sealed))
    meta.validate()
    write_bytes(meta_path, (meta.dumps(pretty=True) + "\n").encode("utf-8"))


def open_recording(path: str) -> Recording:
    """Read and check the metadata of a recording.

    A data file that is shorter than the metadata says, or otherwise altered, is described by
    `damage`: whatever is whole in it can still be read.

    Raises:
        GenscError: one of the files is missing, the metadata is not valid SigMF, the samples are of
            a type this reader does not know, or lie otherwise in the file than one after the other.
    """
    data_path, meta_path = recording_files(path)
    for file in (meta_path, data_path):
        if not file.is_file():
            raise GenscError(f"{file}: no such file")
    try:
        content = json.loads(meta_path.read_text(encoding="utf-8"))
        meta = sigmf.SigMFFile(metadata=content)
        meta.validate()
        info = meta.get_global_info()
        datatype = info["core:datatype"]
    except Exception as error:  # the schema's errors, JSON's, UTF-8's, and what sigmf lets through
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise GenscError(f"{meta_path}: not valid SigMF metadata ({reason})") from error
    for what in _unreadable(content):
        raise GenscError(f"{meta_path}: {what}, which this reader cannot")
    if datatype not in DATATYPES:
        known = ", ".join(DATATYPES)
        raise GenscError(f"{meta_path}: samples are {datatype}, this reader knows {known}")
    size = data_path.stat().st_size
    width = 2 * DATATYPES[datatype][0].itemsize
    expected = info.get("core:sha512")
    damage = ""
    if size % width:
        damage = f"cut in the middle of a sample, {size // width} whole ones"
    elif expected and _sha512(data_path) != expected:
        damage = f"cut short or altered (checksum differs), {size // width} samples"
    return Recording(
        data_path=data_path,
        datatype=datatype,
        sample_rate=info.get("core:sample_rate"),
        samples=size // width,
        damage=damage,
    )


def _unreadable(content: dict[str, Any]) -> Iterator[str]:
    """What the metadata says of the file that a reader of samples one after the other must heed."""
    info = content["global"]
    if info.get("core:num_channels", 1) != 1:
        yield f"core:num_channels is {info['core:num_channels']}: samples of several channels"
    if info.get("core:metadata_only"):
        yield "core:metadata_only: no samples"
    if "core:dataset" in info:
        yield f"core:dataset: the samples are in {info['core:dataset']!r}"
    if info.get("core:trailing_bytes"):
        yield f"core:trailing_bytes is {info['core:trailing_bytes']}: something after the samples"
    for capture in content["captures"]:
        if capture.get("core:header_bytes"):
            yield f"core:header_bytes is {capture['core:header_bytes']}: something between them"
    for extension in info.get("core:extensions", []):
        if not extension.get("optional", False):
            yield f"core:extensions asks for {extension.get('name')!r}"


def _sha512(path: Path) -> str:
    digest = hashlib.sha512()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
