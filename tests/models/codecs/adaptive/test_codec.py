"""The adaptive code as a codec: through noise, fades, losses, at any size and rate."""

import math
from dataclasses import replace

import numpy as np
import pytest

from gensc_models.catalogue.codecs import load_codec
from gensc_models.catalogue.shared import shared_codec_by_fingerprint
from gensc_models.codecs.adaptive.codec import AdaptiveCodec, matching_point
from gensc_models.codecs.adaptive.digital import coded_symbols, places
from gensc_models.codecs.adaptive.section import Fields, SectionError
from gensc_models.codecs.codec import Encoded, symbols_for
from gensc_models.metrics.fidelity import psnr
from gensc_models.weights.store import WeightsError
from small_hyperprior import photo as any_photo
from small_hyperprior import small_codec


def photo(height: int = 64, width: int = 96) -> np.ndarray:
    return any_photo(height, width)


def half(n_bytes: int, snr_db: float) -> int:
    """Half a bit per symbol."""
    return 16 * n_bytes


def codec(**options: bool) -> AdaptiveCodec:
    return AdaptiveCodec(small_codec(), **options)


def noisy(sent: Encoded, snr_db: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    variance = 10.0 ** (-snr_db / 10.0)
    noise = np.random.default_rng(seed).standard_normal((2, len(sent.symbols)))
    noise *= math.sqrt(variance / 2.0)
    received = (sent.symbols + noise[0] + 1j * noise[1]).astype(np.complex64)
    return received, np.full(len(received), variance, np.float32)


def quality(sent: Encoded, snr_db: float) -> float:
    return psnr(photo(), codec().decode_image(sent.received(*noisy(sent, snr_db))))


def has_base(sent: Encoded) -> bool:
    return Fields.unpack(sent.side).base


@pytest.mark.parametrize(("height", "width"), [(64, 96), (32, 32), (50, 77), (17, 35)])
def test_symbols_have_power_one_and_their_number_is_kept(height: int, width: int) -> None:
    image = photo(height, width)
    sent = codec().encode_image(image, 128, 10.0, half, spread_db=0.0)
    assert np.mean(np.abs(sent.symbols) ** 2) == pytest.approx(1.0, rel=1e-4)
    assert len(sent.symbols) + sent.side_symbols == symbols_for(height, width, 128)
    received = sent.received(*noisy(sent, 10.0))
    assert codec().stream_lengths(received, half) == (len(sent.symbols),)
    assert codec().decode_image(received).shape == image.shape


def test_more_symbols_and_less_noise_are_a_better_image() -> None:
    rows = [[quality(codec().encode_image(photo(), rate, snr, half, spread_db=0.0), snr)
             for snr in (2.0, 12.0)] for rate in (24, 96)]  # fmt: skip
    table = np.array(rows)
    assert (np.diff(table, axis=0) > 0.5).all()
    assert (np.diff(table, axis=1) > 0.5).all()


def test_a_base_is_sent_where_bits_are_cheap() -> None:
    assert has_base(codec().encode_image(photo(), 64, 10.0, half, spread_db=0.0))
    assert not has_base(codec(base=False).encode_image(photo(), 64, 10.0, half, spread_db=0.0))


def test_words_of_an_snr_that_is_known_are_dense() -> None:
    sent = [codec().encode_image(photo(), 64, 12.0, half, spread_db=s) for s in (0.0, 3.0, None)]
    rates = [Fields.unpack(one.side).mcs.efficiency for one in sent]
    assert rates[0] > rates[1] > rates[2]
    images = [codec().decode_image(one.received(*noisy(one, 12.0))) for one in sent]
    found = [psnr(photo(), image) for image in images]
    assert found[0] > found[2]


def test_a_better_channel_than_designed_for_is_a_better_image() -> None:
    for base in (False, True):
        sent = codec(base=base).encode_image(photo(), 64, 5.0, half, spread_db=1.0)
        assert has_base(sent) == base
        assert quality(sent, 15.0) > quality(sent, 5.0) + 0.1 > quality(sent, 4.0) + 0.1


def test_lost_symbols_cost_what_they_carried() -> None:
    sent = codec(base=False).encode_image(photo(), 64, 10.0, half)
    analog = ~places(coded_symbols(Fields.unpack(sent.side)), len(sent.symbols))
    received, variance = noisy(sent, 10.0)
    whole = psnr(photo(), codec().decode_image(sent.received(received, variance)))
    lost = variance.copy()
    lost[::5] = np.inf
    received[::5] = np.nan
    part = psnr(photo(), codec().decode_image(sent.received(received, lost)))
    nothing = codec().decode_image(sent.received(received, np.where(analog, np.inf, variance)))
    assert whole > part > psnr(photo(), nothing) > 10.0
    assert part > whole - 6.0


def test_without_its_section_there_is_no_image() -> None:
    sent = codec().encode_image(photo(), 64, 10.0, half)
    received = sent.received(*noisy(sent, 10.0))
    with pytest.raises(SectionError, match="header section"):
        codec().decode_image(replace(received, side=received.side[:3]))


def test_without_its_words_there_is_no_image() -> None:
    sent = codec().encode_image(photo(), 64, 10.0, half, spread_db=0.0)
    with pytest.raises(SectionError, match="blocks are damaged"):
        codec().decode_image(sent.received(*noisy(sent, 0.0)))


def test_both_ends_agree_whatever_the_threads() -> None:
    import torch

    sent = codec().encode_image(photo(), 48, 6.0, half)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        again = codec().encode_image(photo(), 48, 6.0, half)
    finally:
        torch.set_num_threads(threads)
    assert again.side == sent.side
    np.testing.assert_allclose(again.symbols, sent.symbols, atol=1e-3)


def test_the_finer_the_channel_the_finer_the_prior() -> None:
    points = tuple(range(1, 29))
    by_rate = [matching_point(rate, 7.0, points) for rate in (8, 32, 128)]
    by_snr = [matching_point(32, snr, points) for snr in (-5.0, 7.0, 20.0)]
    assert by_rate == sorted(by_rate, reverse=True)
    assert by_snr == sorted(by_snr, reverse=True)
    assert {*by_rate, *by_snr} <= set(points)


@pytest.mark.parametrize(("rate", "snr_db"), [(0, 5.0), (129, 5.0), (32, float("nan"))])
def test_bad_requests_are_refused(rate: int, snr_db: float) -> None:
    with pytest.raises(ValueError, match=r"rate must be|not a number"):
        codec().encode_image(photo(), rate, snr_db, half)
    with pytest.raises(ValueError, match="too few for the bits"):
        codec().encode_image(photo(), 1, 5.0, half)


def test_weights_of_a_bank_are_the_adaptive_code_on_it(tmp_path, monkeypatch) -> None:
    small_codec().save_pretrained(tmp_path / "mine")
    loaded = load_codec(tmp_path / "mine")
    assert isinstance(loaded, AdaptiveCodec)
    assert loaded.fingerprint != loaded.bank.fingerprint
    monkeypatch.setenv("GENSC_WEIGHTS", str(tmp_path))
    assert shared_codec_by_fingerprint(loaded.fingerprint).sha256 == loaded.sha256
    with pytest.raises(WeightsError, match="are a codec bank"):
        shared_codec_by_fingerprint(loaded.bank.fingerprint)
    sent = loaded.encode_image(photo(), 32, 7.0, half)
    assert loaded.decode_image(sent.received(*noisy(sent, 7.0))).shape == photo().shape
