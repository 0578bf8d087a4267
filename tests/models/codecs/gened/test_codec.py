"""The dual-branch codec, from uint8 image to two streams and back."""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage.data import astronaut

from gensc_models import Received, WeightsError, load_codec
from gensc_models.codecs.gened.codec import GenedCodec, GenedEncoded, load_gened
from gensc_models.codecs.gened.side import Side, SideError, pack, unpack
from gensc_models.codecs.gened.split import Split, shares
from gensc_models.codecs.gened.streams import from_streams, to_streams
from gensc_models.semantics.importance.saliency import SaliencyConfig, SaliencyNetwork
from gensc_models.semantics.importance.sources import LearnedImportance
from small_gened import plain_codec, small_codec

CODEC = small_codec()


def photo(height: int = 96, width: int = 128) -> NDArray[np.uint8]:
    return astronaut()[50 : 50 + height, 150 : 150 + width]


def decode(sent: GenedEncoded, noise: float = 0.1, **changed: object) -> NDArray[np.uint8]:
    received = sent.received(sent.symbols, np.full(len(sent.symbols), noise, np.float32))
    return CODEC.decode_image(replace(received, **changed))


@given(st.integers(17, 70), st.integers(17, 70), st.integers(40, 127), st.floats(-10, 40))
@settings(max_examples=15, deadline=None)
def test_any_size_rate_and_snr_makes_the_round_trip(
    height: int, width: int, rate: int, snr: float
) -> None:
    image = photo(height, width)
    sent = CODEC.encode_image(image, rate, snr)
    blocks = -(-height // 16) * -(-width // 16)
    total = len(sent.foreground) + len(sent.background) + sent.side_symbols
    assert total == blocks * rate
    assert sent.side_symbols == 2 * sent.side_bits == 2 * (sent.mask_bits + 24)
    assert np.mean(np.abs(sent.symbols.astype(complex)) ** 2) == pytest.approx(1.0, abs=1e-5)
    assert decode(sent).shape == image.shape


def test_foreground_and_background_are_streams_with_the_power_that_is_set() -> None:
    mask = np.zeros((6, 8), bool)
    mask[2:4, 2:6] = True
    sent = CODEC.encode_image(photo(), 32, 10.0, mask, Split(20, 3.0))
    powers = [np.mean(np.abs(s.astype(complex)) ** 2) for s in (sent.foreground, sent.background)]
    assert powers[0] / powers[1] == pytest.approx(10**0.3, rel=1e-4)
    assert len(sent.background) == 40 * 20
    assert np.array_equal(sent.importance.mask, mask)


def test_the_header_section_can_be_left_uncounted() -> None:
    sent = CODEC.encode_image(photo(), 32, 10.0, side_cost=lambda n_bytes, snr_db: 0)
    assert len(sent.symbols) == 48 * 32
    assert sent.cbr == pytest.approx(1 / 24)


def test_the_header_section_costs_what_is_said_of_its_bytes_and_the_design_snr() -> None:
    asked = []
    sent = CODEC.encode_image(
        photo(), 32, 7.2, side_cost=lambda n, snr: asked.append((n, snr)) or 90
    )
    assert sent.side_symbols == 90
    assert (len(sent.side), 7.0) in asked
    assert len(sent.symbols) == 48 * 32 - 90


def test_a_route_found_before_leads_to_the_same_symbols() -> None:
    found = CODEC.route(photo(), 32, 10.0)
    routed, plain = (CODEC.encode_image(photo(), 32, 10.0, routing=r) for r in (found, None))
    assert routed.side == plain.side
    assert np.array_equal(routed.symbols, plain.symbols)
    with pytest.raises(ValueError, match=r"mask of \(5, 8\) blocks for an image of \(6, 8\)"):
        CODEC.encode_image(photo(), 32, 10.0, routing=replace(found, mask=found.mask[1:]))


def test_the_section_says_how_long_both_streams_are() -> None:
    sent = CODEC.encode_image(photo(), 32, 10.0)
    nothing = sent.received(np.zeros(0, np.complex64), np.zeros(0, np.float32))
    assert CODEC.stream_lengths(nothing) == sent.lengths
    assert sent.lengths == (len(sent.foreground), len(sent.background))
    assert np.array_equal(CODEC.mask_of(sent.side, 96, 128), sent.importance.mask)
    with pytest.raises(ValueError, match="do not fit mask and split"):
        CODEC.stream_lengths(nothing, lambda n_bytes, snr_db: -129 * 48)


def test_the_receiver_needs_the_streams_the_section_and_the_header_word_alone() -> None:
    sent = CODEC.encode_image(photo(), 32, 10.0)
    first = decode(sent)
    other = small_codec()
    noise = np.full(len(sent.symbols), 0.1, np.float32)
    again = other.decode_image(
        Received(sent.symbols.copy(), noise, 32, 96, 128, sent.aux, sent.side)
    )
    assert np.array_equal(first, again)


def test_lost_symbols_are_ignored_whatever_they_hold() -> None:
    sent = CODEC.encode_image(photo(), 32, 10.0)
    symbols, noise = sent.symbols.copy(), np.full(len(sent.symbols), 0.1, np.float32)
    symbols[::5], noise[::5] = 0.0, np.inf
    clean = decode(sent, symbols=symbols, noise_var=noise)
    symbols[::5], noise[::5] = np.nan, 0.1
    assert np.array_equal(decode(sent, symbols=symbols, noise_var=noise), clean)


def test_one_stream_lost_as_a_whole_leaves_the_other() -> None:
    codec, mask = plain_codec(), np.zeros((6, 8), bool)
    mask[:, :4] = True
    sent = codec.encode_image(photo(), 64, 15.0, mask)
    noise = np.repeat(np.float32([0.03, np.inf]), sent.lengths)
    image = codec.decode_image(sent.received(sent.symbols, noise))
    # The code of the test sends nothing but red, of the upper rows of each block most exactly.
    error = np.abs(image[::16, ..., 0].astype(int) - photo()[::16, ..., 0])
    assert error[:, :64].mean() < 8
    assert np.ptp(image[:, 64:]) == 0


def test_the_importance_of_an_image_is_seen_without_sending_it() -> None:
    found = CODEC.importance(photo())
    assert found.score.shape == found.mask.shape == (6, 8)
    assert 0.0 <= found.score.min() <= found.score.max() <= 1.0
    assert np.array_equal(found.score, CODEC.encode_image(photo(), 32, 5.0).importance.score)


def test_the_map_of_an_importance_network_takes_the_place_of_the_score(tmp_path: Path) -> None:
    network = SaliencyNetwork(SaliencyConfig(4, (4, 8), (1, 1), 4, 64))
    network.save_pretrained(tmp_path / "importance")
    CODEC.save_pretrained(tmp_path / "one")
    config = json.loads((tmp_path / "one" / "config.json").read_text())
    config["importance"] = str(tmp_path / "importance")
    (tmp_path / "one" / "config.json").write_text(json.dumps(config))
    codec = load_gened(tmp_path / "one")
    found = codec.importance(photo())
    shown = LearnedImportance(network)(photo())
    expected = shown.reshape(6, 16, 8, 16).mean(axis=(1, 3))
    np.testing.assert_allclose(found.score, expected, atol=1e-3)
    assert np.array_equal(found.mask, found.score > 0.5)
    routing = codec.route(photo(), 32, 10.0)
    routed, plain = (codec.encode_image(photo(), 32, 10.0, routing=r) for r in (routing, None))
    np.testing.assert_allclose(routed.symbols, plain.symbols, atol=1e-5)
    with pytest.raises(ValueError, match=r"score of \(5, 8\) blocks"):
        codec.encode_image(photo(), 32, 10.0, routing=replace(routing, score=routing.score[1:]))
    config["importance"] = "absent"
    (tmp_path / "one" / "config.json").write_text(json.dumps(config))
    with pytest.raises(WeightsError, match="no weights called 'absent'"):
        load_gened(tmp_path / "one")


@given(st.integers(1, 9), st.integers(1, 9), st.data())
@settings(max_examples=40, deadline=None)
def test_the_header_section_comes_back(height: int, width: int, data: st.DataObject) -> None:
    flags = data.draw(st.lists(st.booleans(), min_size=height * width, max_size=height * width))
    mask = torch.tensor(flags).view(height, width)
    split = Split(data.draw(st.integers(0, 128)), float(data.draw(st.integers(0, 15))))
    side = unpack(pack(Side(mask, split, 0.5)), height, width)
    assert torch.equal(side.mask, mask)
    assert side.split == split
    assert side.scale == pytest.approx(0.5, rel=0.003)


@given(st.binary(max_size=24))
@settings(max_examples=100, deadline=None)
def test_a_damaged_header_section_is_refused_in_a_line_or_says_some_mask(section: bytes) -> None:
    with suppress(SideError):
        assert unpack(section, 4, 6).mask.shape == (4, 6)


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        (b"", "of 0 bytes"),
        (b"\0\0\0", "of 3 bytes"),
        (b"\xff\0\0" + bytes(4), "split is damaged"),
        (b"\x10\x0c\0" + bytes(4), "split is damaged"),
        (b"\x10\0\0" + b"\xff" * 4, "damaged"),
    ],
)
def test_what_is_wrong_with_a_header_section_is_said(section: bytes, reason: str) -> None:
    with pytest.raises(SideError, match=reason):
        unpack(section, 4, 6)


