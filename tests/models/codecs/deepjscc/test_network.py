"""DeepJSCC as published, as the network of a codec."""

import pytest
import torch

from gensc_models.codecs.deepjscc.network import Autoencoder, DeepJscc, DeepJsccConfig

RATE = 128


@pytest.fixture(scope="module")
def network() -> DeepJscc:
    torch.manual_seed(3)
    return DeepJscc(DeepJsccConfig()).eval()


def pictures(count: int, height: int = 32, width: int = 32) -> torch.Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(4))


def full(count: int, value: float) -> torch.Tensor:
    return torch.full((count,), value)


def encode(network: DeepJscc, image: torch.Tensor, snr: torch.Tensor) -> torch.Tensor:
    return network.encode(image, snr, full(len(image), RATE))[0]


def decode(network: DeepJscc, received: torch.Tensor, snr: torch.Tensor) -> torch.Tensor:
    count = len(received)
    precision = torch.full_like(received, 10.0)
    return network.decode(received, precision, torch.ones(count), snr, full(count, RATE))


def test_layers_are_the_published_ones() -> None:
    network = Autoencoder()
    down = [m for m in network.encoder if isinstance(m, torch.nn.Conv2d)]
    up = [m for m in network.decoder if isinstance(m, torch.nn.ConvTranspose2d)]
    assert [(m.out_channels, m.stride[0]) for m in down] == [
        (16, 2), (32, 2), (32, 1), (32, 1), (16, 1),
    ]  # fmt: skip
    assert [(m.out_channels, m.stride[0]) for m in up] == [
        (32, 1), (32, 1), (32, 1), (16, 2), (3, 2),
    ]  # fmt: skip
    assert {m.kernel_size for m in down + up} == {(5, 5)}
    assert isinstance(network.decoder[-1], torch.nn.Sigmoid)
    assert round(sum(p.numel() for p in network.parameters()) / 1e6, 2) == 0.16


@pytest.mark.parametrize(("height", "width"), [(32, 32), (16, 48), (96, 64)])
@torch.inference_mode()
def test_any_size_of_whole_blocks_is_coded_at_one_sixth(
    network: DeepJscc, height: int, width: int
) -> None:
    image = pictures(2, height, width)
    channels = encode(network, image, full(2, 10.0))
    assert channels.shape == (2, 256, height // 16, width // 16)
    assert channels[0].numel() / 2 == image[0].numel() / 6
    decoded = decode(network, channels, full(2, 10.0))
    assert decoded.shape == image.shape
    assert decoded.min() >= 0
    assert decoded.max() <= 1


@torch.inference_mode()
def test_power_is_one_per_image_not_per_batch(network: DeepJscc) -> None:
    image = pictures(3) * torch.tensor([1.0, 0.3, 0.01])[:, None, None, None]
    power = encode(network, image, torch.tensor([1.0, 7.0, 13.0])).square().mean(dim=(1, 2, 3))
    torch.testing.assert_close(power, torch.ones(3), rtol=1e-4, atol=0)


@torch.inference_mode()
def test_nothing_to_send_is_not_nan() -> None:
    network = DeepJscc(DeepJsccConfig((10.0,)))
    for parameter in network.parameters():
        parameter.zero_()
    channels = encode(network, pictures(1), full(1, 10.0))
    assert not channels.any()
    assert torch.isfinite(decode(network, channels, full(1, 10.0))).all()


@pytest.mark.parametrize(
    ("snr", "index"), [(-5.0, 0), (2.0, 0), (3.0, 1), (8.4, 2), (8.6, 3), (15.0, 4), (25.0, 4)]
)
def test_the_network_trained_nearest_to_the_design_snr_is_taken(
    network: DeepJscc, snr: float, index: int
) -> None:
    assert network.nearest(full(1, snr)).tolist() == [index]


@torch.inference_mode()
def test_each_network_is_its_own(network: DeepJscc) -> None:
    image = pictures(1)
    sent = [encode(network, image, full(1, snr)) for snr in network.config.snrs_db]
    for other in sent[1:]:
        assert not torch.allclose(sent[0], other, atol=0.1)


@torch.inference_mode()
def test_a_batch_of_several_snrs_is_coded_image_by_image(network: DeepJscc) -> None:
    image, snr = pictures(5), torch.tensor([13.0, 1.0, 7.0, 13.0, 1.0])
    together = encode(network, image, snr)
    decoded = decode(network, together, snr)
    for i in range(5):
        alone = encode(network, image[i : i + 1], snr[i : i + 1])
        torch.testing.assert_close(together[i : i + 1], alone, rtol=1e-4, atol=1e-5)
        again = decode(network, alone, snr[i : i + 1])
        torch.testing.assert_close(decoded[i : i + 1], again, rtol=1e-4, atol=1e-4)


@torch.inference_mode()
def test_erased_numbers_count_as_zero_whatever_was_received(network: DeepJscc) -> None:
    channels = encode(network, pictures(1), full(1, 10.0))
    lost = torch.rand(channels.shape, generator=torch.Generator().manual_seed(5)) < 0.3
    junk = torch.where(lost, 1e3, channels)
    precision = torch.where(lost, 0.0, 5.0)
    args = (torch.ones(1), full(1, 10.0), full(1, RATE))
    from_junk = network.decode(junk, precision, *args)
    from_zeros = decode(network, channels.masked_fill(lost, 0.0), full(1, 10.0))
    torch.testing.assert_close(from_junk, from_zeros, rtol=0, atol=0)
    assert not torch.allclose(from_junk, decode(network, channels, full(1, 10.0)))


@torch.inference_mode()
def test_noise_variance_does_not_reach_the_decoder(network: DeepJscc) -> None:
    channels = encode(network, pictures(1), full(1, 10.0))
    args = (torch.ones(1), full(1, 10.0), full(1, RATE))
    a = network.decode(channels, torch.full_like(channels, 0.1), *args)
    b = network.decode(channels, torch.full_like(channels, 1e6), *args)
    assert torch.equal(a, b)


@torch.inference_mode()
def test_other_rates_are_refused(network: DeepJscc) -> None:
    rates = torch.tensor([128, 64])
    with pytest.raises(ValueError, match=r"rate 128 .* not 64"):
        network.encode(pictures(2), full(2, 10.0), rates)
    channels = torch.zeros(2, 256, 2, 2)
    with pytest.raises(ValueError, match="not 64"):
        network.decode(channels, channels, torch.ones(2), full(2, 10.0), rates)


@pytest.mark.parametrize("snrs", [(), (4.0, 1.0), (4.0, 4.0)])
def test_snrs_must_ascend(snrs: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="ascending"):
        DeepJsccConfig(snrs)


def test_noise_in_training_has_the_snr_of_complex_symbols() -> None:
    torch.manual_seed(0)
    seen = []
    network = Autoencoder()
    network.decode = lambda received: seen.append(received) or received  # type: ignore[method-assign]
    image = pictures(50)
    with torch.no_grad():
        network(image, 7.0)
        noise = seen[0] - network.encode(image)
    # Two real numbers make one symbol: N0 / 2 each where Es = 2 halves of unit power.
    n0 = 2.0 * noise.square().mean().item()
    assert 10.0 * torch.log10(torch.tensor(2.0 / n0)).item() == pytest.approx(7.0, abs=0.1)
