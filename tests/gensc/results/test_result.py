"""A result line has every field of the contract; what is missing is null with a reason."""

import json
import math

import pytest

from gensc.results.result import METRICS, Result, Symbols, write_results
from gensc.system.weights import Weights

CONTRACT = {
    "scheme", "weights", "weights_sha256", "channel", "snr_db", "snr_measured_db", "cbr",
    "symbols", "psnr", "ssim", "ms_ssim", "lpips", "clip_score", "brisque", "mask_psnr", "gvif",
    "latency_ms", "seed", "versions",
}  # fmt: skip


def result(**changes):
    values = {
        "image": "chelsea",
        "shape": (256, 256, 3),
        "scheme": "softcast",
        "channel": "awgn",
        "via": "flowgraph",
        "symbols": Symbols(analog=8192, overhead=900),
        "metrics": {"psnr": 27.5},
    }
    return Result(**(values | changes))


def test_line_has_every_field_of_the_contract():
    assert result().as_dict().keys() >= CONTRACT


def test_bandwidth_ratio_is_payload_symbols_over_colour_samples():
    assert result().cbr == pytest.approx(1 / 24)
    both = result(symbols=Symbols(analog=4096, text=4096, overhead=10**6))
    assert both.cbr == pytest.approx(1 / 24)


def test_symbols_are_reported_by_kind_with_overhead_beside_them():
    line = result(symbols=Symbols(1, 2, 3, 4)).as_dict()
    assert line["symbols"] == {"analog": 1, "digital": 2, "text": 3, "overhead": 4}


def test_every_missing_metric_is_null_and_says_why():
    line = result(reasons={"lpips": "no network"}).as_dict()
    missing = {name for name in METRICS if line[name] is None}
    assert missing == set(METRICS) - {"psnr"}
    assert line["not_computed"].keys() == missing
    assert line["not_computed"]["lpips"] == "no network"


def test_line_says_how_psnr_is_computed_and_what_the_receiver_knew():
    line = result(csi="perfect").as_dict()
    assert "uint8" in line["psnr_computed"]
    assert "per image" in line["psnr_computed"]
    assert line["csi"] == "perfect"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_json_cannot_say_are_null(value):
    line = result(snr_measured_db=value, metrics={"psnr": value}).as_dict()
    assert line["snr_measured_db"] is None
    assert line["psnr"] is None
    json.dumps(line, allow_nan=False)


def test_weights_are_named_with_their_sha256():
    line = result(weights=Weights("softcast", "ab" * 32)).as_dict()
    assert (line["weights"], line["weights_sha256"]) == ("softcast", "ab" * 32)


def test_versions_name_numpy_and_torch():
    assert {"numpy", "torch", "gnuradio", "gr-gensc"} <= result().as_dict()["versions"].keys()


def test_file_holds_one_json_object_per_line(tmp_path):
    path = tmp_path / "new" / "results.jsonl"
    write_results(path, [result(image="é"), result(image="b")])
    assert [json.loads(line)["image"] for line in path.read_text().splitlines()] == ["é", "b"]
