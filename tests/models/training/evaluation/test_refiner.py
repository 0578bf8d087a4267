"""Tables of decoded against refined images."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from gensc_models import load_codec
from gensc_models.metrics.fidelity import psnr
from gensc_models.restore.refiner import Refiner
from gensc_models.training.evaluation.photo import send_through
from gensc_models.training.evaluation.refiner import (
    RefinedPoint,
    evaluate_point,
    main,
    markdown_table,
)
from small_refiner import SMALL, store

PHOTO = np.ascontiguousarray(astronaut()[:176, :176])


def test_a_refiner_that_changes_nothing_gains_nothing() -> None:
    codec = load_codec("softcast")
    point = evaluate_point(codec, Refiner("none", SMALL), [PHOTO], 32, 10.0, seed=4)
    decoded = send_through(codec, PHOTO, "awgn", 32, 10.0, 4)
    assert point.psnr_decoded == point.psnr_refined == pytest.approx(psnr(PHOTO, decoded), abs=1e-3)
    assert point.ms_ssim_decoded == point.ms_ssim_refined
    assert (point.better, point.photos, point.refiner) == (0.0, 1, "none")


def test_the_command_prints_every_point_and_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(astronaut()[:180, :200]).save(tmp_path / "test_1.png")
    refiner = store(tmp_path / "weights")
    arguments = ["--refiner", str(refiner), "--codec", "softcast", "--data", str(tmp_path)]
    main([*arguments, "--prefix", "test_", "--crop", "176", "--rates", "32", "--snrs", "5", "15"])
    lines = capsys.readouterr().out.splitlines()
    points = [RefinedPoint(**json.loads(line)) for line in lines[:2]]
    assert [(p.rate, p.snr_db) for p in points] == [(32, 5.0), (32, 15.0)]
    assert points[0].psnr_decoded != points[0].psnr_refined
    assert "\n".join(lines[2:]) == markdown_table(points)
    assert lines[4].startswith("| 1/24 | 5 dB | ")
