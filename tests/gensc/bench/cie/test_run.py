"""`gensc bench cie` as a whole, on the smallest amount of work and with untrained weights."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from gensc.bench.cie import loop as cie_loop
from gensc.bench.cie import run as cie
from gensc.bench.cie.plan import Plan
from gensc.experiment.base import BenchResult, Check
from gensc.experiment.output import as_object, write
from gensc.experiment.schemes.generative import Generative
from gensc_models.baselines import CaptionOnly
from gensc_models.semantics.importance import Classifier, ClassifierConfig
from gensc_models.weights.hub import UnavailableError
from small_hyperprior import photo, small_codec

TINY = Plan(
    rate_images=1, rate_points=(4, 12, 18), jpeg=(20, 80), webp=(20, 80), repeats=1,
    images=1, points=(1, 8, 14, 19), alphas=(0, 0.3, 0.95), limits_s=(0.01, 0.05),
    link_images=1, link_snrs_db=(5, 17), pictures=1, inpainted=1, inpainted_alphas=(0.5,),
    distance_images=1, distance_alphas=(0.0, 0.5), maps=1, fuzzed=20,
)  # fmt: skip


class Captioner:
    name = "captioner"

    def caption(self, image):
        return "a cat"


class Grey:
    name = "grey"

    def generate(self, prompt, height, width, seed=0):
        assert prompt == "a cat"
        return np.random.default_rng(seed).integers(100, 150, (height, width, 3), dtype=np.uint8)


#: What text alone is: a caption, and grey noise of it.
TEXT = Generative(CaptionOnly(Grey()), captioner=Captioner())


def no_fid():
    raise UnavailableError("FID cannot be computed", "no network")


def small_loop(plan, images, bank, importance):
    assert plan == cie_loop.QUICK
    assert len(images) == 1
    rows = [{"experiment": "loop", "transport": "burst", "run": "loop", "delivered": True}]
    return BenchResult("loop", rows, [Check("images delivered", 100.0, "%", ">=", 99)])


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    small_codec().save_pretrained(folder / "hyperprior")
    torch.manual_seed(0)
    config = ClassifierConfig(("a", "b"), stem=4, widths=(6, 8), blocks=(1, 1))
    Classifier(config).save_pretrained(folder / "classifier-tiny-imagenet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENSC_WEIGHTS", str(folder))
        patch.setattr(cie, "QUICK", TINY)
        patch.setattr(cie, "load_text_only", lambda name: (TEXT, ""))
        patch.setattr("gensc_models.metrics.distances.load_fid", no_fid)
        patch.setattr(cie_loop, "run", small_loop)
        model = str(folder / "hyperprior")
        Image.fromarray(photo(128, 192)).save(folder / "cat.png")
        yield cie.run(True, [str(folder / "cat.png")], model, 1, "information", "smooth")


def rows(result, experiment):
    found = [r for r in result.rows if r["experiment"] == experiment]
    assert found
    return found


def test_every_figure_of_the_paper_is_there(result):
    assert set(result.figures) == {
        "rate_distortion",
        "inpainting",
        "figure7_gvif",
        "figure9a_snr",
        "figure9b_latency",
        "gvif_map",
        "link_burst",
        "figure10_pictures",
        "figure11a_distance",
        "figure11b_distance",
    }


def test_rate_and_distortion_have_all_codecs_and_jpeg_2000_the_same_bytes(result):
    found = rows(result, "rate-distortion")
    assert {r["scheme"] for r in found} == {"hyperprior", "jpeg2000", "jpeg", "webp"}
    bpp = {(r["scheme"], r["level"]): r["bpp"] for r in found}
    for point in (4, 12, 18):
        assert bpp["jpeg2000", point] == pytest.approx(bpp["hyperprior", point], rel=0.1)
    assert [r["size"] for r in rows(result, "codec time")] == ["256x256", "512x768"]


def test_every_row_that_travels_says_by_which_account(result):
    for experiment in ("solvers", "adaptation", "latency", "link", "pictures", "distance", "loop"):
        for row in rows(result, experiment):
            assert row["transport"] in ("capacity", "burst")
    assert {r["transport"] for r in rows(result, "adaptation")} == {"capacity", "burst"}


def test_single_images_leave_lines_with_mask_psnr_and_gvif(result):
    lines = [line.as_dict() for line in result.lines]
    assert {line["scheme"] for line in lines} == {"cie", "codec without filtering", "jpeg2000"}
    for line in lines:
        assert line["via"] == "bursts"
        assert line["mask_psnr"] > 5
        assert (line["gvif"] is None) == (line["scheme"] == "jpeg2000")
        if line["received"]:
            assert line["symbols"]["digital"] > 0
            assert line["extra"]["in_time"]


def test_pictures_show_text_alone_where_its_pipelines_can_be_had(result):
    found = rows(result, "pictures")
    assert {(r["scheme"], r["snr_db"]) for r in found} == {
        (scheme, snr)
        for scheme in ("text only", "jpeg2000", "codec without filtering", "cie")
        for snr in (-1.0, 6.0)
    }
    for row in found:
        assert row["latency_ms"] <= row["t_max_ms"] + 1e-6


def test_what_cannot_be_had_is_left_out_with_its_reason(result):
    assert result.settings["left_out"] == {"FID": "FID cannot be computed (no network)"}
    metrics = {r["metric"] for r in rows(result, "distance")}
    assert len(metrics) == 1
    assert "classifier-tiny-imagenet" in metrics.pop()


def test_there_is_a_check_for_every_line_of_the_list(result):
    names = " | ".join(check.name for check in result.checks)
    for part in (
        "JPEG 2000 at the same bytes", "0.32 bit per pixel", "likelihood", "Figure 7",
        "GVIF without distortion", "Algorithm 1", "largest fall", "α at 20 dB",
        "mask PSNR, least", "mask PSNR at -1 dB", "Figure 11b", "images delivered",
        "without a crash", "slowest", "memory",
    ):  # fmt: skip
        assert part in names
    (exact,) = (c for c in result.checks if c.name.startswith("GVIF without distortion"))
    assert exact.value == 0.0


def test_files_are_written(result, tmp_path):
    obj = as_object(result, quick=True, seconds=1.0)
    one = replace(result, figures={"figure10": result.figures["figure10_pictures"]})
    paths = write(one, obj, tmp_path)
    assert [p.name for p in paths] == ["cie.json", "images.jsonl", "figure10.png", "figure10.svg"]
    assert json.loads((tmp_path / "cie.json").read_text())["bench"] == "cie"
