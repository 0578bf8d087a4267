"""Shape of the dual-branch network and the variants of the ablation tables."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from gensc_models.codecs.photo.network import JsccConfig

# Pixels along a side of a token of the branches.
TOKEN = 4
BRANCH_KINDS = ("swin", "cbam")


@dataclass(frozen=True)
class GenedConfig:
    """One transmitter and its receiver.

    ``trunk`` is the code that both branches share. ``width`` is that of the encoder's branches (the
    decoder's have the trunk's), ``depth`` their blocks, with ``heads``; keys may lie ``reach``
    tokens away. ``foreground`` and ``background`` are ``swin`` or ``cbam`` (Table II exchanges
    them). Without ``dual`` there is one branch for the whole image, and no mask; without
    ``importance`` no score map, and the mask follows from the features alone (Table I).

    Raises
    ------
    ValueError
        An unknown branch, or widths that the heads do not divide.
    """

    trunk: JsccConfig = field(default_factory=JsccConfig)
    width: int = 48
    depth: int = 2
    heads: int = 3
    mlp_ratio: float = 2.0
    reach: float = 4.0
    condition: int = 48
    score_width: int = 96
    foreground: str = "swin"
    background: str = "cbam"
    dual: bool = True
    importance: bool = True

    def __post_init__(self) -> None:
        for kind in (self.foreground, self.background):
            if kind not in BRANCH_KINDS:
                raise ValueError(f"branch {kind!r}: must be one of {', '.join(BRANCH_KINDS)}")
        for width in (self.width, self.trunk.decoder_width_4):
            if width % self.heads:
                raise ValueError(f"width {width} is no multiple of {self.heads} heads")

    def as_json(self) -> dict[str, Any]:
        """For ``config.json`` and checkpoints."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> GenedConfig:
        """Reads :meth:`as_json` back.

        Raises
        ------
        TypeError, ValueError, KeyError
            Unknown or missing fields, or impossible sizes.
        """
        return cls(**{**data, "trunk": JsccConfig(**data["trunk"])})


# Variants of Tables I and II by the name that the trainer's flag has.
VARIANTS: dict[str, dict[str, Any]] = {
    "full": {},
    "single-branch": {"dual": False},
    "no-semantic-objective": {},
    "no-importance": {"importance": False},
    "swin-both": {"background": "swin"},
    "cbam-both": {"foreground": "cbam"},
}
