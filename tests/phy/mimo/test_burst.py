import numpy as np
import pytest

from gensc_phy import BurstModulator, WaveformConfig
from gensc_phy.mimo.burst import UserModulator
from gensc_phy.mimo.config import MimoConfig
from gensc_phy.mimo.sequences import header_scrambling, payload_order, user_pilots
from waveform import header, payload


def test_one_user_sends_the_single_user_burst_with_pilots_that_stand_still():
    symbols = payload(500)
    cfg = MimoConfig(users=1, antennas=1)
    w = cfg.waveform
    alone = BurstModulator().modulate(header(500), symbols)
    mine = UserModulator(cfg, 0).modulate(header(500), symbols)
    known = w.preamble_len + w.ce_symbols * w.symbol_len
    assert np.array_equal(mine[:known], alone[:known])
    windows = mine[known:].reshape(-1, w.symbol_len)[:, w.cp_len :]
    carriers = np.fft.fft(windows, norm="ortho")[:, w.carriers]
    assert np.allclose(np.abs(carriers[:, w.pilot_positions]), 1, atol=1e-4)
    sent = carriers[w.header_symbols :, w.data_positions].ravel()[:500]
    assert np.allclose(sent, symbols, atol=1e-4)


def test_users_take_turns_in_training_and_share_the_rest():
    cfg = MimoConfig()
    w = cfg.waveform
    parts = [UserModulator(cfg, k).modulate(header(96), payload(96, k)) for k in range(3)]
    assert {len(p) for p in parts} == {cfg.frame_len(96)}
    turn = w.ce_symbols * w.symbol_len
    for k, part in enumerate(parts):
        turns = part[w.preamble_len : w.preamble_len + 3 * turn].reshape(3, turn)
        heard = np.mean(np.abs(turns) ** 2, axis=1)
        assert heard[k] == pytest.approx(1, rel=0.05)
        assert np.all(np.delete(heard, k) == 0)
        assert np.array_equal(part[: w.preamble_len], parts[0][: w.preamble_len])


@pytest.mark.parametrize("users", [1, 2, 3, 4, 6])
def test_every_pilot_belongs_to_one_user_and_every_user_comes_by_everywhere(users):
    sent = user_pilots(MimoConfig(users=users, antennas=users))
    assert np.all((sent != 0).sum(axis=0) == 1)
    assert np.all((sent != 0).any(axis=1))
    assert np.mean(np.abs(sent) ** 2, axis=(1, 2)) == pytest.approx(1, rel=0.05)


def test_scrambled_headers_of_different_users_are_nearly_orthogonal():
    s = header_scrambling(MimoConfig()).reshape(3, -1)
    product = np.abs(s @ np.conj(s).T) / s.shape[1]
    assert np.allclose(np.diag(product), 1)
    assert np.max(product - np.eye(3)) < 0.1


def test_impossible_uplinks_are_refused_by_name():
    with pytest.raises(ValueError, match="antennas 2: fewer than the 3 users"):
        MimoConfig(users=3, antennas=2)
    with pytest.raises(ValueError, match="users 0"):
        MimoConfig(users=0)
    with pytest.raises(ValueError, match="precode"):
        MimoConfig(WaveformConfig(precode=True))
    with pytest.raises(ValueError, match="user 3: there are 3"):
        UserModulator(MimoConfig(), 3)


def test_every_user_has_an_order_of_its_own():
    orders = [payload_order(user, 500) for user in range(3)]
    assert np.array_equal(orders[0], np.arange(500))
    for order in orders:
        assert np.array_equal(np.sort(order), np.arange(500))
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert np.sum(orders[a] == orders[b]) < 10
