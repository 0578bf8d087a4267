"""The controller: it sends by the best member, and any receiver of the family knows by which."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_models import load_codec
from gensc_models.catalogue.shared import shared_codec, shared_codec_by_fingerprint
from gensc_models.codecs.auto.codec import ANALOG, MEMBERS, AutoCodec, family, identity_of
from gensc_models.codecs.auto.table import FamilyTable
from gensc_models.codecs.codec import Received, counted_symbols, symbols_for
from gensc_models.codecs.simulated import receive
from gensc_models.metrics.fidelity import psnr
from gensc_models.weights.store import AUTO, BANK, locate, read_config
from small_hyperprior import photo, small_codec


def outcome(codec, heard):
    """The image, or why there is none."""
    try:
        return codec.decode_image(heard)
    except ValueError as error:
        return str(error)


FAMILY = family(small_codec(), load_codec("softcast"))


def that_prefers(*order: str) -> AutoCodec:
    """A controller that takes members in this order, whatever the channel."""
    psnr_db = np.array([40.0 - 10.0 * order.index(m) for m in MEMBERS]).reshape(3, 1, 1, 1)
    table = FamilyTable(MEMBERS, (32,), (10.0,), (0.0,), psnr_db, psnr_db / 60, {})
    return AutoCodec(FAMILY, table)


FIRST = {m: that_prefers(m, *(o for o in MEMBERS if o != m)) for m in MEMBERS}


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize(("height", "width"), [(64, 96), (50, 77)])
def test_every_member_fills_the_rate_and_comes_back(member, height, width):
    codec, image = FIRST[member], photo(height, width)
    sent = codec.encode_image(image, 128, 15.0, spread_db=0.0)
    assert codec.chosen(sent.side) == member
    assert len(sent.symbols) + sent.side_symbols == symbols_for(height, width, 128)
    assert sent.side_symbols == counted_symbols(len(sent.side), 15.0)
    assert np.mean(np.abs(sent.symbols) ** 2) == pytest.approx(1.0, rel=0.05)
    heard = sent.received(sent.symbols, np.full(len(sent.symbols), 1e-3, np.float32))
    assert codec.stream_lengths(heard) == (len(sent.symbols),)
    assert codec.decode_image(heard).shape == image.shape


@pytest.mark.parametrize("member", MEMBERS)
def test_a_receiver_needs_to_know_nothing_of_the_choice(member):
    """Another controller of the same family, with another table, decodes what this one sent."""
    image = photo(64, 96)
    sent = FIRST[member].encode_image(image, 128, 12.0, spread_db=0.0)
    shown = [receive(codec, sent, "awgn", 12.0, 3) for codec in FIRST.values()]
    assert all(np.array_equal(one, shown[0]) for one in shown)
    assert len({codec.sha256 for codec in FIRST.values()}) == 1


def test_what_the_header_section_costs_the_analog_code_is_a_few_hundredths_of_a_db():
    image = photo(96, 96)
    alone = FAMILY["analog"]
    sent = FIRST["analog"].encode_image(image, 64, 10.0, spread_db=0.0)
    through = psnr(image, receive(FIRST["analog"], sent, "awgn", 10.0, 1))
    direct = psnr(image, receive(alone, alone.encode_image(image, 64, 10.0), "awgn", 10.0, 1))
    assert through > direct - 0.5


def test_where_the_best_cannot_send_the_next_does():
    codec = that_prefers("bits", "adaptive", "analog")
    sent = codec.encode_image(photo(32, 32), 8, 0.0)
    assert codec.chosen(sent.side) == "analog"


def test_where_none_can_the_first_reason_is_given():
    codec = that_prefers("bits", "adaptive", "analog")
    with pytest.raises(ValueError, match="too few"):
        codec.encode_image(photo(16, 16), 1, 0.0)
    with pytest.raises(ValueError, match="not a number"):
        codec.encode_image(photo(32, 32), 32, float("nan"))


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=8), st.integers(0, 600), st.integers(0, 0xFFFF), st.integers(0, 9))
def test_whatever_arrives_is_an_image_or_one_line(side, count, aux, seed):
    noise = np.random.default_rng(seed).normal(size=(count, 2)).astype(np.float32)
    symbols = (noise @ np.array([1, 1j])).astype(np.complex64)
    heard = Received(symbols, np.ones(count, np.float32), 32, 64, 64, aux, side)
    found = outcome(FIRST["bits"], heard)
    assert "\n" not in found if isinstance(found, str) else found.shape == (64, 64, 3)


def test_a_table_of_others_is_refused():
    table = FIRST["bits"].table
    with pytest.raises(ValueError, match="adaptive"):
        AutoCodec({k: v for k, v in FAMILY.items() if k != "adaptive"}, table)


def test_the_shipped_family_is_found_by_name_and_by_what_bursts_call_it():
    codec = shared_codec(AUTO)
    assert codec.name == "auto"
    assert shared_codec(AUTO) is codec
    assert shared_codec_by_fingerprint(codec.fingerprint) is codec
    digests = (read_config(locate(name))["sha256"] for name in (BANK, ANALOG))
    assert codec.sha256 == identity_of(*digests)
    assert len({codec.fingerprint, *(m.fingerprint for m in codec.members)}) == 4
    assert load_codec(AUTO).sha256 == codec.sha256
