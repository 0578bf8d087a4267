import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gensc_phy.channel.impairments import complex_noise
from gensc_phy.channel.mimo import MimoChannel
from gensc_phy.mimo.config import MimoConfig
from gensc_phy.mimo.equalise import error_variance, separation_filter
from gensc_phy.mimo.receiver import MimoReceiver
from gensc_phy.mimo.sequences import payload_order
from mimo_frames import draw, error_db, frame, over_the_air, receive
from waveform import header

SIZES = [(1, 1), (2, 2), (3, 3), (3, 4)]
# Moderately correlated users: no fade to excuse anything.
STEADY = np.array([[1, 0.4j, -0.3], [0.2, 0.9, 0.5j], [-0.4j, 0.3, 1.1]], dtype=np.complex64)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("separation", ["zf", "mmse"])
def test_every_user_is_received_within_a_db_of_perfect_channel_knowledge(size, separation):
    cfg = MimoConfig(users=size[0], antennas=size[1])
    rng = np.random.default_rng(1)
    streams, symbols = frame(cfg, cfg.waveform.max_payload)
    for snr_db in (8.0, 15.0):
        losses = []
        for _ in range(6):
            h = draw(cfg, rng)
            noise = 10 ** (-snr_db / 10)
            got = receive(over_the_air(streams, h, snr_db, rng, cfo=0.2), cfg, separation)
            bound = 10 * np.log10(error_variance(separation_filter(separation, h, noise), h, noise))
            assert sorted(got) == list(range(cfg.users))
            for user, burst in got.items():
                assert burst.header == header(3840, image_id=user)
                assert burst.start == 200
                losses.append(error_db(burst, symbols[user]) - bound[user])
        # The median: a nearly singular matrix multiplies the estimate's own error.
        assert np.median(losses) < 1.0


@pytest.mark.parametrize("separation", ["zf", "mmse"])
def test_the_reported_noise_variance_is_the_error(separation):
    cfg, rng = MimoConfig(), np.random.default_rng(4)
    streams, symbols = frame(cfg, 3840)
    taps = np.array([[0.8, 0.5j, -0.33], [0.9, 0.4, 0.1], [0.5, 0.5, 0.7]])
    ratios = []
    for _ in range(8):
        heard = over_the_air(
            streams, STEADY, 12.0, rng, cfo=[0.09, 0.1, 0.11], delays=[0, 2.3, 5.7], taps=taps
        )
        got = receive(heard, cfg, separation)
        ratios.append([
            (np.abs(b.symbols - symbols[u]) ** 2 / b.noise_var)[payload_order(u, 3840)]
            for u, b in got.items()
        ])  # fmt: skip
    per_carrier = np.array(ratios).reshape(8, 3, 80, 6, 8).mean(axis=(0, 2, 4))
    assert np.all(np.abs(per_carrier - 1) < 0.15)


def test_each_user_is_tracked_on_its_own():
    cfg, rng = MimoConfig(), np.random.default_rng(2)
    streams, symbols = frame(cfg, 3840)
    cfos = [0.18, 0.2, 0.22]
    got = receive(over_the_air(streams, STEADY, 20.0, rng, cfo=cfos), cfg)
    for user, burst in got.items():
        spacing = cfg.waveform.subcarrier_hz
        assert burst.cfo_hz == pytest.approx(cfos[user] * spacing, abs=0.002 * spacing)
        error = np.abs(burst.symbols - symbols[user])[payload_order(user, 3840)] ** 2
        # The last symbols are as good as the first ones.
        assert error[-960:].mean() < 1.3 * error[:960].mean()


@pytest.mark.parametrize("separation", ["zf", "mmse"])
def test_offsets_between_users_cost_nothing_even_at_high_snr(separation):
    cfg, rng = MimoConfig(), np.random.default_rng(8)
    streams, symbols = frame(cfg, 3840)
    noise = 10**-2.5
    g = separation_filter(separation, STEADY, noise)
    bound = 10 * np.log10(error_variance(g, STEADY, noise))
    for _ in range(4):
        heard = over_the_air(streams, STEADY, 25.0, rng, cfo=[0.08, 0.1, 0.12])
        for user, burst in receive(heard, cfg, separation).items():
            assert error_db(burst, symbols[user]) - bound[user] < 0.8
            error = np.abs(burst.symbols - symbols[user]) ** 2 / burst.noise_var
            assert np.mean(error) == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("separation", ["zf", "mmse"])
@pytest.mark.parametrize("gain_db", [float("-inf"), -20.0])
@pytest.mark.parametrize("quiet", [0, 2])
def test_a_silent_or_weak_user_does_not_harm_the_others(separation, gain_db, quiet):
    cfg = MimoConfig()
    streams, symbols = frame(cfg, 1920)
    gains = [gain_db if k == quiet else 0.0 for k in range(3)]
    for snr_db in (5.0, 15.0):
        for seed in range(1, 5):
            args = {"snr_db": snr_db, "matrix": STEADY, "seed": seed}
            normal = receive(MimoChannel(3, 3, **args).process(streams), cfg, separation)
            heard = MimoChannel(3, 3, gains_db=gains, **args).process(streams)
            got = receive(heard, cfg, separation)
            if np.isinf(gain_db):
                assert quiet not in got
            for user in {0, 1, 2} - {quiet}:
                harm = error_db(got[user], symbols[user]) - error_db(normal[user], symbols[user])
                assert harm < 0.5


