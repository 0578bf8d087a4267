"""The dual-branch network as tensors."""

from dataclasses import replace

import pytest
import torch

from gensc_models.codecs.gened.config import VARIANTS, GenedConfig
from gensc_models.codecs.gened.network import GenedNetwork
from gensc_models.codecs.gened.sipm import gate
from gensc_models.codecs.gened.split import Split
from gensc_models.codecs.gened.trunk import Plan
from gensc_models.codecs.photo.network import PhotoJscc
from small_gened import TINY, small_network
from small_network import SMALL


def planned(
    network: GenedNetwork, image: torch.Tensor, snr: float, rate: int, split: Split | None = None
) -> tuple[object, Plan]:
    """What the transmitter finds, and its plan for the image, by the split it thinks best."""
    found = network.transmitter.analyse(image)
    told = torch.full((len(image),), snr)
    symbols = [rate * found.mask[0].numel()] * len(image)
    splits = [split] * len(image)
    if split is None:
        splits = network.choose(image, found.mask, found.sure + 0.1, symbols, told)
    return found, network.plan(found.mask, symbols, splits, told)[0]


def through(
    network: GenedNetwork,
    image: torch.Tensor,
    snr: float,
    rate: int,
    lost: float = 0.0,
    split: Split | None = None,
) -> torch.Tensor:
    generator = torch.Generator().manual_seed(5)
    found, plan = planned(network, image, snr, rate, split)
    sent, scales = network.encode(image, found, plan)
    precision = torch.full_like(sent, 10 ** (snr / 10))
    precision[torch.rand(sent.shape, generator=generator) < lost] = 0.0
    noise = torch.randn(sent.shape, generator=generator) * 10 ** (-snr / 20)
    received = torch.where(precision > 0, sent + noise, 0.0)
    return network.decode(received, precision, plan, scales)