def test_symbols_travel_most_important_first_over_all_blocks_of_their_branch() -> None:
    mask = torch.tensor([[True, False], [True, True]])
    share = shares(mask, 14, Split(2, 0.0))
    channels = torch.zeros(256, 2, 2)
    channels[0:2, 1, 0] = 1.0
    foreground, background = to_streams(channels, share)
    assert (len(foreground), len(background)) == (12, 2)
    assert np.flatnonzero(np.abs(foreground) > 1e-3).tolist() == [1]


def test_streams_come_back_as_channels() -> None:
    torch.manual_seed(0)
    mask = torch.tensor([[True, False, False], [False, True, True]])
    share = shares(mask, 6 * 20, Split(11, 2.0))
    used = torch.arange(256)[:, None, None] < 2 * share.rates[None]
    channels = torch.randn(256, 2, 3) * used
    power = share.power_map()
    for inside in (mask, ~mask):
        energy = channels[:, inside].square().sum() / (2 * share.rates[inside].sum())
        channels[:, inside] *= (power[inside] / energy).sqrt()
    streams = to_streams(channels, share)
    noise = tuple(np.full(len(s), 0.5, np.float32) for s in streams)
    received, precision = from_streams(streams, noise, share)
    torch.testing.assert_close(received, channels, rtol=1e-4, atol=1e-4)
    assert torch.equal(precision > 0, used)
    with pytest.raises(ValueError, match="background: expected 33 symbols"):
        from_streams((streams[0], streams[1][1:]), (noise[0], noise[1][1:]), share)


