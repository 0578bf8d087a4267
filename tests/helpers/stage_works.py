"""Work for stages that behaves well, and as badly as it can."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np


def brighten(by: int = 1):
    """Adds to every pixel."""
    return lambda jobs: [(job.image + np.uint8(by)) for job in jobs]


def slow(seconds: float):
    """Takes so long for a batch."""

    def work(jobs):
        time.sleep(seconds)
        return [job.image + np.uint8(1) for job in jobs]

    return work


def bad_once(mark: str, how: str):
    """Goes wrong the first time, as `mark` remembers over processes; then it brightens."""

    def work(jobs):
        if not Path(mark).exists():
            Path(mark).touch()
            if how == "hang":
                time.sleep(3600)
            if how == "crash":
                os.abort()
            if how == "exit":
                os._exit(3)
            if how == "nothing":
                return []
        return [job.image + np.uint8(1) for job in jobs]

    return work


def junk(kind: str):
    """Answers what is no image."""

    def one(job):
        if kind == "nan":
            return np.full(job.image.shape, np.nan)
        if kind == "shape":
            return job.image[:-1]
        if kind == "text":
            return {"an": "image"}
        raise RuntimeError("out of order\nbadly")

    return lambda jobs: [one(job) for job in jobs]


def none():
    """Cannot be made."""
    raise ValueError("no such weights")
