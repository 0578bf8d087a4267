"""A stage's worker process: `python -m gensc.receiver.stage_worker FD MODULE:FUNCTION OPTIONS`.

It is apart from the receiver so that whatever a model does to its process, or however long it
takes, costs no image that is received. It ends when the receiver closes the socket `FD`.

Over the socket go pickled objects, length before each: the worker begins with "" or the reason why
its work cannot be made; then a list of jobs is answered by a list of images, None, or reasons.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

from gensc.receiver.stage_work import Job, Work

#: Receiving comes first.
_NICE = 5


def main(argv: list[str]) -> int:
    """Work until the socket closes; exit status 1 where the work cannot be made."""
    descriptor, target, options = argv
    os.nice(_NICE)
    # Libraries that print must not write into what the receiver says.
    os.dup2(2, 1)
    with Connection(int(descriptor)) as receiver:
        try:
            module, _, name = target.partition(":")
            work: Work = getattr(importlib.import_module(module), name)(**json.loads(options))
        except Exception as error:  # whatever it is, the receiver says it
            receiver.send(_reason(error))
            return 1
        receiver.send("")
        while True:
            try:
                jobs = receiver.recv()
            except EOFError:
                return 0
            receiver.send(_done(work, jobs))


def _done(work: Work, jobs: Sequence[Job]) -> list[Any]:
    """What was made of each; where they fail together, each is tried by itself."""
    try:
        return list(work(jobs))
    except Exception as error:  # a model may raise anything
        if len(jobs) == 1:
            return [_reason(error)]
        return [_done(work, [job])[0] for job in jobs]


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if text and isinstance(error, ValueError) else f"{type(error).__name__}: {text}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
