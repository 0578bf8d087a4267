"""Schemes: whatever kind of codec a name is, its blocks and its way over the torch channel."""

import numpy as np
import pytest

from gensc.experiment.simulate import Sweep, run_sweep
from gensc.link.schemes import GenedScheme, JsccScheme, load_scheme
from gensc.link.torch_channel import transmit
from gensc.system.errors import UserError
from gensc_models.codecs.simulated import receive
from gensc_phy.adaptation.side_link import side_symbols
from pdu_blocks import smooth_image

IMAGE = smooth_image(96, 128)
RATE = 100


def test_a_name_says_its_kind(gened_model):
    jscc, gened = load_scheme("softcast"), load_scheme("tiny-gened")
    assert isinstance(jscc, JsccScheme)
    assert isinstance(gened, GenedScheme)
    assert (jscc.weights.id, gened.weights.id) == ("softcast", "tiny-gened")
    assert gened.weights.sha256 == gened.codec.sha256
    assert load_scheme(gened_model).codec is gened.codec


def test_no_name_is_the_default_codec():
    assert load_scheme().weights.id == "deepjscc-photo"


@pytest.mark.parametrize(
    ("name", "why"), [("nowhere", "'nowhere'.*softcast"), ("hyperprior", "'hyperprior'")]
)
def test_what_is_no_codec_is_named(name, why):
    with pytest.raises(UserError, match=why):
        load_scheme(name)


def test_one_stream_over_the_torch_channel_is_what_transmit_gives():
    scheme = load_scheme("softcast")
    got = scheme.simulate(IMAGE, "awgn", 32, 5.0, 7)
    expected, count, _ = transmit(scheme.codec, IMAGE, "awgn", 32, 5.0, 7)
    assert np.array_equal(got.image, expected)
    assert (got.symbols.analog, got.symbols.digital) == (count, 0)


def test_two_streams_over_the_torch_channel_cost_what_the_waveform_says(gened_model):
    scheme = load_scheme(gened_model)
    got = scheme.simulate(IMAGE, "awgn", RATE, 5.0, 7)
    sent = scheme.codec.encode_image(IMAGE, RATE, 5.0, side_cost=side_symbols)
    assert np.array_equal(got.image, receive(scheme.codec, sent, "awgn", 5.0, 7))
    assert got.symbols.digital == side_symbols(len(sent.side), 5.0)
    assert got.symbols.payload == RATE * 6 * 8


def test_a_sweep_of_two_streams_has_a_line_per_point(gened_model):
    sweep = Sweep(["awgn", "none"], [0, 10], [RATE], effort="psnr")
    results = list(run_sweep(load_scheme(gened_model), "x", IMAGE, sweep))
    assert [(r.channel, r.scheme) for r in results] == [
        (channel, "tiny-gened") for channel in ("awgn", "awgn", "none", "none")
    ]
    assert all(r.cbr == pytest.approx(RATE / 768) for r in results)
    assert results[0].metrics["psnr"] != results[1].metrics["psnr"]


def test_a_picture_that_leaves_no_symbol_beside_the_header_section_is_refused(gened_model):
    with pytest.raises(UserError, match=r"32x32 at --rate 32: .*header section"):
        load_scheme(gened_model).simulate(IMAGE[:32, :32], "awgn", 32, 5.0, 1)
