"""Sizes of the refiner: the paper's, and two that run on a receiver without a GPU."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

CALIBRATION_SNRS_DB = (0.0, 5.0, 10.0, 15.0, 20.0)


@dataclass(frozen=True)
class RefinerConfig:
    """Shape of the prior extraction (N1), restoration (N2) and diffusion networks.

    ``widths``, ``heads`` and ``blocks`` have one entry per level of N2's U, finest first. N2 works
    on the image after ``PixelUnshuffle(unshuffle)``; ``expansion`` is the hidden width of its
    feed-forward networks relative to the level's. ``prior_channels`` is the paper's C': the prior
    representation Z has 4 C' numbers. ``condition`` is the width of the SNR embedding.
    ``solved_filter`` has N2 start from :mod:`solved_filter` instead of the decoded image itself;
    ``calibration`` scales the trained correction at 0, 5, 10, 15 and 20 dB, ``applied`` that and
    the solved filter's together (:mod:`calibration`). ``anchored`` is the share of all this that an
    editor applies to the foreground (:mod:`gensc_models.restore.editing.anchor`).
    """

    unshuffle: int = 4
    widths: tuple[int, ...] = (64, 96, 128)
    heads: tuple[int, ...] = (1, 2, 4)
    blocks: tuple[int, ...] = (1, 1, 2)
    refinement_blocks: int = 1
    expansion: float = 2.0
    prior_channels: int = 24
    prior_width: int = 32
    prior_blocks: int = 2
    condition: int = 16
    steps: int = 4
    beta_first: float = 0.10
    beta_last: float = 0.99
    denoiser_layers: int = 3
    solved_filter: bool = False
    calibration: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0, 1.0)
    applied: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0, 1.0)
    anchored: float = 1.0

    def __post_init__(self) -> None:
        if not len(self.widths) == len(self.heads) == len(self.blocks) >= 1:
            raise ValueError("widths, heads and blocks must have one entry per level")
        if any(w % h for w, h in zip(self.widths, self.heads, strict=True)):
            raise ValueError(f"widths {self.widths} must be divisible by heads {self.heads}")
        if self.unshuffle not in (1, 2, 4):
            raise ValueError(f"unshuffle must be 1, 2 or 4, not {self.unshuffle}")
        for name in ("calibration", "applied"):
            if len(getattr(self, name)) != len(CALIBRATION_SNRS_DB):
                raise ValueError(f"{name} needs {len(CALIBRATION_SNRS_DB)} factors")
        if not 0.0 <= self.anchored <= 1.0:
            raise ValueError(f"anchored {self.anchored}: must be 0 to 1")
        if not 0.0 < self.beta_first <= self.beta_last < 1.0 or self.steps < 1:
            raise ValueError("the diffusion needs steps >= 1 and 0 < beta_first <= beta_last < 1")

    @property
    def prior_size(self) -> int:
        """Numbers in the prior representation Z, 4 C'."""
        return 4 * self.prior_channels

    @property
    def multiple(self) -> int:
        """Height and width that the networks take are multiples of this."""
        return max(4, self.unshuffle * 2 ** (len(self.widths) - 1))

    def as_json(self) -> dict[str, Any]:
        """Plain lists and numbers."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> RefinerConfig:
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


PAPER = RefinerConfig(
    unshuffle=1,
    widths=(48, 96, 192, 384),
    heads=(1, 2, 4, 8),
    blocks=(3, 5, 6, 6),
    refinement_blocks=4,
    prior_channels=96,
    prior_width=64,
    prior_blocks=6,
    denoiser_layers=5,
)
PHOTO = RefinerConfig(solved_filter=True)
CIFAR = RefinerConfig(
    unshuffle=2,
    widths=(48, 96),
    heads=(1, 2),
    blocks=(2, 3),
    refinement_blocks=1,
    solved_filter=True,
)
CONFIGS = {"paper": PAPER, "photo": PHOTO, "cifar": CIFAR}
