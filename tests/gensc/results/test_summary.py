"""The table for the terminal shows means of what there is, and says what could not be had."""

from dataclasses import replace

from gensc.results.result import NOT_ASKED, Result, Symbols
from gensc.results.summary import missing, table_of

RESULT = Result(
    image="a",
    shape=(32, 32, 3),
    scheme="softcast",
    channel="awgn",
    via="torch",
    symbols=Symbols(analog=128),
    snr_db=10,
    metrics={"psnr": 30.0, "ssim": 0.9},
)


def columns(results):
    """Heading to the cell of the only row."""
    table = table_of(results, "title")
    return {str(column.header): next(iter(column.cells)) for column in table.columns}


def test_a_row_holds_the_mean_over_the_images_that_have_the_metric():
    other = replace(RESULT, metrics={"psnr": 20.0})
    cells = columns([RESULT, other])
    assert (cells["images"], cells["PSNR dB"], cells["SSIM"]) == ("2", "25.00", "0.9000")
    assert cells["MS-SSIM"] == "–"


def test_metrics_that_are_not_always_computed_have_a_column_where_there_is_a_value():
    assert not {"BRISQUE", "GVIF"} & columns([RESULT]).keys()
    judged = replace(RESULT, metrics={"psnr": 30.0, "brisque": 21.5, "gvif": 0.5})
    cells = columns([RESULT, judged])
    assert (cells["BRISQUE"], cells["GVIF"]) == ("21.50", "0.5000")


def test_what_was_asked_for_and_cannot_be_had_is_named_once():
    reasons = {"lpips": "no weights", "brisque": NOT_ASKED, "gvif": "no latents"}
    lost = replace(RESULT, reasons=reasons)
    assert missing([lost, lost]) == ["no LPIPS: no weights"]
    assert missing([RESULT]) == []


def test_a_metric_that_one_image_has_is_not_missing():
    lost = replace(RESULT, reasons={"brisque": "one colour"})
    judged = replace(RESULT, metrics={"psnr": 30.0, "brisque": 21.5})
    assert missing([lost, judged]) == []
