"""Whether windows can be shown: said in one line before a toolkit falls over."""

from __future__ import annotations

import os
import subprocess
import sys

from gensc.system.errors import UserError

#: Toolkits end a process whose display does not answer, so another one asks.
_PROBE = """
import sys, gi
gi.require_version("Gdk", "3.0")
from gi.repository import Gdk
sys.exit(Gdk.Display.get_default() is None)
"""


def check_display(what: str, instead: str) -> None:
    """Refuse to start what needs a display where there is none that answers.

    Args:
        what: needs it.
        instead: what to do without one.

    Raises:
        UserError: no display is named, or the one named does not answer.
    """
    named = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    if not named:
        raise UserError(f"{what} needs a display; {instead}")
    asked = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, check=False)
    # 1 is its answer; anything else (no GTK here) is for the program itself to find out.
    if asked.returncode == 1 and b"ModuleNotFoundError" not in asked.stderr:
        raise UserError(f"{what} needs a display, and {named!r} does not answer; {instead}")
