#!/usr/bin/env python3
"""Makes the pictures of docs/images: flowgraphs, GNU Radio Companion, report, live dashboard.

Needs Xvfb (`xvfb-run`), for the report Chromium, and for the dashboard its driver as well.
Names on the command line make only these.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageChops, ImageGrab

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
WIDTH, HEIGHT = 1720, 1800
SCREEN = f"-screen 0 {WIDTH}x{HEIGHT}x24"
#: The Companion's preferences: the canvas fills the screen.
PREFERENCES = f"""[main]
main_window_width = {WIDTH}
main_window_height = {HEIGHT}
console_window_visible = False
blocks_window_visible = False
variable_editor_visable = False
"""
#: Seconds until the Companion has read its blocks and drawn a flowgraph.
COMPANION_S = 40
#: Seconds of the live demo before its picture is taken.
LIVE_S = 60


def window(name: str, target: Path) -> None:
    """The window of a flowgraph that has received an image."""
    with tempfile.TemporaryDirectory() as folder:
        flowgraph = ROOT / "flowgraphs" / f"{name}.grc"
        _run("-m", "gensc.cli.main", "grcc", str(flowgraph), "-o", folder)
        driver = ROOT / "tests" / "helpers" / "gui_driver.py"
        # Without the sizes that windows were left with.
        os.environ["XDG_CONFIG_HOME"] = folder
        _run(str(driver), folder, name, screen=True)
        _keep(Image.open(Path(folder) / f"{name}.png"), target)


def companion(name: str, target: Path) -> None:
    """A flowgraph in GNU Radio Companion; runs on the display that this process has."""
    flowgraph = ROOT / "flowgraphs" / f"{name}.grc"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "grc.conf").write_text(PREFERENCES, encoding="utf-8")
        opened = subprocess.Popen(
            [sys.executable, "-m", "gensc.cli.main", "grc", str(flowgraph)],
            env=os.environ | {"GRC_PREFS_PATH": f"{folder}/grc.conf"},
        )
        try:
            time.sleep(COMPANION_S)
            drawn = _cropped(ImageGrab.grab(xdisplay=os.environ["DISPLAY"]))
            _keep(drawn.quantize(48, dither=Image.Dither.NONE), target)
        finally:
            opened.terminate()
            opened.wait()


def _cropped(picture: Image.Image, margin: int = 8) -> Image.Image:
    """Without the empty canvas below and beside what is drawn."""
    canvas = picture.getpixel((WIDTH // 2, HEIGHT - 60))
    drawn = ImageChops.difference(picture, Image.new(picture.mode, picture.size, canvas))
    # The last lines are the window's frame.
    _, _, right, bottom = drawn.crop((0, 0, WIDTH - 30, HEIGHT - 30)).getbbox() or (
        0,
        0,
        WIDTH,
        HEIGHT,
    )
    return picture.crop((0, 0, max(right + margin, 1000), bottom + margin))


def report(target: Path) -> None:
    """The first screen of the demo's report."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        sys.exit("screenshots: the report needs chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        _run("-m", "gensc.cli.main", "demo", "--out", folder)
        shot = Path(folder) / "shot.png"
        subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--window-size=1440,1660", f"--screenshot={shot}", f"file://{folder}/report.html"],
            check=True, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        _keep(Image.open(shot), target)


def dashboard(target: Path, width: int, dark: bool) -> None:
    """The dashboard of the live demo after a walk of its channel; its first screens."""
    sys.path.insert(0, str(ROOT / "tests" / "helpers"))
    from browser import browser, look

    with tempfile.TemporaryDirectory() as folder:
        line = [sys.executable, "-m", "gensc.cli.main", "demo", "--live", "--no-browser",
                "--address", "127.0.0.1:0", "--walk", "40", "--out", folder]  # fmt: skip
        demo = subprocess.Popen(line, stderr=subprocess.PIPE, text=True)
        assert demo.stderr is not None
        try:
            link = next(said.split()[-1] for said in demo.stderr if said.startswith("dashboard:"))
            with browser(Path(folder) / "profile") as driver:
                driver.get(link)
                time.sleep(LIVE_S)
                look(driver, width, 1122 if width > 1000 else 1135, dark=dark)
                time.sleep(3)
                shot = Path(folder) / "shot.png"
                driver.save_screenshot(str(shot))
            _keep(Image.open(shot), target)
        finally:
            demo.send_signal(signal.SIGINT)
            demo.communicate()


PICTURES: dict[str, Callable[[Path], None]] = {
    "demo.webp": report,
    "dashboard.webp": lambda target: dashboard(target, 1400, dark=False),
    "dashboard-narrow.webp": lambda target: dashboard(target, 400, dark=True),
    "loopback_fading.webp": lambda target: window("loopback_fading", target),
    "adaptive_loop.webp": lambda target: window("adaptive_loop", target),
    "gened_ofdm_fading.webp": lambda target: window("gened_ofdm_fading", target),
    "gened_ofdm_fading_grc.png": lambda target: companion("gened_ofdm_fading", target),
}


def _run(*arguments: str, screen: bool = False) -> None:
    within = ["xvfb-run", "-a", "-s", SCREEN] if screen else []
    subprocess.run([*within, sys.executable, *arguments], check=True)


def _keep(picture: Image.Image, target: Path) -> None:
    if target.suffix == ".png":
        picture.save(target, optimize=True)
    else:
        picture.convert("RGB").save(target, quality=82, method=6)
    print(f"{target.relative_to(ROOT)}: {picture.width}x{picture.height}, "
          f"{target.stat().st_size // 1024} KiB")  # fmt: skip


if __name__ == "__main__":
    # The Companion is photographed on a display of its own.
    if "--on-display" not in sys.argv:
        os.execvp("xvfb-run", ["xvfb-run", "-a", "-s", SCREEN, sys.executable, __file__,
                               "--on-display", *sys.argv[1:]])  # fmt: skip
    asked = [name for name in sys.argv[1:] if name != "--on-display"] or list(PICTURES)
    for unknown in set(asked) - set(PICTURES):
        sys.exit(f"screenshots: {unknown}: there are {', '.join(PICTURES)}")
    for one in asked:
        PICTURES[one](IMAGES / one)
