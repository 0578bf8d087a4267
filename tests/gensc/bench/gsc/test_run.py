"""`gensc bench gsc` as a whole, on the smallest amount of work and with untrained weights."""

from dataclasses import replace

import numpy as np
import pytest

from gensc.bench.gsc import run as gsc
from gensc.bench.gsc.schemes import CIFAR_SCHEMES, load_systems
from gensc.experiment.output import as_object, write
from gensc.system.errors import UserError
from gsc_weights import save_all, save_pack

TINY = gsc.Plan(
    images=6, snrs_db=(5, 15), user_images=6, user_snrs_db=(10,), air_images=1, air_snrs_db=(12,),
    slots=1, slot_snrs_db=(15,), photos=1, side=64, cases=(("awgn", 32), ("rayleigh", 32)),
    photo_snrs_db=(15,), timings=1,
)  # fmt: skip


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "cifar.npz"
    save_pack(path, 6)
    return path


@pytest.fixture(scope="module")
def result(pack, tmp_path_factory):
    """One run with all weights at hand."""
    folder = tmp_path_factory.mktemp("weights")
    save_all(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENSC_WEIGHTS", str(folder))
        patch.setattr(gsc, "QUICK", TINY)
        yield gsc.run(True, pack, ["skimage:coffee"])


def rows(result, experiment):
    return [r for r in result.rows if r["experiment"] == experiment]


def test_every_figure_of_the_paper_is_there_but_what_has_no_log(result):
    assert set(result.figures) == {
        "figure4_psnr",
        "figure4_psnr_users",
        "figure5_ms_ssim",
        "figure5_ms_ssim_users",
        "figure6_strip",
        "figure6_strip_photos",
        "table1_runtime",
        "flowgraph",
        "photos_psnr",
        "photos_ms_ssim",
    }
    assert result.settings["left_out"]["figure 7"] == (
        "no training.jsonl beside a refiner's weights"
    )


def test_all_schemes_are_measured_at_every_point_with_the_same_symbols(result):
    found = rows(result, "cifar")
    schemes = {"gsc", "ngf", "deepjscc", "softcast", "jpeg+ldpc+qam", "jpeg-scaled+ldpc+qam"}
    points = {(r["scheme"], r["channel"], r["snr_db"]) for r in found}
    assert points == {(s, c, d) for s in schemes for c in ("awgn", "rayleigh") for d in (5, 15)}
    for row in found:
        assert row["images"] == 6
        assert 450 < row["symbols"] <= 512
        assert row["cbr"] == pytest.approx(1 / 6)
        assert 5 < row["psnr"] < 60


def test_an_untrained_refiner_changes_nothing(result):
    for experiment in ("cifar", "mu", "photos"):
        by_scheme = {
            scheme: [r["psnr"] for r in rows(result, experiment) if r["scheme"] == scheme]
            for scheme in ("gsc", "ngf")
        }
        assert by_scheme["gsc"] == pytest.approx(by_scheme["ngf"], abs=0.05)


def test_every_user_has_a_curve_for_each_separation(result):
    found = {
        (r["channel"], r["separation"], r["user"])
        for r in rows(result, "mu")
        if r["scheme"] == "gsc"
    }
    assert found == {
        (channel, separation, user)
        for channel, separation in (("awgn", "mmse"), ("rayleigh", "mmse"), ("rayleigh", "zf"))
        for user in range(3)
    }


def test_flowgraph_stands_beside_torch_and_leaves_a_line_per_image(result):
    for experiment in ("flowgraph", "mu flowgraph"):
        found = [r for r in rows(result, experiment) if r["scheme"] == "gsc"]
        assert found
        assert all(abs(r["difference"]) < 5 for r in found)
    lines = result.lines
    assert {line["scheme"] for line in lines} == {"ngf", "gsc"}
    assert all(line["via"] == "flowgraph" for line in lines)


def test_settings_say_which_copy_which_metric_and_which_weights(result):
    settings = result.settings
    assert settings["cifar"] == "CIFAR-10, JPEG-stored copy"
    assert "MS-SSIM (2 of 5 scales)" in settings["ms_ssim"]
    assert set(settings["weights"]) >= {"swin-cifar", "refiner-cifar", "deepjscc-cifar", "softcast"}
    assert {"swin-photo", "deepjscc-photo"} <= set(settings["weights"])


def test_files_are_written_with_the_lines_beside_the_object(result, tmp_path):
    obj = as_object(result, quick=True, seconds=1.0)
    few = replace(result, figures={"figure6_strip": result.figures["figure6_strip"]})
    names = {p.name for p in write(few, obj, tmp_path)}
    assert names == {"gsc.json", "images.jsonl", "figure6_strip.png", "figure6_strip.svg"}
    assert len((tmp_path / "images.jsonl").read_text().splitlines()) == len(result.lines)


def test_missing_weights_leave_their_scheme_out_with_a_reason(tmp_path, monkeypatch):
    monkeypatch.setattr("gensc_models.weights.store.search_folders", lambda: [tmp_path])
    systems = load_systems(CIFAR_SCHEMES)
    assert systems.found == {}
    assert set(systems.missing) == {"gsc", "ngf", "deepjscc", "softcast"}
    assert systems.missing["gsc"] == "--scheme: no codec called 'swin-cifar' (there is none)"


def test_without_a_refiner_only_gsc_is_left_out(tmp_path, monkeypatch):
    save_all(tmp_path)
    (tmp_path / "refiner-cifar" / "config.json").unlink()
    monkeypatch.setattr("gensc_models.weights.store.search_folders", lambda: [tmp_path])
    systems = load_systems(CIFAR_SCHEMES)
    assert list(systems.found) == ["ngf", "deepjscc"]
    assert "refiner-cifar" in systems.missing["gsc"]


def test_without_cifar_photos_alone_are_measured(monkeypatch):
    monkeypatch.setattr(gsc, "QUICK", TINY)
    result = gsc.run(True, None, ["skimage:coffee"])
    assert result.settings["cifar"] == "not measured: no --cifar"
    assert {r["experiment"] for r in result.rows} - {"training"} == {"photos"}
    assert not any(np.isfinite(check.value) for check in result.checks)


def test_data_that_cannot_be_read_are_refused_by_name(tmp_path):
    with pytest.raises(UserError, match=r"--cifar .*nothing: no such file or folder"):
        gsc.run(True, tmp_path / "nothing")
