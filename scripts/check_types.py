"""Runs mypy where NumPy's own types are those that the sources are written against.

NumPy 2 types shapes and `tolist()` otherwise than NumPy 1; what is right by the one is an error by
the other. The sources are checked against NumPy 1, on Debian 12 and in continuous integration.
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np

if __name__ == "__main__":
    if np.__version__.split(".")[0] != "1":
        print(f"types: not checked against NumPy {np.__version__}, whose own types differ")
        sys.exit(0)
    sys.exit(subprocess.call([sys.executable, "-m", "mypy"]))
