import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gensc_phy.coding.pseudorandom import permutation, splitmix64


def test_hashes_are_the_published_splitmix64_outputs():
    # Steele, Lea, Flood: generator seeded with 0; its state grows by the golden-ratio constant.
    golden = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):
        states = np.arange(3, dtype=np.uint64) * golden
    expected = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert [int(v) for v in splitmix64(states)] == expected


@given(st.integers(0, 5000), st.integers(0, 2**20))
def test_a_permutation_holds_every_index_once(n, seed):
    assert np.array_equal(np.sort(permutation(n, seed)), np.arange(n))


def test_permutations_are_fixed_for_all_time():
    # A receiver of another version must undo what this transmitter did.
    assert permutation(8, 3).tolist() == [2, 4, 6, 3, 0, 5, 7, 1]
    assert permutation(12, 100).tolist() == [6, 7, 1, 4, 8, 11, 9, 0, 2, 3, 5, 10]
