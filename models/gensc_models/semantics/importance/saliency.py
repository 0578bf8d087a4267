"""The learned importance: a small network from an image to the saliency of its parts.

The backbone is the classifier's (:mod:`gensc_models.semantics.importance.classifier`); coarser
levels see the whole picture, and what they find is carried back to a quarter of the network's
resolution step by step (Lin et al., "Feature pyramid networks for object detection", CVPR 2017).
Positions are given to it as two more maps: what lies in the middle of a photo is more likely meant.

    image ─ backbone ┬ 1/4 ──────────────── + ─ map
                     └ 1/8 ┬─────────── + ──┘
                         1/16 ┬──── + ──┘
                            1/32 ───┘
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.semantics.importance.classifier import Backbone, ResidualBlock
from gensc_models.weights import store as weights

KIND = "importance"
DEFAULT = "importance"


@dataclass(frozen=True)
class SaliencyConfig:
    """Sizes of the network.

    ``stem``, ``widths`` and ``blocks`` are those of the backbone, which ends at 1/8; ``head`` are
    the channels of everything behind it; ``side`` is the longer side of the pictures it knows.

    Raises
    ------
    ValueError
        A size is not positive, or the backbone does not end at 1/8.
    """

    stem: int = 32
    widths: tuple[int, ...] = (64, 256)
    blocks: tuple[int, ...] = (1, 2)
    head: int = 64
    side: int = 144

    def __post_init__(self) -> None:
        if len(self.widths) != 2 or len(self.blocks) != 2:
            raise ValueError(
                f"widths {self.widths}, blocks {self.blocks}: the backbone ends at 1/8"
            )
        if min(self.stem, *self.widths, *self.blocks, self.head, self.side) < 1:
            raise ValueError("sizes must be positive")


class SaliencyNetwork(nn.Module):
    """The network, untrained as constructed here; in ``eval()`` mode from the start."""

    def __init__(self, config: SaliencyConfig, name: str = DEFAULT) -> None:
        super().__init__()
        self.config = config
        self.name = name
        self.sha256 = ""
        head = config.head
        self.backbone = Backbone(config.stem, config.widths, config.blocks)
        self.entry = nn.Sequential(
            nn.Conv2d(config.widths[-1] + 2, head, 1, bias=False), nn.BatchNorm2d(head), nn.ReLU()
        )
        self.down16 = ResidualBlock(head, head, stride=2)
        self.down32 = ResidualBlock(head, head, stride=2)
        self.whole = nn.Linear(head, head)
        self.up16 = ResidualBlock(head, head, stride=1)
        self.up8 = ResidualBlock(head, head, stride=1)
        self.lateral = nn.Conv2d(config.widths[0], head, 1)
        self.up4 = ResidualBlock(head, head, stride=1)
        self.map = nn.Conv2d(head, 1, 1)
        self.eval()

    @classmethod
    def from_pretrained(
        cls, name_or_path: str | Path = DEFAULT, device: str = "cpu"
    ) -> SaliencyNetwork:
        """Loads weights by name (search path of :mod:`gensc_models.weights.store`) or folder.

        Raises
        ------
        WeightsError
            Missing, damaged, of another kind, or not fitting their own config.
        """
        stored = weights.read_network(name_or_path, KIND, lambda data: cls(config_from_json(data)))
        stored.network.name, stored.network.sha256 = stored.name, stored.sha256
        return stored.network.to(device)

    def save_pretrained(self, path: str | Path) -> None:
        """Writes ``config.json`` and ``model.safetensors`` (matrices float16) into a folder."""
        config = {"name": self.name, "kind": KIND, "network": asdict(self.config)}
        weights.write(Path(path), config, self)

    def forward(self, images: Tensor) -> Tensor:
        """Log-odds of saliency, ``B x H/4 x W/4``, of images ``B x 3 x H x W`` in [0, 1]."""
        _, at4, at8 = self.backbone.levels(images)
        p8 = self.entry(torch.cat([at8, positions(at8)], dim=1))
        p16 = self.down16(p8)
        p32 = self.down32(p16)
        p32 = F.relu(p32 + self.whole(p32.mean(dim=(2, 3)))[:, :, None, None])
        p16 = self.up16(p16 + enlarged(p32, p16))
        p8 = self.up8(p8 + enlarged(p16, p8))
        p4 = self.up4(self.lateral(at4) + enlarged(p8, at4))
        return self.map(p4)[:, 0]


def config_from_json(data: dict[str, Any]) -> SaliencyConfig:
    """As :func:`dataclasses.asdict` and JSON left it.

    Raises
    ------
    TypeError, ValueError
        Unknown fields or impossible sizes.
    """
    lists: dict[str, Any] = {key: tuple(data[key]) for key in ("widths", "blocks") if key in data}
    return SaliencyConfig(**(data | lists))


def positions(like: Tensor) -> Tensor:
    """Row and column of each place of ``B x C x h x w``, -1 to 1: ``B x 2 x h x w``."""
    height, width = like.shape[-2:]
    rows = (2.0 * torch.arange(height, dtype=like.dtype, device=like.device) + 1.0) / height - 1.0
    columns = (2.0 * torch.arange(width, dtype=like.dtype, device=like.device) + 1.0) / width - 1.0
    grid = torch.stack(torch.meshgrid(rows, columns, indexing="ij"))
    return grid.expand(len(like), -1, -1, -1)


def enlarged(x: Tensor, like: Tensor) -> Tensor:
    """Maps interpolated to the size of others."""
    return F.interpolate(x, size=like.shape[-2:], mode="bilinear", align_corners=False)
