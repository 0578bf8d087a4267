"""Starts compiled QT GUI flowgraphs in one process, as a person would, and saves their pictures.

    gui_driver.py FOLDER NAME[:ARGUMENTS] …

runs FOLDER/NAME.py for every NAME, all at once, until each has shown an image (or a minute has
passed), and saves FOLDER/NAME.png.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from pathlib import Path
from types import ModuleType

from PyQt5 import QtWidgets


def load(path: Path) -> ModuleType:
    """Import a generated flowgraph."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(folder: Path, jobs: list[str]) -> None:
    """Run all jobs and save their pictures."""
    app = QtWidgets.QApplication(sys.argv[:1])
    windows: dict[str, QtWidgets.QWidget] = {}
    for job in jobs:
        name, _, arguments = job.partition(":")
        module = load(folder / f"{name}.py")
        parser = getattr(module, "argument_parser", None)
        options = vars(parser().parse_args(arguments.split())) if parser else {}
        windows[name] = getattr(module, name)(**options)
        windows[name].resize(1000, 850)
        # Those that want another size say so when they are made.
        made = getattr(module, "snippets_main_after_init", None)
        if made is not None:
            made(windows[name])
    for window in windows.values():
        window.start()
        window.show()

    def pending() -> list[str]:
        displays = {n: getattr(w, "display", getattr(w, "sent", None)) for n, w in windows.items()}
        return [n for n, display in displays.items() if display is not None and not display.shown]

    begin = time.monotonic()
    while pending() and time.monotonic() - begin < 60:
        app.processEvents()
        time.sleep(0.01)
    # What came last is drawn on the next turns of Qt's loop.
    settle = time.monotonic() + 1.5
    while time.monotonic() < settle:
        app.processEvents()
        time.sleep(0.01)
    missing = pending()
    for name, window in windows.items():
        window.grab().save(str(folder / f"{name}.png"))
    for window in windows.values():
        window.stop()
    for window in windows.values():
        window.wait()
    if missing:
        sys.exit(f"no image shown by {', '.join(missing)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
