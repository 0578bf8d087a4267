"""The linear code over 32x32 pixels: what the second KLT gains, and that nothing else changes."""

import pytest
import torch

from gensc_models.codecs.softcast.linear import COEFFICIENTS, LinearCode, fit_klt
from gensc_models.codecs.softcast.wide import WIDE, WideLinearCode, fit_wide


def smooth(count: int, side: int = 32) -> torch.Tensor:
    """Pictures whose blocks resemble each other."""
    generator = torch.Generator().manual_seed(4)
    coarse = torch.rand(count, 3, side // 16, side // 16, generator=generator)
    mean = torch.rand(count, 3, 1, 1, generator=generator)
    large = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bilinear")
    noise = torch.rand(count, 3, side, side, generator=generator)
    return 0.6 * mean + 0.3 * large + 0.1 * noise


@pytest.fixture(scope="module")
def codes() -> tuple[LinearCode, WideLinearCode]:
    images = smooth(1500)
    blocks = images.unfold(2, 16, 16).unfold(3, 16, 16).permute(0, 2, 3, 1, 4, 5)
    mean, basis, variance = fit_klt(blocks.reshape(-1, 3, 16, 16))
    narrow, wide = LinearCode(), WideLinearCode()
    narrow.load_statistics(mean, basis, variance)
    rotation, variances = fit_wide(images, mean, basis)
    wide.load_statistics(mean, basis, variances, rotation)
    return narrow, wide


@torch.inference_mode()
def test_the_rotation_only_turns(codes: tuple[LinearCode, WideLinearCode]) -> None:
    narrow, wide = codes
    image = smooth(2, 64)
    y, turned = narrow.analyse(image), wide.analyse(image)
    assert turned.shape == y.shape == (2, COEFFICIENTS, 4, 4)
    torch.testing.assert_close(y.square().sum(), turned.square().sum(), rtol=1e-3, atol=0)
    torch.testing.assert_close(wide.synthesise(turned), narrow.synthesise(y), rtol=0, atol=1e-4)


@torch.inference_mode()
def test_coefficients_are_uncorrelated_with_the_variances_told(
    codes: tuple[LinearCode, WideLinearCode],
) -> None:
    wide = codes[1]
    y = wide.analyse(smooth(1500)).double()
    measured = y.square().mean(dim=0)
    told = wide.prior((2, 2))[0].double()
    assert torch.allclose(measured[:64], told[:64], rtol=0.05)
    first, second = y[:, 0, 0, 0], y[:, 0, 0, 1]
    assert abs((first * second).mean()) < 0.01 * (told[0, 0, 0] * told[0, 0, 1]).sqrt()
    assert (wide.variance.diff() <= 1e-9).all()


def test_it_expects_less_distortion_than_the_narrow_code(
    codes: tuple[LinearCode, WideLinearCode],
) -> None:
    narrow, wide = codes
    snr, rate = torch.tensor([0.0, 10.0]), torch.tensor([128, 32])
    assert (wide.expected_mse(snr, snr, rate) < narrow.expected_mse(snr, snr, rate)).all()


def test_power_adds_up_to_the_budget(codes: tuple[LinearCode, WideLinearCode]) -> None:
    wide = codes[1]
    snr, rate = torch.tensor([5.0]), torch.tensor([100])
    power = (wide.gains(snr, rate, (4, 4)).square() * wide.prior((4, 4))).sum(dim=1)
    assert power.mean().item() == pytest.approx(200.0, rel=1e-3)
    sent = wide.sent_power(snr, rate, 0.0)
    assert sent.shape == (1, COEFFICIENTS)
    assert sent.sum().item() == pytest.approx(200.0, rel=1e-3)


def test_sides_that_hold_no_whole_groups_are_refused() -> None:
    with pytest.raises(ValueError, match="image of 48x32: sides must be multiples of 32"):
        WideLinearCode().analyse(torch.zeros(1, 3, 32, 48))
    assert WideLinearCode().variance.shape == (WIDE,)
