"""The hyper-synthesis in integers: exact, and the trained network up to rounding."""

import numpy as np
import pytest
import torch

from gensc_models.codecs.bank import integers
from gensc_models.codecs.bank.network import HyperSynthesis, positions
from small_hyperprior import SMALL, small_codec, small_network


def hyper_latents(count: int = 2, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(-4, 5, (count, SMALL.hyper_channels, 3, 4), generator=generator)


def test_products_are_those_of_python_integers() -> None:
    random = np.random.default_rng(0)
    x = random.integers(-(1 << 20), 1 << 20, (1, 3, 4, 5))
    weight = random.integers(-(1 << 15), 1 << 15, (2, 27))
    exact = integers.exact_convolution(torch.tensor(x).double(), torch.tensor(weight).double(), 3)
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1))).astype(object)
    for o, i, j in ((0, 0, 0), (1, 2, 3), (0, 3, 4)):
        patch = padded[0, :, i : i + 3, j : j + 3].ravel()
        assert int(exact[0, o, i, j]) == sum(
            int(a) * int(b) for a, b in zip(patch, weight[o], strict=True)
        )


def test_it_is_the_trained_network_up_to_rounding() -> None:
    network, z = small_network(), hyper_latents(SMALL.points)
    side = small_codec().hyper(z, small_codec().points)
    with torch.no_grad():
        levels, means = network.hyper_synthesis(
            z.float(), positions(SMALL.points), network.transforms
        )
    difference = (side.levels.float() - levels).abs()
    assert difference.max() < 0.6
    assert side.levels.max() < 64
    unit = HyperSynthesis.unit(network.transforms, positions(SMALL.points))[:, :, None, None]
    error = (side.means.float() / (1 << integers.MEAN_BITS) - means).abs()
    assert (error < 0.02 * unit + 0.02).all()


def test_batches_threads_and_order_change_nothing() -> None:
    hyper, z = small_codec().hyper, hyper_latents(8)
    points = [1, 4, 7, 10, 13, 16, 18, 19]
    together = hyper(z, points)
    threads = torch.get_num_threads()
    try:
        for number in (1, 2):
            torch.set_num_threads(number)
            for n, point in enumerate(points):
                alone = hyper(z[n : n + 1], [point])
                assert torch.equal(alone.levels[0], together.levels[n])
                assert torch.equal(alone.means[0], together.means[n])
    finally:
        torch.set_num_threads(threads)


def test_any_hyper_latents_give_valid_levels() -> None:
    z = torch.full((1, SMALL.hyper_channels, 2, 2), 10_000)
    for sign in (1, -1):
        side = small_codec().hyper(sign * z, [1])
        assert side.levels.dtype == torch.uint8
        assert side.levels.max() < 64
        assert side.means.abs().max() <= integers.MEAN_LIMIT


def test_weights_beyond_exact_arithmetic_are_refused() -> None:
    hyper = integers.IntegerHyperSynthesis(SMALL)
    hyper.layers = ((SMALL.hyper_channels, 128, 3), (1 << 18, 1, 1))
    hyper.weight2 = torch.full((1 << 18,), 32767, dtype=torch.int16)
    with pytest.raises(ValueError, match="too large"):
        hyper(hyper_latents(1), [1])
