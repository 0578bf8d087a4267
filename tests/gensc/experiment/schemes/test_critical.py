"""GVIF-CIE over the waveform: containers by the rows of a table, shortened until they fit."""

import numpy as np
import pytest

from gensc.adapt.system import CieSystem
from gensc.experiment.scheme import Picture
from gensc.experiment.schemes.critical import Critical
from gensc.experiment.ways import load_way
from gensc_phy.coding.bits import capacity_bytes, symbols_for
from gensc_phy.coding.mcs import choose_mcs
from rate_tables import table
from small_hyperprior import photo, small_codec

PICTURE = Picture("cat", photo(96, 128))
MARGIN_DB = 1.0


def ramp(image, stem):
    """Importance rising from left to right."""
    return np.tile(np.arange(image.shape[1], dtype=float), (image.shape[0], 1))


@pytest.fixture(scope="module")
def system():
    return CieSystem(small_codec(), ramp)


def test_a_row_of_the_table_is_sent_and_comes_back_as_the_bank_decodes_it(system):
    scheme = Critical("cie", system, table(), MARGIN_DB)
    sent = scheme.send(PICTURE, 50_000, 8.0)
    row, mcs = table().at(8.0), choose_mcs(8.0, MARGIN_DB)
    whole = system.extract(PICTURE.pixels, "cat", row.point, row.alpha)
    assert (sent.facts["point"], sent.facts["alpha"]) == (row.point, row.alpha)
    assert sent.facts["mcs"] == mcs.name
    assert sent.symbols.digital == symbols_for(len(whole.data), mcs)
    assert 0 < sent.mask.mean() < 1
    got = scheme.receive(load_way("bursts").carry(sent, "awgn", 8.0, 1).sections)
    np.testing.assert_array_equal(got.image, system.bank.decode(whole.data).image)


def test_what_does_not_fit_is_shortened_or_not_sent_at_all(system):
    mcs = choose_mcs(8.0, MARGIN_DB)
    whole = Critical("cie", system, table(), MARGIN_DB).send(PICTURE, 50_000, 8.0)
    budget = int(0.7 * whole.symbols.digital)
    short = Critical("cie", system, table(), MARGIN_DB).send(PICTURE, budget, 8.0)
    assert 0 < short.symbols.digital <= budget
    assert short.facts["bytes"] <= capacity_bytes(budget, mcs) < whole.facts["bytes"]
    assert short.facts["gvif_sent"] < whole.facts["gvif_sent"]
    stiff = Critical("whole", system, table(), MARGIN_DB, shortens=False)
    late = stiff.send(PICTURE, budget, 8.0)
    assert late.sections == ()
    assert late.facts == whole.facts
    assert stiff.receive(()).image is None
