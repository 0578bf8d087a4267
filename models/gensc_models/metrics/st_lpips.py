"""ST-LPIPS: LPIPS that a shift by a pixel or two hardly moves. A metric, and a loss.

Ghildyal and Liu, "Shift-tolerant perceptual similarity metric" (ECCV 2022): AlexNet's features with
every stride taken by a low-pass filter and ample reflection at the borders, distances of features
weighted as people judged. The published weights come as a package (extra ``pretrained``), so that
nothing is fetched. The network here is plain torch: part of the package's own code must not be
used commercially. Figures are not LPIPS and compare with ST-LPIPS alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.weights.packaged import packaged
from gensc_models.weights.store import WeightsError

PACKAGE, FILE = "stlpips_pytorch", "weights/vST0.0/alex_shift_tolerant.pth"
SMALLEST = 21
"""Pixels: a side below it is shorter than what the last filter reflects."""
# Module of each convolution in the published file; channels in and out, side.
CONVOLUTIONS = (
    ("net.slice1.0", 3, 64, 11),
    ("net.slice2.5", 64, 192, 5),
    ("net.slice3.9", 192, 384, 3),
    ("net.slice4.11", 384, 256, 3),
    ("net.slice5.13", 256, 256, 3),
)


class StLpips(nn.Module):
    """The distance of images: :meth:`forward` has gradients, a call with photos has none."""

    name = "ST-LPIPS (AlexNet)"

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(inside, outside, side, padding=2 if side == 11 else side // 2)
            for _, inside, outside, side in CONVOLUTIONS
        )
        self.judges = nn.ModuleList(
            nn.Conv2d(outside, 1, 1, bias=False) for _, _, outside, _ in CONVOLUTIONS
        )
        self.shift: Tensor
        self.scale: Tensor
        self.register_buffer("shift", torch.zeros(1, 3, 1, 1))
        self.register_buffer("scale", torch.ones(1, 3, 1, 1))
        self.requires_grad_(False)
        self.eval()

    def load_published(self, tensors: Mapping[str, Tensor]) -> None:
        """Takes the tensors of the published file.

        Raises
        ------
        KeyError, RuntimeError
            Others than these.
        """
        state = {
            "shift": tensors["scaling_layer.shift"],
            "scale": tensors["scaling_layer.scale"],
        }
        for i, (module, *_) in enumerate(CONVOLUTIONS):
            state[f"convolutions.{i}.weight"] = tensors[f"{module}.weight"]
            state[f"convolutions.{i}.bias"] = tensors[f"{module}.bias"]
            state[f"judges.{i}.weight"] = tensors[f"lin{i}.model.1.weight"]
        self.load_state_dict(state)

    def features(self, images: Tensor) -> list[Tensor]:
        """Five feature maps of images ``B x 3 x H x W`` in [0, 1], unit vectors at every place."""
        x = (2.0 * images - 1.0 - self.shift) / self.scale
        maps = []
        for i, convolution in enumerate(self.convolutions):
            if i in (1, 2):
                x = _halved(F.max_pool2d(x, 3, stride=1))
            x = convolution(x)
            x = F.relu(_halved(x) if i == 0 else x)
            # A length of nothing has no gradient of its own.
            maps.append(x / (x.square().sum(1, keepdim=True) + 1e-20).sqrt())
        return maps

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Distances ``B`` of images ``B x 3 x H x W`` in [0, 1]; lower is better.

        Raises
        ------
        ValueError
            Shapes differ, or a side is below 21 pixels.
        """
        if first.shape != second.shape or first.ndim != 4 or first.shape[1] != 3:
            shapes = f"{tuple(first.shape)}, {tuple(second.shape)}"
            raise ValueError(f"ST-LPIPS needs two stacks Nx3xHxW: {shapes}")
        if min(first.shape[2:]) < SMALLEST:
            raise ValueError(f"ST-LPIPS needs both sides of at least {SMALLEST} pixels")
        pairs = zip(self.features(first), self.features(second), self.judges, strict=True)
        return torch.stack([judge((a - b).square()).mean((1, 2, 3)) for a, b, judge in pairs]).sum(
            0
        )

    @torch.inference_mode()
    def photos(self, originals: NDArray[np.uint8], shown: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Distances ``N`` of uint8 ``N x H x W x 3``; a :data:`.lpips.Distance`.

        Raises
        ------
        ValueError
            As :meth:`forward`.
        """
        if originals.shape != shown.shape or originals.ndim != 4 or originals.shape[3] != 3:
            raise ValueError(f"ST-LPIPS needs two stacks NxHxWx3: {originals.shape}, {shown.shape}")
        # One by one: at full resolution the first layer has 64 channels.
        found = [self(_tensor(a), _tensor(b)) for a, b in zip(originals, shown, strict=True)]
        return torch.cat([*found, torch.zeros(0)]).double().numpy()


def load_st_lpips() -> StLpips:
    """ST-LPIPS with its published weights (AlexNet), on the CPU.

    Raises
    ------
    UnavailableError
        Its package is not installed; one line with the way out.
    WeightsError
        The package's file holds something else.
    """
    path = packaged(PACKAGE, FILE, "ST-LPIPS")
    model = StLpips()
    try:
        model.load_published(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # of damaged files torch complains in many ways
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise WeightsError(f"ST-LPIPS: cannot read {path}: {reason}") from error
    return model


def _halved(x: Tensor) -> Tensor:
    """Every second place of ``B x C x H x W``, low-pass filtered by (1 2 1) / 4 both ways."""
    taps = x.new_tensor([0.25, 0.5, 0.25])
    kernel = (taps[:, None] * taps).expand(x.shape[1], 1, 3, 3)
    return F.conv2d(F.pad(x, (2, 2, 2, 2), mode="reflect"), kernel, stride=2, groups=x.shape[1])


def _tensor(image: NDArray[np.uint8]) -> Tensor:
    """uint8 ``H x W x 3`` to float32 ``1 x 3 x H x W`` in [0, 1]."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255.0
