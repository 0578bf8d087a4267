"""The Swin codec as tensors: its start, its sizes, and what reaches the decoder."""

from dataclasses import replace

import pytest
import torch

from gensc_models.codecs.deepjscc.network import DeepJscc, DeepJsccConfig
from gensc_models.codecs.photo.network import JsccConfig, PhotoJscc
from gensc_models.codecs.softcast.linear import COEFFICIENTS, real_channels
from gensc_models.codecs.spreading import despread
from gensc_models.codecs.swin.network import (
    CIFAR,
    PHOTO,
    PHOTO_BASE,
    SwinConfig,
    SwinJscc,
    patches,
    unpatch,
)

TINY = SwinConfig((8, 12), (1, 2), (2, 3), window=2, condition=8)
HYBRID = SwinConfig(
    (8, 12), (1, 1), (2, 3), window=2, condition=8, detail_width=4, detail_depth=1, wide=True
)
GROWN = replace(HYBRID, convolutional_snrs_db=(1.0, 7.0), convolutional_below_db=10.0)
FOUR = SwinConfig((4, 4, 8, 8), (1, 1, 1, 1), (2, 2, 2, 2), 2, window=8, condition=8)


def through(model: torch.nn.Module, image: torch.Tensor, snr: float, rate: int) -> torch.Tensor:
    snrs, rates = torch.full((len(image),), snr), torch.full((len(image),), rate)
    sent, scale = model.encode(image, snrs, rates)
    noise = torch.randn(sent.shape, generator=torch.Generator().manual_seed(1))
    precision = torch.full_like(sent, 10 ** (snr / 10)) * real_channels(rates)
    return model.decode(sent + noise * 10 ** (-snr / 20), precision, scale, snrs, rates)


def awaken(model: SwinJscc) -> SwinJscc:
    """The model as if trained: its zero-initialised layers are zero no more."""
    torch.manual_seed(3)
    detail = model.decoder.detail
    grown = (model.encoder.latents, getattr(detail, "out_convolutional", None))
    for layer in (model.encoder.out, getattr(detail, "out", model.decoder.out), *grown):
        if layer is None:
            continue
        torch.nn.init.normal_(layer.weight, std=0.05)
    for module in model.modules():
        for name in ("modulation", "film"):
            if hasattr(module, name):
                torch.nn.init.normal_(getattr(module, name).weight, std=0.3)
    return model


@pytest.mark.parametrize("config", [TINY, FOUR])
@torch.inference_mode()
def test_before_training_the_model_is_softcast(config: SwinConfig) -> None:
    learned, linear = SwinJscc(config), PhotoJscc(JsccConfig(residual=False))
    image = torch.rand(2, 3, 32, 48)
    torch.testing.assert_close(
        through(learned, image, 5.0, 64), through(linear, image, 5.0, 64), rtol=0, atol=0
    )


@pytest.mark.parametrize("size", [(64, 64), (80, 112), (16, 160)])
@torch.inference_mode()
def test_any_size_in_blocks_of_16_and_any_rate(size: tuple[int, int]) -> None:
    model = awaken(SwinJscc(FOUR))
    for rate in (1, 32, 128):
        image = torch.rand(1, 3, *size)
        assert through(model, image, 10.0, rate).shape == image.shape


