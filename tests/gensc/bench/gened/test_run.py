"""`gensc bench gened` as a whole, on the smallest amount of work and with untrained weights."""

import json
from dataclasses import replace

import pytest
from rich.console import Console

from gened_sets import save_set
from gensc.bench.gened import costs
from gensc.bench.gened import run as gened
from gensc.experiment.output import as_object, print_tables, write
from gensc.system.errors import UserError
from gensc_models.codecs.swin.network import SwinConfig
from small_gened import TINY, small_codec

PLAN = gened.Plan(
    photos=2,
    rate=48,
    rates=(48,),
    snrs_db=(4.0,),
    overhead_rate=64,
    importance=2,
    timed_side=64,
    timings=1,
    air=replace(gened.AIR, channels=("awgn",), rates=(64,), snrs_db=(15,)),
    air_photos=1,
)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Untrained weights, and two variants of which one has a log of its training."""
    folder = tmp_path_factory.mktemp("weights")
    small_codec().save_pretrained(folder / "tiny")
    small_codec().save_pretrained(folder / "variants" / "full")
    (folder / "variants" / "full" / "training.jsonl").write_text('{"step": 5}\n{"step": 10}\n\n')
    small_codec(replace(TINY, dual=False)).save_pretrained(folder / "variants" / "single-branch")
    return folder


@pytest.fixture(scope="module")
def result(weights, tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    spec = save_set(folder / "first")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gened, "QUICK", PLAN)
        patch.setattr(costs, "PHOTO_BASE", SwinConfig())
        return gened.run(
            True,
            [spec, save_set(folder / "second")],
            model=str(weights / "tiny"),
            ablations=weights / "variants",
        )


def experiments(result):
    return {row["experiment"] for row in result.rows}


def test_every_experiment_leaves_rows(result):
    assert experiments(result) == {
        "quality", "ablation", "importance", "counts", "speed", "selected patches"
    }  # fmt: skip
    vias = {(r["scheme"], r["via"]) for r in result.rows if r["experiment"] == "quality"}
    assert ("single-branch", "torch") in vias
    assert {scheme for scheme, via in vias if via == "flowgraph"} == {
        "gened", "single-branch", "swinjscc"
    }  # fmt: skip


def test_every_figure_is_made_but_the_one_that_needs_a_generator(result):
    assert result.figures.keys() == {
        "foreground_psnr", "figure6", "figure7", "figure9_overhead", "flowgraph"
    }  # fmt: skip
    assert result.strips.keys() == {"figure10_schemes", "figure11_snrs", "figure12_failures"}
    assert "generative" in result.settings["left_out"]["figure 8"]


def test_every_codec_is_timed_in_both_precisions(result):
    timed = [(r["scheme"], r["precision"]) for r in result.rows if r["experiment"] == "speed"]
    assert len(timed) == len(set(timed)) == 2 * 3
    assert all(r["encode_ms"] > 0 for r in result.rows if r["experiment"] == "speed")


def test_every_scheme_at_a_point_has_the_same_symbols(result):
    checks = {c.name: c for c in result.checks if c.reference == "equal symbols"}
    assert [(c.value, c.met) for c in checks.values()] == [(0.0, True)] * 2


def test_a_variant_has_the_steps_of_its_log(result):
    steps = {r["scheme"]: r["steps"] for r in result.rows if r["experiment"] == "ablation"}
    assert steps == {"single-branch": None, "full": 10}


def test_what_is_missing_is_named(result):
    assert "swin-both" in result.settings["left_out"]


def test_everything_can_be_printed_and_written(result, tmp_path):
    console = Console(record=True, width=200)
    print_tables(result, console)
    assert "Table I" in console.export_text()
    paths = write(result, as_object(result, quick=True, seconds=1.0), tmp_path)
    names = {path.name for path in paths}
    assert {"gened.json", "images.jsonl", "figure6.svg", "figure11_snrs.png"} <= names
    assert "figure11_snrs.svg" not in names
    assert json.loads((tmp_path / "gened.json").read_text())["bench"] == "gened"


def test_weights_and_folders_that_were_named_must_be_there(tmp_path):
    with pytest.raises(UserError, match="--model nothing"):
        gened.run(True, limit=1, model="nothing")
    with pytest.raises(UserError, match="--ablations"):
        gened.run(True, limit=1, ablations=tmp_path / "nowhere")
    with pytest.raises(UserError, match="--edit nothing"):
        gened.run(True, limit=1, edit="nothing")
