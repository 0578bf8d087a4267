"""The project's classifier: for class activation maps, and as its feature network.

A residual network (He et al., "Deep residual learning", CVPR 2016) that keeps an eighth of the
resolution to its end: global average pooling and one linear layer without bias follow, so that the
class activation maps of GVIF-CIE (Eq. 14-16) are exact: the mean of a class's map *is* its logit.

    image ─ stem ┬ blocks ┬ blocks ┬ mean over space ┬ linear ─ logits
                1/2      1/4      1/8              pooled
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.weights import store as weights

KIND = "classifier"
DEFAULT = "classifier-tiny-imagenet"


@dataclass(frozen=True)
class ClassifierConfig:
    """Sizes of the network.

    ``classes`` are their names; ``stem`` channels at 1/2 of the resolution, ``widths`` channels
    and ``blocks`` residual blocks at 1/4, 1/8 and so on.

    Raises
    ------
    ValueError
        A size is not positive, there are no classes, or not as many widths as blocks.
    """

    classes: tuple[str, ...]
    stem: int = 32
    widths: tuple[int, ...] = (64, 256)
    blocks: tuple[int, ...] = (1, 2)

    def __post_init__(self) -> None:
        sizes = (len(self.classes), self.stem, *self.widths, *self.blocks)
        if len(self.widths) != len(self.blocks) or not self.widths or min(sizes) < 1:
            raise ValueError(
                f"classes, stem, widths, blocks {len(self.classes)}, {self.stem}, {self.widths}, "
                f"{self.blocks}: must be positive, and as many widths as blocks"
            )

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ClassifierConfig:
        """As :func:`dataclasses.asdict` and JSON left it.

        Raises
        ------
        TypeError, ValueError
            Unknown fields or impossible sizes.
        """
        lists: dict[str, Any] = {
            key: tuple(data[key]) for key in ("classes", "widths", "blocks") if key in data
        }
        return cls(**(data | lists))


class Features(NamedTuple):
    """What the network sees in ``B`` images.

    ``levels`` are maps ``B x C x H/s x W/s`` at s = 2, 4, 8, not negative; ``pooled``, ``B x C``,
    is the mean of the last of them over space: what the classes are told by.
    """

    levels: tuple[Tensor, ...]
    pooled: Tensor


class Activation(NamedTuple):
    """Class activation maps ``B x K x h x w`` and scores ``B x K`` of K classes."""

    maps: Tensor
    scores: Tensor


def class_activation_maps(features: Tensor, weight: Tensor) -> Tensor:
    """``I^k = sum_c w_c^k f_c`` (Eq. 15).

    Parameters
    ----------
    features : the last maps before global pooling, ``B x C x h x w``.
    weight : of the linear layer behind it, ``K x C``.

    Returns
    -------
    Tensor
        ``B x K x h x w``.
    """
    return torch.einsum("kc,bchw->bkhw", weight, features)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with batch normalisation around a shortcut; may halve the resolution."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if stride > 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(stride, ceil_mode=True),
                nn.Conv2d(inputs, outputs, 1, bias=False),
                nn.BatchNorm2d(outputs),
            )

    def forward(self, x: Tensor) -> Tensor:
        """``B x inputs x H x W`` to ``B x outputs x H/stride x W/stride``, not negative."""
        hidden = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(hidden)) + self.shortcut(x))


class Backbone(nn.Module):
    """The residual network without what tells classes: images to maps at 1/2, 1/4, 1/8 and so on.

    Fully convolutional, so any size from 16x16 goes in.
    """

    def __init__(self, stem: int, widths: Sequence[int], blocks: Sequence[int]) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, stem, 3, 2, padding=1, bias=False), nn.BatchNorm2d(stem)
        )
        self.stages = nn.ModuleList()
        inputs = stem
        for width, count in zip(widths, blocks, strict=True):
            first = ResidualBlock(inputs, width, stride=2)
            rest = [ResidualBlock(width, width, stride=1) for _ in range(count - 1)]
            self.stages.append(nn.Sequential(first, *rest))
            inputs = width

    def levels(self, images: Tensor) -> tuple[Tensor, ...]:
        """Maps ``B x C x H/s x W/s``, s = 2, 4, 8 ..., of images ``B x 3 x H x W`` in [0, 1]."""
        x = F.relu(self.stem(4.0 * (images - 0.5)))
        levels = [x]
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        return tuple(levels)


class Classifier(Backbone):
    """The classifier, untrained as constructed here; :meth:`from_pretrained` has the shipped one.

    In ``eval()`` mode from the start; a trainer says ``train()``. ``map_side`` is the longer side
    of the pictures it is shown for class activation maps.
    """

    # In the pictures it learned from an object is about so large; shown larger it is lost.
    map_side = 64

    def __init__(self, config: ClassifierConfig, name: str = DEFAULT) -> None:
        super().__init__(config.stem, config.widths, config.blocks)
        self.config = config
        self.name = name
        self.sha256 = ""
        self.linear = nn.Linear(config.widths[-1], len(config.classes), bias=False)
        self.eval()

    @classmethod
    def from_pretrained(cls, name_or_path: str | Path = DEFAULT, device: str = "cpu") -> Classifier:
        """Loads weights by name (search path of :mod:`gensc_models.weights.store`) or folder.

        Raises
        ------
        WeightsError
            Missing, damaged, of another kind, or not fitting their own config.
        """
        stored = weights.read_network(
            name_or_path, KIND, lambda data: cls(ClassifierConfig.from_json(data))
        )
        stored.network.name, stored.network.sha256 = stored.name, stored.sha256
        return stored.network.to(device)

    def save_pretrained(self, path: str | Path) -> None:
        """Writes ``config.json`` and ``model.safetensors`` (matrices float16) into a folder."""
        config = {"name": self.name, "kind": KIND, "network": asdict(self.config)}
        weights.write(Path(path), config, self)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.config.classes

    def features(self, images: Tensor) -> Features:
        """Maps and pooled vector of images ``B x 3 x H x W`` in [0, 1].

        For distances between images (contextual loss: the levels) and between sets of images
        (Frechet distance: the pooled vectors). Differentiable. The classifier knows pictures of
        64x64: larger ones are best scaled down, or they are seen in parts.
        """
        levels = self.levels(images)
        return Features(levels, levels[-1].mean(dim=(2, 3)))

    def forward(self, images: Tensor) -> Tensor:
        """Scores ``B x classes`` of images ``B x 3 x H x W`` in [0, 1]: Eq. 14 before softmax."""
        return self.linear(self.features(images).pooled)

    def activation(self, images: Tensor) -> Activation:
        """Class activation maps at 1/8 (Eq. 15), whose means are the scores."""
        features = self.features(images)
        maps = class_activation_maps(features.levels[-1], self.linear.weight)
        return Activation(maps, self.linear(features.pooled))
