"""jscc_encoder and jscc_decoder: an image to analog symbols and back."""

from dataclasses import replace

import numpy as np
import pmt
import pytest

from gnuradio import gensc
from gnuradio.gensc.metadata import make_pdu, read_image, read_pdu
from pdu_blocks import image_pdu, junk, smooth_image, through

MODEL = "softcast"


def encode(image, rate=64, snr_db=20.0):
    encoder = gensc.jscc_encoder(MODEL, rate, snr_db)
    (section,) = through(encoder, [image_pdu(image, name="x.png")], "image", "section")
    return section


def with_noise_var(section, noise_var, **changes):
    metadata, symbols = read_pdu(section, np.complex64)
    variances = np.full(symbols.size, noise_var, np.float32)
    return make_pdu(replace(metadata, noise_var=variances, **changes), symbols)


def psnr(a, b):
    return 10 * np.log10(255**2 / np.mean((a.astype(float) - b.astype(float)) ** 2))


def test_a_section_says_what_a_receiver_must_know():
    metadata, symbols = read_pdu(encode(smooth_image(48, 64), rate=32, snr_db=7), np.complex64)
    assert (metadata.section, metadata.image_id, metadata.rate) == ("analog", 3, 32)
    assert metadata.shape == (48, 64, 3)
    assert metadata.total == symbols.size == 32 * 3 * 4
    assert metadata.snr_db == 7
    assert metadata.weights > 0
    assert np.mean(np.abs(symbols) ** 2) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("model", ["", MODEL])
def test_without_noise_the_image_comes_back(model):
    image = smooth_image(64, 96)
    section = with_noise_var(encode(image), 1e-4)
    (decoded,) = through(gensc.jscc_decoder(model), [section], "section", "image")
    metadata, pixels = read_image(decoded)
    assert (metadata.image_id, metadata.noise_var) == (3, None)
    assert psnr(pixels, image) > 25


def test_lost_symbols_do_not_stop_it():
    section = with_noise_var(encode(smooth_image()), np.inf)
    (decoded,) = through(gensc.jscc_decoder(), [section], "section", "image")
    assert read_image(decoded)[1].shape == (48, 64, 3)


@pytest.mark.parametrize(
    "message", [pmt.from_double(3.0), pmt.cons(pmt.intern("snr_db"), pmt.from_double(3.0))]
)
def test_a_measured_snr_sets_the_encoders(message):
    encoder = gensc.jscc_encoder(MODEL, 32, 20.0)
    through(encoder, [message], "snr")
    assert encoder.snr_db == 3.0


def test_other_sections_pass_by():
    other = make_pdu(gensc.Metadata(section="text", image_id=1), np.zeros(4, np.complex64))
    decoder = gensc.jscc_decoder()
    assert through(decoder, [other], "section", "image") == []
    assert decoder.dropped == 0


def test_what_cannot_be_decoded_is_counted():
    good = with_noise_var(encode(smooth_image()), 0.01)
    bad = [
        with_noise_var(good, 0.01, weights=250),
        with_noise_var(good, 0.01, rate=9999),
        with_noise_var(good, 0.01, shape=(4800, 64, 3)),
        encode(smooth_image()),  # no noise_var
        *junk(),
    ]
    decoder = gensc.jscc_decoder()
    assert len(through(decoder, [*bad, good], "section", "image")) == 1
    assert decoder.dropped == len(bad)


def test_what_is_no_image_is_counted():
    encoder = gensc.jscc_encoder(MODEL, 32)
    messages = [*junk(), image_pdu(smooth_image())]
    assert len(through(encoder, messages, "image", "section")) == 1
    assert encoder.dropped == len(junk())


def test_an_unknown_model_is_one_line():
    with pytest.raises(gensc.GenscError, match="'nobody'"):
        gensc.jscc_encoder("nobody", 32)
    with pytest.raises(gensc.GenscError, match="'nobody'"):
        gensc.jscc_decoder("nobody")
