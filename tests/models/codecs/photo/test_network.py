"""The photo codec as tensors."""

import pytest
import torch

from gensc_models.codecs.photo.network import JsccConfig, PhotoJscc, effective_snr_db
from gensc_models.codecs.softcast.linear import COEFFICIENTS, real_channels
from small_network import SMALL


def photo_like(batch: int, height: int, width: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(5)
    coarse = torch.rand(batch, 3, height // 8, width // 8, generator=generator)
    return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")


def through(model: PhotoJscc, image: torch.Tensor, snr: float, rate: int) -> torch.Tensor:
    snrs, rates = torch.full((len(image),), snr), torch.full((len(image),), rate)
    sent, scale = model.encode(image, snrs, rates)
    noise = torch.randn(sent.shape, generator=torch.Generator().manual_seed(1))
    precision = torch.full_like(sent, 10 ** (snr / 10)) * real_channels(rates)
    return model.decode(sent + noise * 10 ** (-snr / 20), precision, scale, snrs, rates)


@pytest.mark.parametrize(("snr", "rate"), [(0.0, 16), (10.0, 32), (20.0, 128)])
@torch.inference_mode()
def test_before_training_the_model_is_softcast(snr: float, rate: int) -> None:
    learned, linear = PhotoJscc(SMALL), PhotoJscc(JsccConfig(residual=False))
    learned.linear.load_state_dict(linear.linear.state_dict())
    image = photo_like(2, 32, 48)
    torch.testing.assert_close(
        through(learned, image, snr, rate), through(linear, image, snr, rate), rtol=0, atol=0
    )


@torch.inference_mode()
def test_a_trained_residual_changes_both_symbols_and_image() -> None:
    torch.manual_seed(0)
    model, image = PhotoJscc(SMALL), photo_like(1, 32, 32)
    before = through(model, image, 10.0, 32)
    torch.nn.init.normal_(model.encoder.out.weight, std=0.1)
    between = through(model, image, 10.0, 32)
    torch.nn.init.normal_(model.decoder.out.weight, std=0.1)
    after = through(model, image, 10.0, 32)
    assert not torch.allclose(before, between)
    assert not torch.allclose(between, after)


@torch.inference_mode()
def test_power_is_one_per_image_not_per_batch() -> None:
    model = PhotoJscc(SMALL)
    image = photo_like(3, 48, 32) * torch.tensor([1.0, 0.2, 0.02])[:, None, None, None]
    rate = torch.tensor([16, 32, 100])
    sent, _ = model.encode(image, torch.tensor([0.0, 7.0, 20.0]), rate)
    power = sent.square().sum(dim=(1, 2, 3)) / (2 * rate * 3 * 2)
    torch.testing.assert_close(power, torch.ones(3), rtol=1e-5, atol=0)
    assert (sent * (1 - real_channels(rate)) == 0).all()


@torch.inference_mode()
def test_an_image_is_coded_alike_alone_and_in_a_batch() -> None:
    model, image = PhotoJscc(SMALL), photo_like(3, 32, 32)
    together = through(model, image, 10.0, 24)[:1]
    sent, scale = model.encode(image[:1], torch.tensor([10.0]), torch.tensor([24]))
    all_sent, all_scale = model.encode(image, torch.full((3,), 10.0), torch.full((3,), 24))
    torch.testing.assert_close(sent, all_sent[:1], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(scale, all_scale[:1])
    assert together.shape == (1, 3, 32, 32)


def test_effective_snr_is_the_snr_over_awgn_and_lower_with_erasures() -> None:
    mask = real_channels(torch.tensor([32]))
    precision = torch.full((1, COEFFICIENTS, 8, 8), 10.0) * mask
    assert effective_snr_db(precision, mask).item() == pytest.approx(10.0, abs=1e-3)
    precision[..., ::2] = 0.0
    assert effective_snr_db(precision, mask).item() < 5.0


def test_gradients_reach_every_parameter() -> None:
    torch.manual_seed(0)
    model, image = PhotoJscc(SMALL), photo_like(2, 32, 32)
    for layer in (model.encoder.out, model.decoder.out):
        torch.nn.init.normal_(layer.weight, std=0.1)
    for module in model.modules():
        if hasattr(module, "film"):
            torch.nn.init.normal_(module.film.weight, std=0.1)
    through(model, image, 10.0, 64).square().mean().backward()
    silent = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert silent == []
