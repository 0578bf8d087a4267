"""Tables, scales, the range coder and the symbols of latents and masks."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_models.codecs.bank import scales, tables
from gensc_models.codecs.bank.coder import CodingTable, SymbolReader, SymbolWriter
from gensc_models.codecs.bank.decisions import decide
from gensc_models.codecs.bank.errors import BitstreamError
from gensc_models.codecs.bank.latents import (
    VALUE_LIMIT,
    read_hyper,
    read_latents,
    write_hyper,
    write_latents,
)
from gensc_models.codecs.bank.runs import read_mask, run_lengths, write_mask

LATENT = tuple(CodingTable.from_counts(tables.latent_counts(k)) for k in range(scales.LEVELS))
HYPER = tuple(
    CodingTable.from_counts(tables.quantise_counts(np.exp(-np.abs(np.arange(-63, 64)) / s)))
    for s in (0.5, 2.0, 9.0)
)


def test_scales_run_from_eleven_hundredths_to_256() -> None:
    levels = torch.arange(64.0)
    assert scales.scale_of_level(levels)[0] == pytest.approx(0.11)
    assert scales.scale_of_level(levels)[-1] == pytest.approx(256.0, rel=1e-4)
    ratios = scales.scale_of_level(levels)[1:] / scales.scale_of_level(levels)[:-1]
    torch.testing.assert_close(ratios, ratios[:1].expand(63))


@pytest.mark.parametrize("level", [0, 3, 20, 40, 63])
def test_likelihoods_of_all_values_add_up_to_one(level: int) -> None:
    reach = tables.limit_of_level(level)
    values = torch.arange(-reach, reach + 1.0, dtype=torch.float64)
    bits = scales.latent_bits(values, torch.full_like(values, float(level)))
    assert torch.exp2(-bits).sum() == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("level", [0, 3, 20, 40, 63])
def test_tables_are_the_likelihood_in_integers(level: int) -> None:
    counts = tables.latent_counts(level)
    limit = tables.limit_of_level(level)
    assert counts.sum() == tables.TOTAL
    assert counts.min() >= 1
    assert len(counts) == 2 * limit + 2
    assert (counts[:limit] == counts[limit + 1 : -1][::-1]).all()
    values = torch.arange(-limit, limit + 1.0, dtype=torch.float64)
    expected = torch.exp2(-scales.latent_bits(values, torch.full_like(values, float(level))))
    entropy = -(expected * torch.log2(torch.from_numpy(counts[:-1] / tables.TOTAL))).sum()
    ideal = -(expected * torch.log2(expected)).sum()
    assert entropy - ideal < max(0.001 * ideal, 1e-3)


def test_an_unexpected_value_costs_no_more_than_an_escape_and_asks_for_wider_scales() -> None:
    level = torch.tensor([5.0, 20.0, 20.0], requires_grad=True)
    bits = scales.latent_bits(torch.tensor([2.0, 10.0, 30000.0]), level)
    bits.sum().backward()
    assert bits[2] == 36
    assert torch.isfinite(level.grad).all()
    assert (level.grad[:2] < 0).all()


def test_decisions_weigh_error_against_bits() -> None:
    residual = torch.linspace(-3.0, 3.0, 240).view(1, 1, 1, -1)
    levels = torch.full_like(residual, 12.0)
    gain, best = torch.ones(1, 1, 1, 1), {}
    for multiplier in (1e-6, 10.0, 1e6):
        chosen = decide(residual, levels, gain, torch.tensor([multiplier]))
        assert (chosen.abs() <= residual.abs() + 0.5).all()
        assert (chosen * residual >= 0).all()
        cost = multiplier / 3.0 * (chosen - residual).square()
        plain = multiplier / 3.0 * (residual.round() - residual).square()
        before, after = (scales.latent_bits(x, levels) for x in (residual.round(), chosen))
        saved = before - after
        assert (cost - plain <= 0.8 * saved + 1e-4 * multiplier).all()
        best[multiplier] = chosen
    torch.testing.assert_close(best[1e6], residual.round())
    assert best[1e-6].abs().sum() < best[10.0].abs().sum() < best[1e6].abs().sum()


def test_unusable_probabilities_are_refused() -> None:
    for wrong in ([0.5, -0.1], [np.nan, 1.0], [0.0, 0.0]):
        with pytest.raises(ValueError, match="probabilities"):
            tables.quantise_counts(np.array(wrong))
    with pytest.raises(ValueError, match="too many"):
        tables.quantise_counts(np.ones(tables.TOTAL))


def test_damaged_tables_are_noticed() -> None:
    made = tables.ProbabilityTables(2)
    made.fill(np.ones((2, 127)))
    assert len(made.latent_tables()) == 64
    made.latent[5] += 1
    with pytest.raises(ValueError, match="damaged"):
        made.latent_tables()


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_latents_come_back_whatever_their_level(data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 60))
    values = np.array(
        data.draw(st.lists(st.integers(-VALUE_LIMIT, VALUE_LIMIT), min_size=count, max_size=count)),
        np.int32,
    )
    levels = np.array(
        data.draw(st.lists(st.integers(0, 63), min_size=count, max_size=count)), np.uint8
    )
    writer = SymbolWriter()
    write_latents(writer, values, levels, LATENT)
    words = writer.words()
    np.testing.assert_array_equal(read_latents(SymbolReader(words), levels, LATENT), values)
    assert abs(32 * len(words) - sum(writer.bits.values())) < 64 + 0.01 * 32 * len(words)


def test_streams_take_the_bits_of_their_likelihood() -> None:
    random = np.random.default_rng(0)
    levels = random.integers(0, 64, 20000).astype(np.uint8)
    spread = scales.scale_of_level(torch.from_numpy(levels).double()).numpy()
    wide = random.random(20000) < scales.tail_weight(torch.from_numpy(levels).double()).numpy()
    values = np.round(random.normal(0, spread * np.where(wide, 3.0, 1.0))).astype(np.int32)
    writer = SymbolWriter()
    write_latents(writer, values, levels, LATENT)
    likelihood = scales.latent_bits(torch.from_numpy(values).double(), torch.from_numpy(levels))
    assert 32 * len(writer.words()) == pytest.approx(float(likelihood.sum()), rel=0.005)


def test_hyper_latents_come_back_where_they_are_coded() -> None:
    random = np.random.default_rng(1)
    z = random.integers(-63, 64, (3, 4, 5)).astype(np.int32)
    coded = random.random((4, 5)) < 0.5
    writer = SymbolWriter()
    write_hyper(writer, z, coded, HYPER)
    back = read_hyper(SymbolReader(writer.words()), coded, HYPER)
    np.testing.assert_array_equal(back, z * coded)


def test_a_changed_stripe_is_noticed() -> None:
    random = np.random.default_rng(2)
    levels = np.full(3000, 20, np.uint8)
    values = random.integers(-3, 4, 3000).astype(np.int32)
    writer = SymbolWriter()
    write_latents(writer, values, levels, LATENT)
    noticed = 0
    for flipped in range(40):
        words = writer.words().copy()
        words[flipped % (len(words) - 2)] ^= np.uint32(1 << (flipped % 32))
        try:
            read_latents(SymbolReader(words), levels, LATENT)
        except BitstreamError:
            noticed += 1
    assert noticed >= 38


@settings(max_examples=25, deadline=None)
@given(length=st.integers(0, 40), seed=st.integers(0, 999))
def test_nothing_invented_is_returned_from_a_stream_that_was_cut(length: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    parts = [random.integers(-4, 5, 60).astype(np.int32) for _ in range(6)]
    levels = np.full(60, 18, np.uint8)
    writer = SymbolWriter()
    for part in parts:
        write_latents(writer, part, levels, LATENT)
    reader = SymbolReader(writer.words()[:length], cut_off=True)
    ended = False
    for part in parts:
        try:
            got = read_latents(reader, levels, LATENT)
        except BitstreamError:
            ended = True
            break
        np.testing.assert_array_equal(got, part)
    assert ended or length >= len(writer.words()) - 1


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 24), st.integers(1, 24), st.floats(0, 1), st.integers(0, 999))
def test_masks_come_back(height: int, width: int, share: float, seed: int) -> None:
    keep = np.random.default_rng(seed).random((height, width)) < share
    writer = SymbolWriter()
    write_mask(writer, keep)
    np.testing.assert_array_equal(read_mask(SymbolReader(writer.words()), height, width), keep)


def test_a_box_costs_a_few_bytes_and_noise_no_more_than_a_little_over_one_bit() -> None:
    box = np.zeros((32, 48), bool)
    box[8:24, 12:36] = True
    writer = SymbolWriter()
    write_mask(writer, box)
    assert writer.bits["mask"] < 90
    noise = np.random.default_rng(0).random((32, 48)) < 0.5
    writer = SymbolWriter()
    write_mask(writer, noise)
    assert writer.bits["mask"] < 1.25 * noise.size


def test_runs_of_a_mask() -> None:
    flags = np.array([True, True, False, True, True, True])
    assert run_lengths(flags).tolist() == [2, 1, 3]
    assert run_lengths(np.ones(70000, bool)).tolist() == [70000]
    writer = SymbolWriter()
    write_mask(writer, np.ones((300, 400), bool))
    assert read_mask(SymbolReader(writer.words()), 300, 400).all()


def test_a_mask_that_does_not_fit_is_refused() -> None:
    writer = SymbolWriter()
    write_mask(writer, np.ones((8, 8), bool))
    with pytest.raises(BitstreamError, match="mask"):
        read_mask(SymbolReader(writer.words()), 3, 3)
