"""Latents and hyper-latents through the range coder."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_models.codecs.bank import scales, tables
from gensc_models.codecs.bank.coder import CodingTable, SymbolReader, SymbolWriter
from gensc_models.codecs.bank.errors import BitstreamError
from gensc_models.codecs.bank.latents import (
    VALUE_LIMIT,
    read_hyper,
    read_latents,
    write_hyper,
    write_latents,
)

LATENT = tuple(CodingTable.from_counts(tables.latent_counts(k)) for k in range(scales.LEVELS))
HYPER = tuple(
    CodingTable.from_counts(tables.quantise_counts(np.exp(-np.abs(np.arange(-63, 64)) / s)))
    for s in (0.5, 2.0, 9.0)
)


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
