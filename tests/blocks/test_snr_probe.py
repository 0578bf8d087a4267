"""snr_probe: the measured SNR as a number and as messages."""

import math

import numpy as np
import pmt
import pytest

from gnuradio import gensc
from gnuradio.gensc.metadata import make_pdu
from pdu_blocks import junk, through


def measured(*values):
    return [make_pdu(gensc.Metadata(snr_db=v), np.zeros(1, np.complex64)) for v in values]


def test_the_mean_is_taken_in_linear_units():
    probe = gensc.snr_probe(alpha=0.5)
    messages = through(probe, measured(10.0, 20.0), "fragment", "snr")
    assert probe.level() == pytest.approx(10 * math.log10((10 + 100) / 2))
    assert pmt.symbol_to_string(pmt.car(messages[-1])) == "snr_db"
    assert pmt.to_double(pmt.cdr(messages[-1])) == pytest.approx(probe.level())
    assert pmt.to_double(pmt.cdr(messages[0])) == pytest.approx(10)


def test_weight_one_shows_each_fragments_own():
    probe = gensc.snr_probe(alpha=1)
    through(probe, measured(10.0, 3.0), "fragment")
    assert probe.level() == pytest.approx(3)


def test_before_the_first_fragment_there_is_no_number():
    assert math.isnan(gensc.snr_probe().level())


def test_junk_is_counted():
    probe = gensc.snr_probe()
    assert through(probe, junk(), "fragment", "snr") == []
    assert probe.dropped == len(junk())


@pytest.mark.parametrize("alpha", [0, -0.1, 1.1])
def test_a_weight_outside_0_to_1_is_refused(alpha):
    with pytest.raises(gensc.GenscError, match="alpha"):
        gensc.snr_probe(alpha)
