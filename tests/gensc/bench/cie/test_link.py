"""What arrives over the burst waveform: what is late is lost, whatever it would have shown."""

import pytest

from gensc.adapt.importance import InformationImportance
from gensc.adapt.measure import measure
from gensc.adapt.system import CieSystem
from gensc.bench.cie import link, terms
from gensc.bench.cie.plan import Plan, Work
from small_hyperprior import photo, small_codec


@pytest.fixture(scope="module")
def result():
    bank = small_codec()
    system = CieSystem(bank, InformationImportance(bank))
    photos = [("cat", photo(96, 128))]
    family = measure(bank, system.importance, photos, (8, 19), (0, 0.5, 0.95))
    with pytest.MonkeyPatch.context() as patch:
        # Nothing whole is through in so short a time at the lower SNR.
        patch.setattr(link, "T_MAX_S", 0.006)
        plan = Plan(link_images=1, link_snrs_db=(-1.0, 20.0))
        yield link.run(Work(plan, system, family, photos, None, lambda note: None))


def row(result, scheme, snr_db):
    (found,) = (r for r in result.rows if (r["scheme"], r["snr_db"]) == (scheme, snr_db))
    return found


def test_a_late_image_is_grey_has_no_fidelity_and_still_a_length(result):
    late = row(result, terms.UNFILTERED, -1.0)
    assert (late["delivered"], late["gvif"]) == (0.0, 0.0)
    assert late["kbit"] > 0
    (line,) = (x for x in result.lines if (x.scheme, x.snr_db) == (terms.UNFILTERED, -1.0))
    assert (line.received, line.extra["in_time"], line.symbols.digital) == (False, False, 0)
    assert line.extra["air_ms"] > 6.0


def test_what_is_shortened_until_it_fits_arrives(result):
    for snr_db in (-1.0, 20.0):
        ours = row(result, terms.CIE, snr_db)
        assert ours["delivered"] == 100.0
        assert ours["gvif"] > 0
    assert row(result, terms.CIE, -1.0)["gvif"] < row(result, terms.CIE, 20.0)["gvif"]
