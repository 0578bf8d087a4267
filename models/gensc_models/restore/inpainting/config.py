"""Sizes of the inpainting network and how it is sampled."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from gensc_models.restore.inpainting.tiles import OVERLAP


@dataclass(frozen=True)
class NetworkConfig:
    """Shape of the U-Net.

    ``widths`` and ``depths`` have one entry per resolution, finest first, which is that of the
    image after ``PixelUnshuffle(unshuffle)``; ``depths`` are residual blocks on each way, down
    and up. ``condition`` is the width of the embedding of step and kind of level.
    """

    unshuffle: int = 2
    widths: tuple[int, ...] = (48, 96, 128)
    depths: tuple[int, ...] = (2, 2, 2)
    condition: int = 64

    def __post_init__(self) -> None:
        if not len(self.widths) == len(self.depths) >= 1:
            raise ValueError("widths and depths must have one entry per resolution")
        if min(*self.widths, *self.depths, self.condition, self.unshuffle) < 1:
            raise ValueError("widths, depths, condition and unshuffle must be positive")

    @property
    def multiple(self) -> int:
        """Height and width that the network takes are multiples of this."""
        return self.unshuffle * 2 ** (len(self.widths) - 1)

    def as_json(self) -> dict[str, Any]:
        """Plain lists and numbers."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> NetworkConfig:
        """Reads :meth:`as_json` back.

        Raises
        ------
        TypeError, ValueError
            Unknown fields, or sizes that make no network.
        """
        fields: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in data.items()
        }
        return cls(**fields)


@dataclass(frozen=True)
class SamplingConfig:
    """Where the evaluations of the network go.

    ``steps`` is the number of them for a whole image, over all levels; every level but the
    coarsest takes ``refining_steps`` of them. On the coarsest, RePaint's resampling goes
    ``jump_length`` steps back, ``jumps`` times. The signal's share rises along ``curve``
    (:func:`gensc_models.restore.inpainting.schedule.schedule_of`); noise on the way is scaled by
    ``temperature`` (1: a fair sample of what was learned, less: smoother and closer to its mean).
    ``tile`` pixels a side, a multiple of 16, are looked at together.
    """

    steps: int = 31
    refining_steps: int = 4
    jumps: int = 2
    jump_length: int = 2
    curve: float = 1.0
    temperature: float = 0.8
    tile: int = 256

    def __post_init__(self) -> None:
        if min(self.steps, self.refining_steps) < 1 or self.jumps < 0 or self.jump_length < 1:
            raise ValueError("sampling needs at least one step per level and jumps of at least one")
        if self.curve <= 0.0 or self.temperature < 0.0:
            raise ValueError("curve must be positive, temperature not negative")
        if self.tile % 16 or self.tile <= OVERLAP:
            raise ValueError(f"tile must be a multiple of 16 above {OVERLAP}, not {self.tile}")
