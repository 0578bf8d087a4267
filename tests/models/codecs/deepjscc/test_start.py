"""The linear code from which the training of DeepJSCC starts."""

import numpy as np
import pytest
import torch
from skimage.data import astronaut, chelsea

from gensc_models.codecs.deepjscc.network import Autoencoder
from gensc_models.codecs.deepjscc.start import LOGIT_SLOPE, start_linear


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    random = np.random.default_rng(0)
    parts = []
    for photo in (astronaut(), chelsea()):
        for y, x in random.integers(0, 260, (60, 2)):
            parts.append(photo[y : y + 32, x : x + 32])
    return torch.from_numpy(np.stack(parts)).permute(0, 3, 1, 2).float() / 255.0


def linear_output(network: Autoencoder, received: torch.Tensor) -> torch.Tensor:
    """The decoder's image before its sigmoid bends it."""
    return network.decoder[:-1](received) / LOGIT_SLOPE + 0.5


def psnr(image: torch.Tensor, reference: torch.Tensor) -> float:
    return -10.0 * torch.log10((image - reference).square().mean()).item()


@torch.inference_mode()
def test_without_noise_only_the_coefficients_left_out_are_missing(
    images: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gensc_models.codecs.deepjscc.start.NOISE", 0.0)
    network = Autoencoder()
    start_linear(network, images, 100.0)
    patches = torch.nn.functional.pixel_unshuffle(images, 4).permute(0, 2, 3, 1).flatten(0, 2)
    variance = torch.linalg.eigvalsh(torch.cov(patches.T)).flip(0)
    bound = -10.0 * torch.log10(variance[16:].sum() / 48).item()
    found = psnr(linear_output(network, network.encoder(images)), images)
    assert found == pytest.approx(bound, abs=0.1)


@torch.inference_mode()
def test_the_decoder_weighs_by_the_noise_it_expects(
    images: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gensc_models.codecs.deepjscc.start.NOISE", 0.0)
    torch.manual_seed(0)
    network, noise = Autoencoder(), torch.randn(len(images), 16, 8, 8)
    found = {}
    for designed in (0.0, 20.0):
        start_linear(network, images, designed)
        sent = network.encoder(images)
        assert sent.square().mean().item() == pytest.approx(1.0, abs=0.05)
        for met in (0.0, 20.0):
            received = sent + 10.0 ** (-met / 20.0) * noise
            found[designed, met] = psnr(linear_output(network, received), images)
    assert found[0.0, 0.0] > found[20.0, 0.0] + 1.0
    assert found[20.0, 20.0] > found[0.0, 20.0] + 1.0


@torch.inference_mode()
def test_it_is_far_ahead_of_random_weights(images: torch.Tensor) -> None:
    torch.manual_seed(0)
    network = Autoencoder()
    random = psnr(network(images, 13.0), images)
    start_linear(network, images, 13.0)
    assert psnr(network(images, 13.0), images) > random + 8.0


def test_every_weight_can_learn(images: torch.Tensor) -> None:
    torch.manual_seed(0)
    network = Autoencoder()
    start_linear(network, images, 13.0)
    network(images[:8], 13.0).square().mean().backward()
    assert [n for n, p in network.named_parameters() if not p.grad.any()] == []


def test_the_code_is_linear_though_its_units_bend(
    images: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gensc_models.codecs.deepjscc.start.NOISE", 0.0)
    network = Autoencoder()
    start_linear(network, images, 13.0)
    a, b = images[:20], images[20:40]
    with torch.no_grad():
        middle = network.encoder((a + b) / 2)
        torch.testing.assert_close(
            middle, (network.encoder(a) + network.encoder(b)) / 2, rtol=1e-3, atol=1e-3
        )
    slopes = torch.cat([m.weight for m in network.modules() if isinstance(m, torch.nn.PReLU)])
    assert (slopes < 0.5).float().mean() > 0.7
