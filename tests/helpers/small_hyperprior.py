"""A hyperprior codec small enough for tests, initialised but not trained."""

from functools import lru_cache

import numpy as np
import torch
from skimage.data import astronaut, chelsea, coffee

from gensc_models.codecs.bank.codec import HyperpriorCodec
from gensc_models.codecs.bank.initial import initialise
from gensc_models.codecs.bank.network import HyperpriorNetwork
from gensc_models.codecs.bank.transforms import HyperpriorConfig
from gensc_models.data.photos import CropSampler

SMALL = HyperpriorConfig(
    learned_analysis=True,
    encoder_width_4=8,
    encoder_width_8=8,
    encoder_width_16=8,
    decoder_width_16=8,
    decoder_depth_16=1,
    decoder_width_8=8,
    decoder_depth_8=1,
    decoder_width_4=8,
    decoder_depth_4=1,
    hyper_width=32,
    hyper_channels=32,
    condition=8,
)


def photo(height: int = 128, width: int = 192) -> np.ndarray:
    return np.ascontiguousarray(chelsea()[60 : 60 + height, 90 : 90 + width])


@lru_cache(maxsize=1)
def small_network() -> HyperpriorNetwork:
    """Every layer that starts at zero is stirred a little: the residuals take part."""
    torch.manual_seed(1)
    network = HyperpriorNetwork(SMALL).eval()
    sampler = CropSampler([astronaut(), chelsea(), coffee()], seed=1)
    initialise(network, sampler.batch(24, 128))
    transforms = network.transforms
    with torch.no_grad():
        for layer in (transforms.analysis.leave, transforms.synthesis.leave):
            layer.weight.normal_(0.0, 0.02)
        network.hyper_synthesis.conv4.weight.add_(
            torch.randn_like(network.hyper_synthesis.conv4.weight) * 0.01
        )
    return network


@lru_cache(maxsize=1)
def small_codec() -> HyperpriorCodec:
    return HyperpriorCodec.from_network(small_network())