def test_weights_come_back_and_misfits_are_refused_by_name(tmp_path: Path) -> None:
    CODEC.save_pretrained(tmp_path / "one")
    loaded = load_gened(tmp_path / "one")
    assert loaded.name == "tiny-gened"
    assert loaded.config == CODEC.config
    sent = loaded.encode_image(photo(), 32, 5.0)
    assert np.mean(np.abs(sent.symbols.astype(complex)) ** 2) == pytest.approx(1.0, abs=1e-5)
    config = json.loads((tmp_path / "one" / "config.json").read_text())
    config["network"]["width"] = 12
    (tmp_path / "one" / "config.json").write_text(json.dumps(config))
    with pytest.raises(WeightsError, match=r"weights 'one' do not fit .* 'transmitter\.pixels"):
        load_gened(tmp_path / "one")
    with pytest.raises(WeightsError, match="'softcast' are of kind 'photo-jscc'"):
        load_gened("softcast")
    CODEC.save_pretrained(tmp_path / "two")
    assert isinstance(load_codec(tmp_path / "two"), GenedCodec)


def test_what_cannot_be_encoded_or_decoded_is_refused() -> None:
    with pytest.raises(ValueError, match="expected uint8 HxWx3"):
        CODEC.encode_image(np.zeros((16, 16), np.uint8), 32, 5.0)
    with pytest.raises(ValueError, match="rate must be 1 to 128"):
        CODEC.encode_image(photo(), 0, 5.0)
    with pytest.raises(ValueError, match="snr_db is not a number"):
        CODEC.encode_image(photo(), 32, float("nan"))
    with pytest.raises(ValueError, match=r"mask of \(2, 2\) blocks for an image of \(6, 8\)"):
        CODEC.encode_image(photo(), 32, 5.0, np.ones((2, 2), bool))
    with pytest.raises(ValueError, match="1 symbols: the header section alone takes"):
        CODEC.encode_image(photo(16, 16), 1, 5.0)
    mask = np.zeros((6, 8), bool)
    mask[2:4] = True
    sent = CODEC.encode_image(photo(), 32, 5.0, mask, Split(20, 0.0))
    with pytest.raises(SideError, match="whole words"):
        decode(sent, side=sent.side[:-1])
    with pytest.raises(ValueError, match="do not fit mask and split"):
        decode(sent, symbols=sent.background[:3], noise_var=np.ones(3, np.float32))


def test_a_codec_of_another_kind_is_named() -> None:
    data = {**CODEC.config.as_json(), "kind": "swin-jscc", "name": "x"}
    with pytest.raises(WeightsError, match="weights 'x' are of kind 'swin-jscc', not 'gened'"):
        type(CODEC.config).from_json(data)
    broken = {**CODEC.config.as_json(), "name": "x", "network": {"trunk": {}, "height": 3}}
    with pytest.raises(WeightsError, match="weights 'x': unusable network config"):
        type(CODEC.config).from_json(broken)
    assert isinstance(CODEC, GenedCodec)
