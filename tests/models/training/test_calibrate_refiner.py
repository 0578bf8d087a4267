"""Cutting a refiner's correction to what suits several codecs."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.data import astronaut

from gensc_models import load_codec
from gensc_models.restore.refiner import Refiner, load_refiner
from gensc_models.training.calibrate_refiner import Links, calibrated, main
from small_refiner import SMALL, store

PHOTO = np.ascontiguousarray(astronaut()[:64, :64])


def test_a_share_scales_the_whole_correction(tmp_path: Path) -> None:
    whole = load_refiner(store(tmp_path)).network
    config = replace(SMALL, applied=(1.0, 0.5, 0.5, 0.0, 0.0))
    part = Refiner("part", config).network
    part.load_state_dict(whole.state_dict())
    image, noise = torch.rand(3, 3, 32, 32), torch.zeros(3, SMALL.prior_size)
    snr_db = torch.tensor([0.0, 10.0, 20.0])
    with torch.inference_mode():
        full, cut = (network(image, snr_db, noise) - image for network in (whole, part))
    torch.testing.assert_close(cut[0], full[0], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(cut[1], full[1] / 2, rtol=1e-4, atol=1e-6)
    assert not cut[2].any()
    assert full[2].any()


def test_a_harmful_refiner_is_silenced_and_keeps_its_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(PHOTO).save(tmp_path / "train_1.png")
    Image.fromarray(PHOTO[::-1]).save(tmp_path / "test_1.png")
    before = load_refiner(store(tmp_path / "before"))
    out = tmp_path / "small-refiner"
    main(
        ["--refiner", str(tmp_path / "before" / "small-refiner"), "--codec", "softcast",
         "--data", str(tmp_path), "--exclude-prefix", "test_", "--side", "64", "--rates", "32",
         "--out", str(out)]
    )  # fmt: skip
    after = load_refiner(out)
    assert max(after.config.applied) < 0.5
    assert str(after.config.applied[0]) in capsys.readouterr().out
    assert after.sha256 == before.sha256
    assert replace(after.config, applied=SMALL.applied) == before.config


def test_calibrating_twice_changes_nothing_more(tmp_path: Path) -> None:
    refiner, codec = load_refiner(store(tmp_path)), load_codec("softcast")
    image = torch.from_numpy(PHOTO).permute(2, 0, 1)[None].float() / 255.0
    links = Links(rates=(32,), fades_db=(0.0, 6.0))
    once = calibrated(refiner, [codec], image, links)
    assert calibrated(once, [codec], image, links).config == once.config
