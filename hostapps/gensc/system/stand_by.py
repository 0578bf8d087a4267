"""A process that stands by: all is loaded in it, and whoever does the work in its place is replaced
at once when something kills it.

Loading Python, torch and GNU Radio takes seconds; a fork of a process that has them takes none.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from gensc.system.errors import UserError

#: One that was killed sooner than this is started again after a pause, doubled each time up to …
SOON_S, LONGEST_S = 1.0, 30.0
_FIRST_PAUSE_S = 0.1
_PR_SET_PDEATHSIG = 1
_FORWARDED = (signal.SIGINT, signal.SIGTERM)


def stand_by(work: Callable[[], int], say: Callable[[str], None]) -> int:
    """Do the work in a process forked from this one, again and again while something kills it.

    Call it with everything imported that is needed, and before any thread of ours is started.
    Ctrl-C and SIGTERM are passed on; where this process is killed itself, the other one ends as by
    SIGTERM.

    Args:
        work: returns its exit status.
        say: takes a line where the work was killed and begins again.

    Returns:
        The exit status of the work, when it has ended by itself.
    """
    pause = _FIRST_PAUSE_S
    while True:
        began, parent = time.monotonic(), os.getpid()
        # What comes between the fork and the child's own handlers waits.
        signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)
        child = os.fork()
        if not child:
            # Ctrl-C at a terminal would come twice: from there, and passed on.
            os.setpgid(0, 0)
            _end_with(parent)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)
            _work(work)
        status = _wait(child)
        if not os.WIFSIGNALED(status):
            return os.waitstatus_to_exitcode(status)
        if os.WTERMSIG(status) in _FORWARDED:  # told to stop before it could hear
            return 128 + os.WTERMSIG(status)
        pause = _FIRST_PAUSE_S if time.monotonic() - began > SOON_S else min(2 * pause, LONGEST_S)
        say(f"killed by signal {os.WTERMSIG(status)}: started again")
        if pause > _FIRST_PAUSE_S:
            time.sleep(pause)


def _work(work: Callable[[], int]) -> NoReturn:
    """Work, and leave without the exit handlers: those of GNU Radio's ControlPort wait for threads
    that only the other process has."""
    status = 1
    try:
        status = work()
    except UserError as error:
        print(f"gensc: {error}", file=sys.stderr)
        status = 2
    except KeyboardInterrupt:
        status = 128 + signal.SIGINT
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(OSError):  # nobody reads any more
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _wait(child: int) -> int:
    """The wait status of a process that signals are passed on to."""

    def forward(number: int, frame: FrameType | None) -> None:
        with suppress(ProcessLookupError):  # it has just ended
            os.kill(child, number)

    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)
    try:
        return os.waitpid(child, 0)[1]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_with(parent: int) -> None:
    """Have the kernel end this process where the one that stands by dies."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # it has died meanwhile
        os.kill(os.getpid(), signal.SIGTERM)
