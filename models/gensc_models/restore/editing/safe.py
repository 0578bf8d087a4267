"""Running an editor so that no received image is lost to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gensc_models.restore.editing.editor import Editor, EditRefusedError, Mask, Photo
from gensc_models.restore.editing.guard import Bounds, Drift, Kind, guard_edit

POLL_S = 0.05
LIMIT_S = 300.0
"""A pipeline of Stable Diffusion's size needs minutes without a GPU."""


@dataclass(frozen=True)
class Edited:
    """What to show of a received image, and what became of its edit.

    Attributes
    ----------
    image
        uint8 ``H x W x 3``; the received image where ``kind`` is failed or rejected.
    kind
        As :class:`~gensc_models.restore.editing.guard.Verdict` has it, or "failed".
    reason
        One line for failed, rejected and blended; "" otherwise.
    attempts
        How often the editor was asked.
    seconds
        What it took.
    drift
        Of the edit; None where there was none.
    """

    image: Photo
    kind: Kind | Literal["failed"]
    reason: str
    attempts: int
    seconds: float
    drift: Drift | None = None

    @property
    def changed(self) -> bool:
        """Whether anything of the edit is in the image."""
        return self.kind in ("accepted", "blended")


class SafeEditor:
    """Asks an editor within a time limit, again where it failed, and guards what it answers.

    Parameters
    ----------
    editor
        Need not keep any time limit itself: one that does not answer is left behind, and not asked
        anything else before it has.
    limit_s
        Seconds for an image, all attempts together.
    retries
        How often a failed edit is asked for again; refusals are final.
    bounds
        Of the guard; None takes its defaults.
    """

    def __init__(
        self,
        editor: Editor,
        limit_s: float = LIMIT_S,
        retries: int = 1,
        bounds: Bounds | None = None,
    ) -> None:
        self.name = editor.name
        self.limit_s = limit_s
        self.retries = retries
        self.bounds = bounds
        self._editor = editor
        self._busy: _Attempt | None = None

    def edit(
        self,
        image: Photo,
        caption: str,
        mask: Mask | None = None,
        snr_db: float | None = None,
        seed: int = 0,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Edited:
        """The image edited, or as it is and why; never raises, whatever the editor does.

        Parameters
        ----------
        image, caption, mask, snr_db, seed
            As :meth:`~gensc_models.restore.editing.editor.Editor.edit`; the seed grows by one with
            each further attempt.
        cancelled
            Asked now and then whether to give up.
        """
        started = time.monotonic()
        attempts, reason = 0, ""
        while attempts <= self.retries:
            if self._busy is not None and self._busy.running:
                reason = reason or "the editor still works on an earlier image"
                break
            # The editor may keep what it is given: its thread can outlive this call.
            request = image.copy(), caption, mask, snr_db, seed + attempts
            attempts += 1
            attempt = self._busy = _Attempt(self._editor, request)
            if not attempt.wait(started + self.limit_s, cancelled):
                reason = "cancelled" if cancelled() else f"no answer within {self.limit_s:g} s"
                break
            if isinstance(attempt.error, EditRefusedError):
                reason = f"refused: {_line(attempt.error)}"
                break
            if attempt.error is not None:
                reason = f"{type(attempt.error).__name__}: {_line(attempt.error)}"
                continue
            answer = attempt.answer
            if answer is None or not _is_photo(answer, image):
                reason = f"it gave no image of {image.shape[1]}x{image.shape[0]}"
                continue
            verdict = guard_edit(image, answer, mask, self.bounds)
            seconds = time.monotonic() - started
            return Edited(
                verdict.image, verdict.kind, verdict.reason, attempts, seconds, verdict.drift
            )
        return Edited(image, "failed", reason, attempts, time.monotonic() - started)

    def settle(self, limit_s: float) -> bool:
        """Wait for an edit that was left behind; False where it still runs after ``limit_s``.

        A program that ends while one computes may be aborted by the interpreter.
        """
        return self._busy is None or self._busy.wait(time.monotonic() + limit_s, lambda: False)


class _Attempt:
    """One call of an editor, in a thread of its own."""

    def __init__(
        self, editor: Editor, request: tuple[Photo, str, Mask | None, float | None, int]
    ) -> None:
        self.answer: Photo | None = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(editor, request), daemon=True)
        self._thread.start()

    def _run(
        self, editor: Editor, request: tuple[Photo, str, Mask | None, float | None, int]
    ) -> None:
        try:
            self.answer = editor.edit(*request)
        except BaseException as error:  # whatever it is, who waits must hear of it
            self.error = error

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def wait(self, deadline: float, cancelled: Callable[[], bool]) -> bool:
        """Whether it ended before the deadline."""
        while self.running and time.monotonic() < deadline and not cancelled():
            self._thread.join(POLL_S)
        return not self.running


def _is_photo(answer: Photo | None, image: Photo) -> bool:
    return (
        isinstance(answer, np.ndarray) and answer.dtype == np.uint8 and answer.shape == image.shape
    )


def _line(error: BaseException) -> str:
    """What an error says, as one line."""
    return " ".join(str(error).split())