def test_a_weak_user_is_received_beside_strong_ones_when_the_noise_allows():
    cfg, rng = MimoConfig(), np.random.default_rng(6)
    streams, symbols = frame(cfg, 1920)
    h = STEADY * np.array([1, 1, 0.1], dtype=np.complex64)
    got = receive(over_the_air(streams, h, 30.0, rng), cfg)
    assert error_db(got[2], symbols[2]) < -7


def test_users_may_have_payloads_of_different_lengths():
    cfg, rng = MimoConfig(), np.random.default_rng(7)
    streams, symbols = frame(cfg, [3840, 0, 500])
    got = receive(over_the_air(streams, STEADY, 20.0, rng), cfg)
    assert [got[k].header.length for k in range(3)] == [3840, 0, 500]
    for user in (0, 2):
        error = np.abs(got[user].symbols - symbols[user]) ** 2
        assert np.mean(error / got[user].noise_var) == pytest.approx(1, abs=0.15)


@given(chunks=st.lists(st.integers(1, 9000), min_size=1, max_size=12))
@settings(max_examples=10, deadline=None)
def test_how_the_stream_is_cut_does_not_matter(chunks):
    cfg = MimoConfig(users=2, antennas=2)
    h = STEADY[:2, :2]
    parts = [frame(cfg, 600, fragment=i, fragments=3)[0] for i in range(3)]
    samples = h @ np.concatenate(parts, axis=1)
    whole_rx = MimoReceiver(cfg)
    whole = whole_rx.push(samples) + whole_rx.flush()
    rx, got, at = MimoReceiver(cfg), [], 0
    while at < samples.shape[1]:
        for n in chunks:
            got += rx.push(samples[:, at : at + n])
            at += n
    got += rx.flush()
    assert [(b.user, b.header.fragment) for b in whole] == [
        (u, i) for i in range(3) for u in (0, 1)
    ]
    assert [(b.user, b.header, b.start) for b in got] == [
        (b.user, b.header, b.start) for b in whole
    ]
    for a, b in zip(got, whole, strict=True):
        assert np.allclose(a.symbols, b.symbols, atol=1e-3)


def test_a_stream_that_ends_inside_a_frame_gives_what_was_heard():
    cfg = MimoConfig(users=2, antennas=2)
    streams, symbols = frame(cfg, 3840)
    rx = MimoReceiver(cfg)
    got = rx.push((STEADY[:2, :2] @ streams)[:, :4000]) + rx.flush()
    assert [b.user for b in got] == [0, 1]
    for burst in got:
        heard = np.isfinite(burst.noise_var)
        assert 0 < heard.sum() < 3840
        assert np.allclose(burst.symbols[heard], symbols[burst.user][heard], atol=5e-3)
        assert np.all(burst.symbols[~heard] == 0)
    assert rx.stats.truncated == 1
    assert rx.stats.bursts == 2


def test_a_stream_that_ends_with_the_headers_gives_none_of_what_follows():
    cfg = MimoConfig(users=2, antennas=2)
    y = STEADY[:2, :2] @ frame(cfg, 400)[0]
    for kept in range(2040, 2240, 20):
        rx = MimoReceiver(cfg)
        for burst in rx.push(y[:, :kept]) + rx.flush():
            assert np.all(np.isfinite(burst.symbols))
            assert not np.isfinite(burst.noise_var[-1])


@given(
    seed=st.integers(0, 10**6), kind=st.sampled_from(["zero", "nan", "loud", "tone", "cut"]),
    at=st.integers(0, 3000), length=st.integers(1, 4000), dead=st.booleans(), same=st.booleans(),
)  # fmt: skip
@example(seed=0, kind="cut", at=1422, length=1045, dead=False, same=False)
@settings(max_examples=30, deadline=None)
def test_a_damaged_stream_gives_honest_bursts_or_none(seed, kind, at, length, dead, same):
    cfg, rng = MimoConfig(users=2, antennas=2), np.random.default_rng(seed)
    h = np.ones((2, 2), np.complex64) if same else draw(cfg, rng)
    y = over_the_air(frame(cfg, 400)[0], h, 20.0, rng)
    part = slice(at, at + length)
    if kind == "cut":
        y = np.delete(y, part, axis=1)
    elif kind == "tone":
        y[:, part] += 3 * np.exp(1j * np.arange(y[0, part].size))
    else:
        y[:, part] *= {"zero": 0, "nan": np.nan, "loud": 1e3}[kind]
    if dead:
        y[1] = 0
    for burst in receive(y, cfg, "zf").values():
        assert np.all(np.isfinite(burst.symbols))
        assert np.all(burst.noise_var > 0)


def test_noise_gives_no_burst_and_memory_stays_bounded():
    cfg, rng = MimoConfig(), np.random.default_rng(9)
    rx = MimoReceiver(cfg)
    for _ in range(6):
        assert rx.push(complex_noise(150_000, 1.0, rng).reshape(3, -1)) == []
    assert rx.flush() == []
    assert rx.stats.headers_ok == 0
    assert rx._buffer.shape[1] < 60_000


def test_wrong_antennas_and_separations_are_refused():
    with pytest.raises(ValueError, match="must be 3 x n"):
        MimoReceiver().push(np.zeros((2, 10), np.complex64))
    with pytest.raises(ValueError, match="one of zf, mmse"):
        MimoReceiver(separation="ml")