@pytest.mark.parametrize("config", [TINY, HYBRID, GROWN])
@torch.inference_mode()
def test_images_of_a_batch_do_not_meet(config: SwinConfig) -> None:
    model, image = awaken(SwinJscc(config)), torch.rand(3, 3, 32, 32)
    rates, snrs = torch.tensor([128, 32, 128]), torch.tensor([0.0, 7.0, 15.0])
    together, scales = model.encode(image, snrs, rates)
    for i in range(3):
        alone, scale = model.encode(image[i : i + 1], snrs[i : i + 1], rates[i : i + 1])
        torch.testing.assert_close(alone[0], together[i], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(scale[0], scales[i], rtol=1e-4, atol=1e-6)


@torch.inference_mode()
def test_snr_and_rate_modulate_the_encoder() -> None:
    model, image = awaken(SwinJscc(TINY)), torch.rand(1, 3, 32, 32)
    whitened = torch.zeros(1, COEFFICIENTS, 2, 2)
    at = [
        model.encoder(image, whitened, torch.tensor([snr]), torch.tensor([rate]))
        for snr, rate in ((0.0, 128), (15.0, 128), (0.0, 32))
    ]
    assert not torch.allclose(at[0], at[1])
    assert not torch.allclose(at[0], at[2])


@torch.inference_mode()
def test_the_noise_of_every_symbol_reaches_the_decoder() -> None:
    model, image = awaken(SwinJscc(TINY)), torch.rand(1, 3, 32, 32)
    snr, rate = torch.tensor([10.0]), torch.tensor([128])
    sent, scale = model.encode(image, snr, rate)
    even = torch.full_like(sent, 10.0)
    uneven = even.clone()
    uneven[:, :, 0, 0] = 0.0
    known = model.decode(sent, uneven, scale, snr, rate)
    assert not torch.allclose(model.decode(sent, even, scale, snr, rate), known)


@pytest.mark.parametrize("config", [TINY, HYBRID, GROWN])
def test_every_parameter_learns(config: SwinConfig) -> None:
    torch.manual_seed(0)
    model = awaken(SwinJscc(config))
    image = torch.rand(2, 3, 32, 32)
    for snr in (1.0, 8.0, 12.0):
        (through(model, image, snr, 128) - image).square().mean().backward()
    idle = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []


def grown() -> tuple[SwinJscc, DeepJscc]:
    """A codec before training, grown around networks for 1 and 7 dB, and those."""
    torch.manual_seed(7)
    model, inner = SwinJscc(GROWN), DeepJscc(DeepJsccConfig((1.0, 7.0)))
    model.base.load_state_dict(inner.state_dict())
    return model, inner


@torch.inference_mode()
def test_before_training_a_grown_model_is_the_better_of_two_codes() -> None:
    (model, inner), linear = grown(), SwinJscc(HYBRID)
    image = torch.rand(3, 3, 32, 32)
    for snr in (1.0, 7.0):
        sent = model.encode(image, torch.full((3,), snr), torch.full((3,), 128))[0]
        there = inner.encode(image, torch.full((3,), snr), torch.full((3,), 128))[0]
        assert not torch.allclose(sent, there)  # spread over the symbols
        unspread, _ = despread(sent, torch.ones_like(sent), torch.ones(3, 256), torch.tensor([128]))
        torch.testing.assert_close(unspread, there, rtol=1e-4, atol=1e-5)
    for snr, rate in ((10.0, 128), (15.0, 128), (1.0, 32)):
        assert torch.equal(through(model, image, snr, rate), through(linear, image, snr, rate))


@torch.inference_mode()
def test_without_noise_a_grown_model_is_exactly_deepjscc() -> None:
    model, inner = grown()
    image, snr, rate = torch.rand(2, 3, 32, 32), torch.tensor([1.0, 7.0]), torch.tensor([128, 128])
    sent, scale = model.encode(image, snr, rate)
    assert scale.tolist() == [1.0, 1.0]
    perfect = torch.full_like(sent, 1e6)
    there, _ = inner.encode(image, snr, rate)
    torch.testing.assert_close(
        model.decode(sent, perfect, scale, snr, rate),
        inner.decode(there, perfect, scale, snr, rate), rtol=1e-4, atol=1e-4,
    )  # fmt: skip


@torch.inference_mode()
def test_symbols_worth_less_count_less_in_the_convolutional_code() -> None:
    base = grown()[0].base
    received, snr = torch.randn(1, COEFFICIENTS, 2, 2), torch.tensor([7.0])
    precision = torch.full_like(received, 10**0.7)
    precision[:, 0], precision[:, 1] = 0.0, 0.5
    _, taken, reliability = base.estimate(received, precision, snr)
    assert torch.equal(taken[:, 0], torch.zeros(1, 2, 2))
    assert (taken[:, 1].abs() < 0.5 * received[:, 1].abs()).all()
    torch.testing.assert_close(taken[:, 2:], received[:, 2:])
    torch.testing.assert_close(reliability[:, 1], torch.full((1, 2, 2), 1 / 3))


def test_patches_go_back_to_the_image() -> None:
    image = torch.rand(2, 3, 16, 32)
    tokens = patches(image, 4)
    assert tokens.shape == (2, 4, 8, 48)
    assert torch.equal(unpatch(tokens, 4), image)


def test_configurations() -> None:
    assert (CIFAR.patch, CIFAR.window) == (8, 2)
    assert PHOTO.patch == PHOTO_BASE.patch == 16
    assert SwinConfig([8, 8], [1, 1], [2, 2]) == SwinConfig((8, 8), (1, 1), (2, 2))
    with pytest.raises(ValueError, match="one entry per stage"):
        SwinConfig((8, 8), (1,), (2, 2))
    with pytest.raises(ValueError, match="needs detail_depth"):
        replace(TINY, convolutional_snrs_db=(1.0,))
    with pytest.raises(ValueError, match="5 stages"):
        SwinConfig((8,) * 5, (1,) * 5, (2,) * 5, 2)
