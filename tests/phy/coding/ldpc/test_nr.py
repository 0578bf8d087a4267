"""5G NR codes: the standard's base graphs, right for every lifting size, and rate-compatible."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc_phy.coding.ldpc.nr import (
    BG1,
    BG2,
    CORE_ROWS,
    LIFTING_SIZES,
    NrCode,
    lifting_size,
    nr_code,
)

GRAPHS = pytest.mark.parametrize("graph", [BG1, BG2], ids=lambda graph: f"BG{graph.number}")
ANY_GRAPH = st.sampled_from([BG1, BG2])


def random_words(code, batch, seed=0):
    info = np.random.default_rng(seed).integers(0, 2, (batch, code.k), dtype=np.uint8)
    return info, code.encode(info)


def test_there_are_51_lifting_sizes_in_eight_sets():
    assert len(LIFTING_SIZES) == 51
    assert LIFTING_SIZES[:8] == (2, 3, 4, 5, 6, 7, 8, 9)
    assert LIFTING_SIZES[-3:] == (320, 352, 384)


@pytest.mark.parametrize(("graph", "edges", "columns"), [(BG1, 316, 68), (BG2, 197, 52)])
def test_base_graphs_have_the_shape_of_the_standard(graph, edges, columns):
    base = graph.shifts(384, graph.rows)
    assert base.shape == (graph.rows, columns)
    assert np.count_nonzero(base >= 0) == edges
    # Behind the core every row has a parity column of its own, not shifted.
    extension = base[CORE_ROWS:, graph.information_columns + CORE_ROWS :]
    assert np.array_equal(extension, np.eye(graph.rows - CORE_ROWS, dtype=int) - 1)
    assert (base[:CORE_ROWS, graph.information_columns + CORE_ROWS :] == -1).all()


@pytest.mark.parametrize(
    ("graph", "digest"), [(BG1, "ae823e9167259579"), (BG2, "ebf5ad9c14cd9517")]
)
def test_shifts_are_the_ones_that_were_compared_with_two_other_transcriptions(graph, digest):
    edges = np.ascontiguousarray(graph.edges(), dtype="<i2")
    assert hashlib.sha256(edges.tobytes()).hexdigest()[:16] == digest


@GRAPHS
@pytest.mark.parametrize("z", LIFTING_SIZES)
def test_every_lifting_size_satisfies_every_check(graph, z):
    code = NrCode(graph, z, graph.rows)
    info, words = random_words(code, 2, z)
    assert np.array_equal(words[:, : code.k], info)
    assert code.is_codeword(words).all()
    words[1, z // 2] ^= 1
    assert list(code.is_codeword(words)) == [True, False]


@GRAPHS
@pytest.mark.parametrize("z", [2, 13, 36])
def test_the_matrix_is_that_of_its_definition(graph, z):
    # Block i is the identity with its columns shifted right by i.
    code = NrCode(graph, z, graph.rows)
    eye, zero = np.eye(z, dtype=np.uint8), np.zeros((z, z), np.uint8)
    base = graph.shifts(z, graph.rows)
    h = np.block([[np.roll(eye, s, axis=1) if s >= 0 else zero for s in row] for row in base])
    assert np.array_equal(code.parity_check_matrix(), h)
    _, words = random_words(code, 3)
    assert not ((h.astype(int) @ words.T) % 2).any()


@given(graph=ANY_GRAPH, z=st.sampled_from(LIFTING_SIZES[:30]), data=st.data())
def test_a_lower_rate_goes_on_where_a_higher_one_ends(graph, z, data):
    rows = data.draw(st.integers(CORE_ROWS, graph.rows))
    info, whole = random_words(NrCode(graph, z, graph.rows), 1)
    part = NrCode(graph, z, rows).encode(info)
    assert np.array_equal(part, whole[:, : part.shape[1]])


@given(graph=ANY_GRAPH, data=st.data())
def test_lifting_sizes_hold_the_bits_and_are_no_larger_than_they_must(graph, data):
    bits = data.draw(st.integers(1, graph.max_information_bits))
    z = lifting_size(graph, bits)
    assert graph.information_columns * z >= bits
    assert z == 2 or 6 * LIFTING_SIZES[LIFTING_SIZES.index(z) - 1] < bits


def test_what_the_standard_has_not_is_refused():
    with pytest.raises(ValueError, match="lifting size 17"):
        NrCode(BG1, 17, 10)
    with pytest.raises(ValueError, match="rows"):
        NrCode(BG2, 16, 43)
    with pytest.raises(ValueError, match="base graph 2"):
        lifting_size(BG2, 3841)
    with pytest.raises(ValueError, match="shape"):
        nr_code(BG2, 2, 4).encode(np.zeros((1, 19)))
