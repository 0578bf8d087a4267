"""The linear analog code: power allocation, KLT and LLSE."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_models.codecs.softcast.linear import (
    COEFFICIENTS,
    PATCH,
    LinearCode,
    fit_klt,
    power_allocation,
    real_channels,
)

VARIANCE = 30.0 / torch.arange(1, COEFFICIENTS + 1).float() ** 1.7


def fitted_code() -> LinearCode:
    generator = torch.Generator().manual_seed(3)
    smooth = torch.nn.functional.interpolate(
        torch.rand(600, 3, 5, 5, generator=generator), size=16, mode="bicubic"
    )
    noise = 0.05 * torch.rand(600, 3, 16, 16, generator=generator)
    code = LinearCode()
    code.load_statistics(*fit_klt((smooth * 0.9 + noise).clamp(0, 1)))
    return code.requires_grad_(False)


@given(snr=st.floats(-5, 30), rate=st.integers(1, 128))
@settings(max_examples=50, deadline=None)
def test_powers_sum_to_the_number_of_real_channels(snr: float, rate: int) -> None:
    power = power_allocation(VARIANCE, torch.tensor([snr]), torch.tensor([rate]))
    assert power.sum().item() == pytest.approx(2 * rate, rel=1e-5)
    assert (power >= 0).all()
    assert (power[0, 2 * rate :] == 0).all()


def test_low_snr_leaves_weak_coefficients_silent_and_high_snr_uses_all() -> None:
    power = power_allocation(VARIANCE, torch.tensor([0.0, 40.0]), torch.tensor([64, 64]))
    assert 0 < (power[0] > 0).sum() < 128
    assert (power[1] > 0).sum() == 128


def test_high_snr_allocation_is_softcasts_fourth_root_rule() -> None:
    power = power_allocation(VARIANCE, torch.tensor([60.0]), torch.tensor([16]))[0, :32]
    gain = (power / VARIANCE[:32]).sqrt()
    torch.testing.assert_close(
        gain / gain[0], (VARIANCE[:32] / VARIANCE[0]) ** -0.25, rtol=1e-3, atol=0
    )


def test_no_other_split_of_the_power_gives_less_distortion() -> None:
    rate, noise = torch.tensor([16]), 0.1
    power = power_allocation(VARIANCE, torch.tensor([10.0]), rate)[0, :32].double()
    variance = VARIANCE[:32].double()

    def distortion(p: torch.Tensor) -> float:
        return (variance * noise / (p + noise)).sum().item()

    best = distortion(power)
    generator = torch.Generator().manual_seed(0)
    for _ in range(100):
        other = (power + 0.2 * torch.randn(32, generator=generator, dtype=power.dtype)).clamp_min(0)
        assert distortion(other * power.sum() / other.sum()) > best


def test_klt_basis_is_orthonormal_and_its_coefficients_have_the_stated_variances() -> None:
    code = fitted_code()
    torch.testing.assert_close(
        code.analysis @ code.analysis.T, torch.eye(COEFFICIENTS), atol=1e-5, rtol=0
    )
    assert (code.variance.diff() <= 1e-9).all()


def test_synthesis_inverts_analysis_up_to_the_discarded_energy() -> None:
    code = fitted_code()
    image = torch.nn.functional.interpolate(torch.rand(1, 3, 6, 9), size=(32, 48), mode="bicubic")
    y = code.analyse(image)
    assert y.shape == (1, COEFFICIENTS, 2, 3)
    again = code.analyse(code.synthesise(y))
    torch.testing.assert_close(again, y, atol=1e-4, rtol=0)


def test_estimate_is_the_least_squares_one() -> None:
    code = LinearCode()
    code.variance.copy_(VARIANCE)
    generator = torch.Generator().manual_seed(1)
    shape = (1, COEFFICIENTS, 60, 60)
    y = torch.randn(shape, generator=generator) * VARIANCE.sqrt()[None, :, None, None]
    gains = code.gains(torch.tensor([5.0]), torch.tensor([128]))
    scale, precision = torch.tensor([1.3]), torch.full(shape, 3.0)
    received = gains * y / 1.3 + torch.randn(shape, generator=generator) / 3.0**0.5
    estimate, reliability = code.estimate(received, precision, scale, gains)
    error = (estimate - y)[0].square().mean(dim=(1, 2))
    expected = VARIANCE * (1 - reliability[0, :, 0, 0])
    torch.testing.assert_close(error, expected, rtol=0.15, atol=0)


def test_an_erased_coefficient_is_estimated_as_its_mean() -> None:
    code = LinearCode()
    gains = code.gains(torch.tensor([5.0]), torch.tensor([128]))
    anything = torch.full((1, COEFFICIENTS, 2, 2), 7.0)
    estimate, reliability = code.estimate(
        anything, torch.zeros_like(anything), torch.ones(1), gains
    )
    assert (estimate == 0).all()
    assert (reliability == 0).all()


def test_expected_mse_falls_with_snr_and_with_rate() -> None:
    code = LinearCode()
    code.variance.copy_(VARIANCE)
    snr = torch.tensor([0.0, 5.0, 10.0, 20.0])
    by_snr = code.expected_mse(snr, snr, torch.tensor([32] * 4))
    by_rate = code.expected_mse(
        snr[2:3].expand(4), snr[2:3].expand(4), torch.tensor([16, 32, 64, 128])
    )
    assert (by_snr.diff() < 0).all()
    assert (by_rate.diff() < 0).all()
    assert by_snr[0] < VARIANCE.sum() / PATCH


def test_mask_covers_two_real_channels_per_symbol() -> None:
    mask = real_channels(torch.tensor([1, 16, 128]))
    assert mask.sum(dim=(1, 2, 3)).tolist() == [2, 32, 256]
    assert mask[1, :32].all()
