"""Where weights lie and how they are read: ``<name>/config.json`` + ``<name>/model.safetensors``.

Searched in this order: an explicit path to such a folder; the folders in the environment variable
``GENSC_WEIGHTS`` (separated as in ``PATH``); the package's own ``weights`` folder. Matrices are
stored as float16, vectors as float32 (variances span more decades than float16 has); everything
is float32 in memory. ``config.json`` carries the SHA-256 of the tensors, so damage is noticed
before it becomes a strange picture.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor, nn

from gensc_models.weights.fingerprint import derived, fingerprint
from gensc_phy.atomic import write_bytes, write_text

N = TypeVar("N", bound=nn.Module)

ENVIRONMENT = "GENSC_WEIGHTS"
CONFIG = "config.json"
TENSORS = "model.safetensors"
FORMAT = 1
BANK, ADAPTIVE = "hyperprior", "adaptive"
"""Kind of a codec bank, and the code of analog symbols that its weights serve besides."""
AUTO = "auto"
"""The controller of the bank's family, which has no weights of its own."""
# Kinds of weights that no burst header names and that have no rates.
NOT_CODECS = frozenset({"classifier", "importance", "inpainter", "refiner"})


class WeightsError(ValueError):
    """Weights are missing, damaged or do not fit; the message is one line that names them."""


class NotInstalledError(WeightsError):
    """Weights that a burst header names are not here."""


@dataclass(frozen=True)
class WeightsInfo:
    """One installed set of weights, as ``config.json`` and the file system describe it.

    What is no codec has no ``rates``.
    """

    name: str
    kind: str
    rates: tuple[int, ...]
    sha256: str
    size_bytes: int
    path: Path

    @property
    def fingerprint(self) -> int:
        """What burst headers name these weights by; 0 for what is no codec."""
        return 0 if self.kind in NOT_CODECS else fingerprint(self.sha256)

    @property
    def fingerprints(self) -> frozenset[int]:
        """All such numbers: those of a codec bank serve an adaptive code, too."""
        also = (fingerprint(derived(self.sha256, ADAPTIVE)),) if self.kind == BANK else ()
        return frozenset({self.fingerprint, *also})


def search_folders() -> list[Path]:
    """Folders that may hold named weights, first match wins."""
    listed = [Path(p) for p in os.environ.get(ENVIRONMENT, "").split(os.pathsep) if p]
    return [*listed, Path(__file__).parent]


def locate(name_or_path: str | Path) -> Path:
    """Folder of the named weights.

    Raises
    ------
    WeightsError
        Nothing of that name; the message lists what there is.
    """
    direct = Path(name_or_path)
    if (direct / CONFIG).is_file():
        return direct
    if len(direct.parts) == 1:
        for folder in search_folders():
            if (folder / direct / CONFIG).is_file():
                return folder / direct
    known = ", ".join(info.name for info in available()) or "none"
    raise WeightsError(f"no weights called '{name_or_path}' (installed: {known})")


def is_there(name_or_path: str | Path) -> bool:
    """Whether :func:`locate` finds weights of that name."""
    try:
        locate(name_or_path)
    except WeightsError:
        return False
    return True


def read_config(folder: Path) -> dict[str, Any]:
    """``config.json`` with its common fields checked.

    Raises
    ------
    WeightsError
        Missing or unreadable file, unknown format, or a missing or mistyped field.
    """
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise WeightsError(f"weights '{folder.name}': cannot read {CONFIG}: {error}") from error
    fields: dict[str, type] = {"name": str, "kind": str, "sha256": str}
    if not isinstance(config, dict) or config.get("kind") not in NOT_CODECS:
        fields |= {"rates": list}
    for field, kind in fields.items():
        if not isinstance(config, dict) or not isinstance(config.get(field), kind):
            raise WeightsError(f"weights '{folder.name}': {CONFIG} has no valid '{field}'")
    if config.get("format") != FORMAT:
        raise WeightsError(
            f"weights '{folder.name}': format {config.get('format')!r}, expected {FORMAT}"
        )
    return config


def read_tensors(folder: Path, sha256: str) -> dict[str, Tensor]:
    """All tensors as float32, after checking the file against its SHA-256.

    Raises
    ------
    WeightsError
        Missing, truncated or altered file.
    """
    try:
        data = (folder / TENSORS).read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise WeightsError(f"weights '{folder.name}': cannot read {TENSORS}: {reason}") from error
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise WeightsError(
            f"weights '{folder.name}': {TENSORS} is damaged or of another version "
            f"({len(data)} bytes, SHA-256 {found[:12]}, expected {sha256[:12]})"
        )
    try:
        return {name: tensor.float() for name, tensor in load_safetensors(data).items()}
    except SafetensorError as error:
        raise WeightsError(f"weights '{folder.name}': {TENSORS}: {error}") from error


