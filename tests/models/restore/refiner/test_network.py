"""N1 and N2: shapes, what they depend on, and that an untrained refiner changes nothing."""

import pytest
import torch
from torch.nn import functional as F

from gensc_models.restore.refiner.config import CIFAR, CONFIGS, PAPER, PHOTO, RefinerConfig
from gensc_models.restore.refiner.network import (
    PretrainingNetwork,
    RefinerNetwork,
)
from gensc_models.restore.refiner.prior import PriorExtraction
from gensc_models.restore.refiner.scales import HIGHEST_SNR_DB, LOWEST_SNR_DB, snr_feature, strength
from gensc_models.restore.refiner.transformer import DynamicNorm, DynamicTransposedAttention
from small_refiner import SMALL


def awake(network: torch.nn.Module) -> torch.nn.Module:
    """The network with noise where training starts from zero."""
    torch.manual_seed(5)
    with torch.no_grad():
        for parameter in network.parameters():
            if not parameter.any():
                parameter.normal_(std=0.3)
    return network


def test_paper_configuration_has_its_size() -> None:
    assert (PAPER.heads, PAPER.blocks) == ((1, 2, 4, 8), (3, 5, 6, 6))
    assert (PAPER.prior_channels, PAPER.prior_size) == (96, 384)
    assert (PAPER.steps, PAPER.beta_first, PAPER.beta_last) == (4, 0.10, 0.99)
    with torch.device("meta"):
        network = RefinerNetwork(PAPER)
        image, noise = torch.empty(2, 3, 64, 32), torch.empty(2, 384)
        assert network(image, torch.empty(2), noise).shape == image.shape
    assert 20e6 < sum(p.numel() for p in network.parameters()) < 40e6


@pytest.mark.parametrize("config", [PHOTO, CIFAR])
def test_shipped_configurations_fit_a_file_of_16_mib(config: RefinerConfig) -> None:
    with torch.device("meta"):
        network = RefinerNetwork(config)
    assert 2 * sum(p.numel() for p in network.parameters()) < 16 * 2**20
    assert 64 % config.multiple == 32 % config.multiple == 0


