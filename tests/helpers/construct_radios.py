"""Constructs compiled flowgraphs behind fake drivers, and prints what these were told, as JSON.

Arguments: Python files that grcc has made. A program of its own: windows need a Qt application,
which a test's process must not have.
"""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from fake_radios import fake_air


def construct(path: Path, patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the devices of a flowgraph were told."""
    air = fake_air(patch)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    top = getattr(module, path.stem)()
    for name, value in (("set_tx_gain", -7.0), ("set_rx_gain", 21.0)):
        # Sliders: of windows alone.
        if hasattr(top, name) and not path.stem.endswith("headless"):
            getattr(top, name)(value if "pluto" in path.stem else abs(value))
    return {
        "devices": [
            {"kind": type(d).__name__, "arguments": str(d.arguments),
             "told": {k: [str(v) for v in values] for k, values in d.told.items()}}
            for d in air.devices
        ]
    }  # fmt: skip


def main() -> None:
    """Construct them all."""
    from PyQt5 import Qt

    application = Qt.QApplication(sys.argv[:1])
    told = {}
    for path in map(Path, sys.argv[1:]):
        with pytest.MonkeyPatch.context() as patch:
            told[path.stem] = construct(path, patch)
    print(json.dumps(told))
    sys.stdout.flush()
    del application


if __name__ == "__main__":
    main()
