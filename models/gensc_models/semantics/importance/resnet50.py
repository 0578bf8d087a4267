"""ResNet-50 with torchvision's published weights, the backbone of the paper's class maps.

The weights come from a file that ``GENSC_RESNET50`` names, from torch's own cache, or from the
network, in this order.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

import torch
from torch import Tensor, nn

from gensc_models.semantics.importance.classifier import Activation, class_activation_maps
from gensc_models.weights.store import WeightsError

if TYPE_CHECKING:
    from torchvision.models import ResNet

ENVIRONMENT = "GENSC_RESNET50"
# What torchvision's weights were trained with.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class ResNetActivation(nn.Module):
    """Class activation maps of a residual network of torchvision, at 1/32 of the resolution.

    Parameters
    ----------
    network : ends in global average pooling and one linear layer, as all of them do.
    classes : their names, as many as the linear layer has outputs.
    """

    # Half as large again as in its training: maps of 10x10 instead of 7x7.
    map_side = 320
    mean: Tensor
    deviation: Tensor

    def __init__(self, network: ResNet, classes: tuple[str, ...]) -> None:
        super().__init__()
        self.name = "resnet50"
        self.network = network
        self.classes = classes
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None])
        self.register_buffer("deviation", torch.tensor(DEVIATION)[:, None, None])
        self.eval()

    def activation(self, images: Tensor) -> Activation:
        """Maps (Eq. 15) and scores (Eq. 14) of images ``B x 3 x H x W`` in [0, 1]."""
        net = self.network
        x = net.maxpool(net.relu(net.bn1(net.conv1((images - self.mean) / self.deviation))))
        x = net.layer4(net.layer3(net.layer2(net.layer1(x))))
        return Activation(class_activation_maps(x, net.fc.weight), net.fc(x.mean(dim=(2, 3))))


def load_resnet50(path: Path | None = None) -> ResNetActivation:
    """ResNet-50, or another of the family with bottlenecks, by the tensors in its file.

    Parameters
    ----------
    path : a state dict, ``.pth`` or ``.safetensors``; None looks where the module's head says.

    Raises
    ------
    WeightsError
        No torchvision, no weights, or a file that holds none; one line with the way out.
    """
    try:
        from torchvision.models import ResNet50_Weights
    except ImportError as error:
        raise WeightsError(
            f"resnet50 needs torchvision ({error}): pip install 'gr-gensc[foundation]'"
        ) from error
    published = ResNet50_Weights.IMAGENET1K_V2
    named = path or os.environ.get(ENVIRONMENT)
    tensors = _read(Path(named)) if named else _published(published)
    network = _network_of(tensors, str(named or published))
    names = tuple(published.meta["categories"])
    count = network.fc.out_features
    return ResNetActivation(
        network, names if count == len(names) else tuple(f"class {k}" for k in range(count))
    )


def _published(published: Any) -> Mapping[str, Tensor]:
    try:
        return published.get_state_dict(progress=False, check_hash=True)
    except (URLError, OSError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise WeightsError(
            f"resnet50: cannot load {published.url} ({reason}); download it elsewhere and set "
            f"{ENVIRONMENT} to the file"
        ) from error


def _read(path: Path) -> Mapping[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # of damaged files torch and safetensors complain in many ways
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(f"resnet50: cannot read {path}: {reason}") from error


def _network_of(tensors: Mapping[str, Tensor], source: str) -> ResNet:
    """The network that the tensors belong to: depths and width are read off them."""
    from torchvision.models import ResNet
    from torchvision.models.resnet import Bottleneck

    try:
        layers = [
            len({key.split(".")[1] for key in tensors if key.startswith(f"layer{i}.")})
            for i in range(1, 5)
        ]
        width = tensors["layer1.0.conv1.weight"].shape[0]
        classes = tensors["fc.weight"].shape[0]
        network = ResNet(Bottleneck, layers, num_classes=classes, width_per_group=width)
        network.load_state_dict(tensors)
    except (KeyError, IndexError, TypeError, AttributeError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise WeightsError(f"resnet50: {source} holds no such network ({reason})") from error
    return network
