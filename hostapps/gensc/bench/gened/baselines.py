"""The generative baselines of Figure 8 as schemes: what a diffusers pipeline draws from a caption.

They send less than the others: what they leave of the symbols granted stays empty.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gensc.bench.gened.data import Marked, Photo
from gensc.bench.gened.schemes import Counts, Sent, Shown, Symbols, Variances
from gensc.experiment.baselines.generative import budget, carry
from gensc.experiment.baselines.jpeg import grey
from gensc.system.errors import UserError
from gensc.system.weights import Weights
from gensc_models import WeightsError
from gensc_models.codecs import layout

if TYPE_CHECKING:
    from gensc_models.baselines import Baseline

SEED = 1
Importance = Callable[[Photo], NDArray[np.floating]]


class Generative:
    """A baseline that draws what it shows; it is told a predicted foreground."""

    def __init__(self, baseline: Baseline, importance: Importance) -> None:
        self.name = baseline.scheme
        self.weights: tuple[Weights, ...] = ()
        self.baseline, self.importance = baseline, importance
        # Photos may be received by several threads; a pipeline draws one at a time.
        self._drawing = Lock()

    def send(self, image: Marked, rate: int, snr_db: float) -> Sent:
        """See `gensc.bench.gened.schemes.Scheme`."""
        height, width = image.photo.shape[:2]
        granted = budget(layout.symbols_for(height, width, rate), snr_db)
        mask = self.importance(image.photo) >= 0.5
        sent = self.baseline.send(image.photo, image.caption, mask, granted)
        rows: list[Symbols] = []

        def note(symbols: Symbols) -> tuple[Symbols, Variances]:
            rows.append(symbols)
            return symbols, np.zeros(len(symbols), np.float32)

        carry(sent, snr_db, note)
        (symbols,) = rows
        # As many as the others send, so that all meet the same channel.
        row = np.ones(granted.symbols, np.complex64)
        row[: len(symbols)] = symbols

        def receive(received: Symbols, noise_var: Variances) -> Shown:
            own = slice(0, len(symbols))
            arrived = carry(sent, snr_db, lambda _: (received[own], noise_var[own]))
            state = "exact" if arrived.text == sent.text else "repaired"
            try:
                with self._drawing:
                    picture = self.baseline.receive(arrived, SEED)
            except Exception:  # a pipeline may fail in any way: the picture is lost and counted
                return Shown(grey(height, width), "dropped", lost=True)
            return Shown(picture, state if arrived.text or not sent.text else "dropped")

        counts = Counts(
            analog=len(sent.symbols),
            side=granted.bits_cost(sent.bits),
            side_bits=8 * len(sent.bits),
            text=granted.text_cost(sent.text),
            text_bytes=len(sent.text.encode("utf-8")),
        )
        return Sent(row, counts, None, receive)


def load(generator: str) -> tuple[list[Generative], dict[str, str]]:
    """The baselines that a pipeline allows, and why the others are left out.

    Raises:
        UserError: a setting of the pipeline that makes no sense.
    """
    from gensc_models.baselines import load_baselines
    from gensc_models.catalogue.importance import load_importance

    try:
        source = load_importance("learned")
    except WeightsError as error:
        return [], {"generative baselines": str(error)}
    try:
        made = load_baselines(generator, source)
    except ValueError as error:
        raise UserError(f"--generator: {error}") from error
    return [Generative(baseline, source) for baseline in made.found], made.missing