def photos(count: int = 2, height: int = 48, width: int = 64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(9)
    coarse = torch.rand(count, 3, height // 16, width // 16, generator=generator)
    return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")


@torch.inference_mode()
def test_an_untrained_network_with_one_branch_is_the_photo_codec_of_its_trunk() -> None:
    torch.manual_seed(2)
    known = PhotoJscc(SMALL).eval()
    for layer in (known.encoder.out, known.decoder.out):
        torch.nn.init.normal_(layer.weight, std=0.05)
    network = GenedNetwork(replace(TINY, dual=False)).eval()
    network.trunk.load_state_dict(known.state_dict())
    image, snr, rate = photos(1), torch.tensor([7.0]), torch.tensor([32])
    found, plan = planned(network, image, 7.0, 32)
    sent, scales = network.encode(image, found, plan)
    expected, scale = known.encode(image, snr, rate)
    torch.testing.assert_close(sent, expected, rtol=1e-4, atol=1e-5)
    precision = torch.full_like(sent, 5.0)
    torch.testing.assert_close(
        network.decode(sent, precision, plan, scales),
        known.decode(expected, precision, scale, snr, rate),
        rtol=1e-3, atol=1e-4,
    )  # fmt: skip


@pytest.mark.parametrize("rate", [4, 32, 128])
@torch.inference_mode()
def test_power_is_one_per_image_over_both_branches_and_channels_end_at_the_rate(rate: int) -> None:
    network, image = small_network(), photos()
    found, plan = planned(network, image, 5.0, rate)
    sent, _ = network.encode(image, found, plan)
    symbols = 2 * plan.rates.sum(dim=(1, 2))
    torch.testing.assert_close(
        sent.square().sum(dim=(1, 2, 3)) / symbols, torch.ones(2), rtol=1e-4, atol=0
    )
    beyond = torch.arange(256)[:, None, None] >= 2 * plan.rates[:, None]
    assert not sent[beyond].any()


@torch.inference_mode()
def test_images_of_a_batch_do_not_meet() -> None:
    network, image = small_network(), photos(3)
    told = torch.tensor([0.0, 7.0, 15.0])
    found = network.transmitter.analyse(image)
    symbols = [12 * rate for rate in (16, 32, 64)]
    splits = [Split(8, 2.0)] * 3
    mask = torch.zeros(3, 3, 4, dtype=torch.bool)
    mask[0, 1, 1] = mask[1, :2] = mask[2, :, 2:] = True
    found = found.__class__(found.features, found.score, found.routing, mask.float())
    plan, _ = network.plan(mask, symbols, splits, told)
    sent, scales = network.encode(image, found, plan)
    together = network.decode(sent, torch.full_like(sent, 4.0), plan, scales)
    for i in range(3):
        one = slice(i, i + 1)
        alone, _ = network.plan(mask[one], symbols[one], splits[one], told[one])
        part = network.transmitter.analyse(image[one])
        part = part.__class__(part.features, part.score, part.routing, mask[one].float())
        sent_alone, scales_alone = network.encode(image[one], part, alone)
        torch.testing.assert_close(sent_alone[0], sent[i], rtol=1e-3, atol=1e-4)
        decoded = network.decode(sent_alone, torch.full_like(sent_alone, 4.0), alone, scales_alone)
        torch.testing.assert_close(decoded[0], together[i], rtol=1e-3, atol=1e-3)


@torch.inference_mode()
def test_a_foreground_block_arrives_better_than_the_same_block_in_the_background() -> None:
    network = GenedNetwork(TINY).eval()
    network.trunk.linear.variance.copy_(100.0 / (1.0 + torch.arange(256.0)) ** 2)
    image, told = photos(1), torch.tensor([5.0])
    errors = []
    for inside in (False, True):
        mask = torch.zeros(1, 3, 4, dtype=torch.bool)
        mask[:, :, 3] = not inside
        mask[:, 1, 1] = inside
        found = network.transmitter.analyse(image)
        found = found.__class__(found.features, found.score, found.routing, mask.float())
        plan, _ = network.plan(mask, [12 * 16], [Split(8, 3.0)], told)
        sent, scales = network.encode(image, found, plan)
        decoded = network.decode(sent, torch.full_like(sent, 10**0.5), plan, scales)
        errors.append((decoded - image)[..., 16:32, 16:32].square().mean().item())
    assert errors[1] < errors[0]


@torch.inference_mode()
def test_lost_symbols_give_some_image_and_losing_all_the_mean_colour() -> None:
    network, image = small_network(), photos()
    assert through(network, image, 8.0, 32, 0.1).isfinite().all()
    nothing = through(network, image, 8.0, 32, 1.0)
    torch.testing.assert_close(nothing, torch.full_like(image, 0.5))


def test_the_score_map_is_differentiable_and_starts_as_a_centre_prior() -> None:
    network, image = GenedNetwork(TINY), photos(1, 80, 80).requires_grad_()
    score = network.transmitter.analyse(image).score[0]
    assert score.argmax() == 12
    assert score[0, 0] == score.min()
    score.square().sum().backward()
    head = network.transmitter.score
    assert head.out.weight.grad.any()
    assert head.prior.grad.all()


def test_the_mask_starts_as_the_sign_of_the_score() -> None:
    found = GenedNetwork(TINY).eval().transmitter.analyse(photos(2, 80, 96))
    assert torch.equal(found.mask, found.score > 0)
    assert found.mask.any()
    assert not found.mask.all()


def test_a_score_from_elsewhere_is_the_mask_as_well() -> None:
    score = torch.tensor([[[2.0, -1.0, 0.5], [-3.0, -0.1, 0.1]]])
    found = small_network().transmitter.analyse(photos(1, 32, 48), score)
    assert torch.equal(found.mask, score > 0)
    torch.testing.assert_close(found.sure, torch.sigmoid(score))


def test_the_gate_is_hard_forward_and_soft_backward() -> None:
    torch.manual_seed(0)
    logits = torch.tensor([[[2.0, -2.0], [-0.3, 0.3], [0.1, 0.0]]], requires_grad=True)
    drawn = torch.stack([gate(logits, 1.0, True)[0] for _ in range(400)])
    assert set(drawn.detach().unique().tolist()) <= {0.0, 1.0}
    assert drawn.mean(dim=0).tolist() == pytest.approx([0.982, 0.354, 0.525], abs=0.07)
    drawn.sum().backward()
    assert (logits.grad[..., 0] > 0).all()
    assert gate(logits, 1.0, False).tolist() == [[1.0, 0.0, 1.0]]


def test_the_mask_learns_from_what_the_receiver_shows() -> None:
    network = small_network().train()
    image = photos()
    (through(network, image, 8.0, 32) - image).square().mean().backward()
    assert network.transmitter.sipm.mask_out.weight.grad.any()
    assert network.transmitter.score.out.weight.grad.any()


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_parameter_of_every_variant_learns(variant: str) -> None:
    network = small_network(replace(TINY, **VARIANTS[variant])).train()
    image = photos()
    torch.manual_seed(4)
    # The best split may leave the background without symbols, and its branch without a gradient.
    both = Split(background=16, ratio_db=2.0)
    loss = (through(network, image, 8.0, 32, split=both) - image).square().mean()
    loss.backward()
    routes = () if network.config.dual else ("transmitter.score", "transmitter.sipm.mask")
    # Values that no branch of a variant reads.
    unread = {
        "swin-both": ("transmitter.sipm.guides.channel", "receiver.guides.channel"),
        "cbam-both": tuple(
            f"{side}.guides.{kind}"
            for side in ("transmitter.sipm", "receiver")
            for kind in ("offsets", "spatial")
        ),
        "single-branch": ("transmitter.sipm.guides.channel", "receiver.guides.channel"),
    }.get(variant, ())
    idle = [
        name
        for name, parameter in network.named_parameters()
        if (parameter.grad is None or not parameter.grad.any())
        and not name.startswith((*routes, *unread))
    ]
    assert idle == []
    assert all(p.grad.isfinite().all() for p in network.parameters() if p.grad is not None)


@torch.inference_mode()
def test_branches_of_table_two_are_exchanged() -> None:
    image = photos()
    shown = [
        through(small_network(replace(TINY, **VARIANTS[name])), image, 8.0, 32)
        for name in ("full", "swin-both", "cbam-both")
    ]
    assert not torch.allclose(shown[0], shown[1])
    assert not torch.allclose(shown[0], shown[2])


def test_configurations_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="branch 'mlp': must be one of swin, cbam"):
        GenedConfig(foreground="mlp")
    with pytest.raises(ValueError, match="width 50 is no multiple of 3 heads"):
        GenedConfig(width=50)
    assert GenedConfig.from_json(TINY.as_json()) == TINY
