"""What drivers print while a radio runs: counted, and kept out of standard output."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Printed:
    """Letters that drivers print at once, without a line.

    Attributes:
        overflows: O: samples were lost between radio and computer.
        underflows: U: the computer was late with samples.
    """

    overflows: int = 0
    underflows: int = 0


@contextmanager
def caught() -> Iterator[Printed]:
    """Everything that this process, drivers included, writes to standard output goes to standard
    error; O and U that stand alone are counted instead. Only what comes after it is standard
    output again.
    """
    printed = Printed()
    sys.stdout.flush()
    kept, (read, write) = os.dup(1), os.pipe()
    os.dup2(write, 1)
    os.close(write)

    def pass_on() -> None:
        while data := os.read(read, 1 << 16):
            # gr-iio prints a letter at a time; words are passed on.
            if data.strip(b"OU\n"):
                os.write(2, data)
            else:
                printed.overflows += data.count(b"O")
                printed.underflows += data.count(b"U")

    thread = threading.Thread(target=pass_on, daemon=True)
    thread.start()
    try:
        yield printed
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        thread.join()
        os.close(read)