def load_into(module: nn.Module, tensors: dict[str, Tensor], name: str) -> None:
    """Copies tensors into a module whose names and shapes must match exactly.

    Raises
    ------
    WeightsError
        Names the first tensor that is missing, unexpected, of another shape or not finite.
    """
    expected = module.state_dict()
    for key, tensor in expected.items():
        if key not in tensors:
            raise WeightsError(f"weights '{name}' do not fit their config: no tensor '{key}'")
        if tensors[key].shape != tensor.shape:
            raise WeightsError(
                f"weights '{name}' do not fit their config: '{key}' is "
                f"{tuple(tensors[key].shape)}, expected {tuple(tensor.shape)}"
            )
        if not torch.isfinite(tensors[key]).all():
            raise WeightsError(f"weights '{name}': '{key}' has values that are not finite")
    extra = sorted(tensors.keys() - expected.keys())
    if extra:
        raise WeightsError(f"weights '{name}' do not fit their config: unknown '{extra[0]}'")
    module.load_state_dict(tensors)


@dataclass(frozen=True)
class StoredNetwork(Generic[N]):
    """A network with the weights it was stored with, and what these are called."""

    network: N
    name: str
    sha256: str


def read_network(
    name_or_path: str | Path, kind: str, build: Callable[[dict[str, Any]], N]
) -> StoredNetwork[N]:
    """A network of one kind with its weights, on the CPU.

    Parameters
    ----------
    name_or_path : as :func:`locate` takes it.
    kind : what the weights must be.
    build : makes the untrained network of the field ``network`` in ``config.json``.

    Raises
    ------
    WeightsError
        Missing, damaged, of another kind, or not fitting their own config.
    """
    folder = locate(name_or_path)
    data = read_config(folder)
    if data["kind"] != kind:
        raise WeightsError(
            f"weights '{folder.name}' are of kind '{data['kind']}', expected '{kind}'"
        )
    try:
        network = build(data["network"])
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise WeightsError(f"weights '{folder.name}': unusable network config: {error}") from error
    load_into(network, read_tensors(folder, data["sha256"]), folder.name)
    return StoredNetwork(network, data["name"], data["sha256"])


def write(folder: Path, config: dict[str, Any], module: nn.Module) -> None:
    """Writes ``config.json`` (with format and SHA-256 filled in) and ``model.safetensors``."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        name: tensor.detach().cpu().contiguous().to(torch.float16 if tensor.ndim > 1 else None)
        for name, tensor in module.state_dict().items()
    }
    data = save_safetensors(tensors)
    complete = {"format": FORMAT, **config, "sha256": hashlib.sha256(data).hexdigest()}
    # Tensors first: a config without its tensors would be of no use, and its SHA-256 tells.
    write_bytes(folder / TENSORS, data)
    write_text(folder / CONFIG, json.dumps(complete, indent=2, allow_nan=False) + "\n")


def info(folder: Path) -> WeightsInfo:
    """Description of one weights folder without loading it.

    Raises
    ------
    WeightsError
        ``config.json`` is unusable or ``model.safetensors`` is missing.
    """
    config = read_config(folder)
    tensors = folder / TENSORS
    if not tensors.is_file():
        raise WeightsError(f"weights '{folder.name}': no {TENSORS}")
    return WeightsInfo(
        name=config["name"],
        kind=config["kind"],
        rates=tuple(config.get("rates", ())),
        sha256=config["sha256"],
        size_bytes=tensors.stat().st_size,
        path=folder,
    )


def _installed(places: Sequence[str | Path] = ()) -> Iterator[WeightsInfo]:
    """Every readable set of weights in or below some folders and on the search path."""
    for parent in [*map(Path, places), *search_folders()]:
        alone = [parent / CONFIG] if (parent / CONFIG).is_file() else []
        for config in alone or sorted(parent.glob(f"*/{CONFIG}")):
            try:
                yield info(config.parent)
            except WeightsError:
                continue


def available() -> list[WeightsInfo]:
    """Every readable set of weights on the search path, by name; first found wins.

    Folders whose description is damaged are left out here; loading one of them by name says why.
    """
    found: dict[str, WeightsInfo] = {}
    for entry in _installed():
        found.setdefault(entry.name, entry)
    return [found[name] for name in sorted(found)]


def with_fingerprint(number: int, places: Sequence[str | Path] = ()) -> WeightsInfo:
    """The codec's weights that a burst header names, whatever they are called; 0 names none.

    ``places`` are folders of weights, or folders that hold such, which are looked into as well.

    Raises
    ------
    NotInstalledError
        No weights there have that fingerprint.
    WeightsError
        Several that differ have it.
    """
    there = reversed([*_installed(places)])
    found = {e.sha256: e for e in there if number and number in e.fingerprints}
    if len(found) > 1:
        where = ", ".join(str(entry.path) for entry in found.values())
        raise WeightsError(f"weights {number:04x} are ambiguous: {where}")
    if not found:
        raise NotInstalledError(f"weights {number:04x} are not installed")
    return next(iter(found.values()))
