"""`gensc bench codec` on one small photo: who gets what, what is lost, and what comes of it."""

import pytest

from gensc.bench import codec
from gensc.bench.codec import ADAPTIVE, DESIGNED, PLAIN, SCALED
from gensc.experiment.rows import of

PLAN = codec.Plan((64,), (0.0, 5.0, 10.0), (0.0, 5.0), flowgraph_photos=1, max_side=128)


@pytest.fixture(scope="module")
def result():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec, "QUICK", PLAN)
        return codec.run(True, ["skimage:chelsea"])


def point(result, scheme, snr_db, channel="awgn", told=ADAPTIVE, via="bursts"):
    (row,) = of(result.rows, scheme=scheme, snr_db=snr_db, channel=channel, told=told, via=via)
    return row


def test_every_scheme_runs_at_every_point_and_through_gnu_radio(result):
    assert len(of(result.rows, via="bursts")) == 4 * (3 + 2 + 3)
    assert {r["scheme"] for r in of(result.rows, via="flowgraph")} == {"deepjscc-photo", SCALED}


def test_digital_schemes_get_no_more_symbols_than_analog_ones(result):
    analog = point(result, "deepjscc-photo", 10.0)
    digital = point(result, SCALED, 10.0)
    assert 0.7 * analog["symbols"] < digital["symbols"] <= analog["symbols"]
    assert analog["cbr"] == pytest.approx(64 / 768, rel=0.15)
    assert (analog["failed"], digital["failed"], analog["photos"]) == (0, 0, 1)
    assert analog["snr_measured_db"] == pytest.approx(10, abs=0.5)


def test_a_jpeg_below_the_snr_it_was_made_for_is_lost_and_an_analog_picture_is_not(result):
    lost, shown = (point(result, s, 5.0, told=DESIGNED) for s in (SCALED, "deepjscc-photo"))
    assert (lost["failed"], shown["failed"]) == (1, 0)
    assert shown["psnr"] > lost["psnr"] + 5
    assert lost["design_snr_db"] == codec.DESIGN_SNR_DB


def test_where_the_channel_fades_a_margin_is_chosen(result):
    assert point(result, PLAIN, 5.0, "multipath")["setting"].startswith("margin")


def test_a_table_per_channel_and_design_and_all_figures(result):
    assert [t.title.rsplit(", ", 1)[1] for t in result.tables] == [ADAPTIVE, ADAPTIVE, DESIGNED]
    assert result.figures.keys() == {"psnr_awgn", "psnr_multipath", "cliff"}


def test_gnu_radio_gives_what_the_waveform_in_numpy_gives(result):
    # So small a picture meets few samples of noise, which are others in both.
    check = result.checks[-1]
    assert check.name.startswith("burst path in NumPy")
    assert check.value < 1.0