@pytest.mark.parametrize("config", [*CONFIGS.values(), SMALL], ids=[*CONFIGS, "small"])
def test_config_survives_json(config: RefinerConfig) -> None:
    assert RefinerConfig.from_json(config.as_json()) == config


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"widths": (8, 16)}, "one entry per level"),
        ({"heads": (3, 3, 3)}, "divisible by heads"),
        ({"unshuffle": 3}, "unshuffle"),
        ({"beta_last": 1.0}, "beta"),
        ({"steps": 0}, "steps"),
    ],
)
def test_configs_that_make_no_network_are_refused(changes: dict, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        RefinerConfig(**changes)


def test_untrained_refiner_is_the_identity() -> None:
    decoded = torch.rand(2, 3, 32, 48)
    refined = RefinerNetwork(SMALL)(decoded, torch.tensor([0.0, 15.0]), torch.randn(2, 8))
    assert torch.equal(refined, decoded)
    assert torch.equal(PretrainingNetwork(SMALL)(decoded, decoded, torch.zeros(2)), decoded)


def test_refined_image_depends_on_prior_and_snr() -> None:
    network = awake(RefinerNetwork(SMALL)).restoration
    decoded, prior = torch.rand(1, 3, 32, 32), torch.randn(1, SMALL.prior_size)
    with torch.no_grad():
        base = network(decoded, prior, torch.tensor([5.0]))
        assert not torch.allclose(network(decoded, -prior, torch.tensor([5.0])), base)
        ratio = strength(torch.tensor([5.0])) / strength(torch.tensor([10.0]))
        other = decoded + ratio * (network(decoded, prior, torch.tensor([10.0])) - decoded)
    assert not torch.allclose(other, base)


def test_images_of_a_batch_do_not_see_one_another() -> None:
    network = awake(RefinerNetwork(SMALL))
    decoded, noise, snr_db = torch.rand(3, 3, 32, 32), torch.randn(3, 8), torch.tensor([0.0, 7, 15])
    with torch.no_grad():
        together = network(decoded, snr_db, noise)
        alone = network(decoded[1:2], snr_db[1:2], noise[1:2])
    torch.testing.assert_close(together[1:2], alone, atol=1e-5, rtol=1e-5)


def test_correction_shrinks_with_the_snr_and_vanishes_where_nothing_is_heard() -> None:
    snrs = torch.linspace(LOWEST_SNR_DB, 60.0, 40)
    assert (strength(snrs).diff() < 0).all()
    assert strength(torch.tensor([-15.0, -40.0, -torch.inf, torch.inf])).tolist() == [0.0] * 4
    assert strength(torch.tensor([0.0])).item() == pytest.approx(0.1)


def test_networks_are_told_no_snr_they_have_not_seen() -> None:
    far = snr_feature(torch.tensor([-torch.inf, -30.0, 45.0, torch.inf]))
    ends = snr_feature(torch.tensor([LOWEST_SNR_DB, LOWEST_SNR_DB, HIGHEST_SNR_DB, HIGHEST_SNR_DB]))
    assert torch.equal(far, ends)


def test_prior_is_4c_numbers_of_unit_variance() -> None:
    prior = PriorExtraction(SMALL, images=2)(torch.rand(5, 6, 32, 64))
    assert prior.shape == (5, 4 * SMALL.prior_channels)
    torch.testing.assert_close(prior.var(dim=1, unbiased=False), torch.ones(5), atol=0.02, rtol=0)


def test_second_step_starts_from_what_the_first_learned() -> None:
    first = awake(PretrainingNetwork(SMALL))
    second = RefinerNetwork(SMALL)
    second.start_from(first)
    decoded, snr_db = torch.rand(2, 3, 32, 32), torch.tensor([3.0, 12.0])
    prior = first.extract(decoded, torch.rand(2, 3, 32, 32))
    assert torch.equal(
        first.restoration(decoded, prior, snr_db), second.restoration(decoded, prior, snr_db)
    )
    # Mid-grey enters N1 as zero, so an original of mid-grey is as good as none.
    grey = torch.full_like(decoded, 0.5)
    torch.testing.assert_close(first.extract(decoded, grey), second.prior(decoded))


def test_attention_is_between_channels_with_normalised_queries_and_keys() -> None:
    torch.manual_seed(2)
    attention = DynamicTransposedAttention(8, heads=2, modulation=3)
    x, modulation = torch.randn(1, 8, 6, 5), torch.randn(1, 3)
    with torch.no_grad():
        q, k, v = attention.local(attention.qkv(attention.norm(x, modulation)))[0].chunk(3)
        expected = []
        for head in range(2):
            part = slice(4 * head, 4 * head + 4)
            scores = F.cosine_similarity(
                q[part].flatten(1)[:, None], k[part].flatten(1)[None], dim=-1
            )
            weights = (scores * attention.temperature[head]).softmax(-1)
            expected.append(torch.einsum("cd,dhw->chw", weights, v[part]))
        torch.testing.assert_close(
            attention(x, modulation), attention.out(torch.cat(expected)[None]), atol=1e-5, rtol=1e-4
        )


def test_modulation_starts_as_a_plain_layer_norm_and_then_scales_and_shifts() -> None:
    norm = DynamicNorm(6, 2)
    x, modulation = torch.randn(2, 6, 4, 4), torch.randn(2, 2)
    plain = F.layer_norm(x.permute(0, 2, 3, 1), (6,)).permute(0, 3, 1, 2)
    torch.testing.assert_close(norm(x, modulation), plain)
    torch.nn.init.normal_(norm.film.weight)
    scale, shift = norm.film(modulation)[:, :, None, None].chunk(2, dim=1)
    torch.testing.assert_close(norm(x, modulation), plain * (1 + scale) + shift)
