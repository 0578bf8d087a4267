"""A dual-branch network small enough for tests, as if it had been trained a little."""

import torch

from gensc_models.codecs.gened.codec import GenedCodec, GenedCodecConfig
from gensc_models.codecs.gened.config import GenedConfig
from gensc_models.codecs.gened.network import GenedNetwork
from small_network import SMALL

TINY = GenedConfig(trunk=SMALL, width=8, depth=2, heads=2, condition=8, score_width=8)


def awaken(network: GenedNetwork) -> GenedNetwork:
    """Its zero-initialised layers are zero no more."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim > 1 and not parameter.any():
                parameter.copy_(0.1 * torch.randn(parameter.shape, generator=generator))
    return network


def plain_network(config: GenedConfig = TINY) -> GenedNetwork:
    """Deterministic, in ``eval()`` mode, untrained: the linear code, with falling variances."""
    torch.manual_seed(0)
    network = GenedNetwork(config).eval()
    network.trunk.linear.variance.copy_(100.0 / (1.0 + torch.arange(256.0)) ** 2)
    return network


def small_network(config: GenedConfig = TINY) -> GenedNetwork:
    """The same as if it had been trained a little."""
    return awaken(plain_network(config))


def plain_codec(config: GenedConfig = TINY) -> GenedCodec:
    """:func:`plain_network` as a codec."""
    codec = GenedCodec(GenedCodecConfig("tiny-gened", network=config))
    codec.network.load_state_dict(plain_network(config).state_dict())
    return codec


def small_codec(config: GenedConfig = TINY) -> GenedCodec:
    """:func:`small_network` as a codec."""
    codec = plain_codec(config)
    awaken(codec.network)
    return codec
