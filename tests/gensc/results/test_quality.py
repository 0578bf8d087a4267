"""Every metric of a result line has a value or a reason; what is slow comes only when asked for."""

import numpy as np
import pytest

from gensc.data.images import fit, load_image
from gensc.results import quality
from gensc.results.quality import score
from gensc.results.result import METRICS, NOT_ASKED
from gensc_models.metrics.clip import ENVIRONMENT
from gensc_models.metrics.fidelity import mask_psnr
from gensc_models.weights.hub import UnavailableError
from small_clip import save_clip


@pytest.fixture(scope="module")
def pair():
    photo = fit(load_image("skimage:coffee"), 192, 192)
    noise = np.random.default_rng(1).normal(0, 12, photo.shape)
    return photo, np.clip(photo + noise, 0, 255).astype(np.uint8)


@pytest.fixture(autouse=True)
def nothing_remembered():
    quality._outcome.cache_clear()
    yield
    quality._outcome.cache_clear()


@pytest.fixture
def no_lpips(monkeypatch):
    """LPIPS cannot be had; the list grows whenever it is tried."""
    tried = []

    def load():
        tried.append(1)
        raise UnavailableError("the weights of LPIPS (alex) cannot be had", "no network")

    monkeypatch.setattr("gensc_models.metrics.lpips.load_lpips", load)
    return tried


@pytest.fixture
def clip(monkeypatch, tmp_path):
    save_clip(tmp_path)
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))


@pytest.mark.parametrize("effort", ["psnr", "fidelity", "perceptual"])
def test_a_metric_has_either_a_value_or_a_reason(pair, effort, no_lpips, clip):
    values, reasons = score(*pair, effort=effort, caption="coffee")
    assert values.keys() | reasons.keys() == set(METRICS)
    assert not values.keys() & reasons.keys()


def test_effort_says_how_much_is_computed(pair, no_lpips, clip):
    assert score(*pair, effort="psnr")[0].keys() == {"psnr"}
    assert score(*pair)[0].keys() == {"psnr", "ssim", "ms_ssim"}
    values, _ = score(*pair, effort="perceptual", caption="a cup of coffee")
    perceptual = {"st_lpips", "clip_score", "brisque", "top1", "top5"}
    assert values.keys() == {"psnr", "ssim", "ms_ssim"} | perceptual
    assert 0 <= values["clip_score"] <= 100
    assert values["brisque"] > score(pair[0], pair[0], effort="perceptual")[0]["brisque"]


def test_what_was_not_wanted_says_so(pair):
    _, reasons = score(*pair, effort="psnr")
    unwanted = {name for name, why in reasons.items() if why == NOT_ASKED}
    assert unwanted == set(METRICS) - {"psnr", "mask_psnr", "gvif"}


def test_without_a_caption_there_is_no_clip_score(pair, no_lpips):
    _, reasons = score(*pair, effort="perceptual")
    assert "no caption" in reasons["clip_score"]


def test_what_cannot_be_had_is_a_reason_and_is_tried_once(pair, no_lpips):
    for _ in range(3):
        _, reasons = score(*pair, effort="perceptual")
        assert reasons["lpips"] == "the weights of LPIPS (alex) cannot be had (no network)"
    assert len(no_lpips) == 1


def test_lpips_is_of_the_pair(pair, monkeypatch):
    def load():
        return lambda a, b: np.abs(a.astype(float) - b).mean(axis=(1, 2, 3))

    monkeypatch.setattr("gensc_models.metrics.lpips.load_lpips", load)
    values, _ = score(*pair, effort="perceptual")
    assert values["lpips"] == pytest.approx(np.abs(pair[0].astype(float) - pair[1]).mean())


def test_st_lpips_is_of_the_pair_or_says_what_brings_it(pair, monkeypatch):
    values, _ = score(*pair, effort=("st_lpips",))
    assert 0 < values["st_lpips"] < 1
    quality._outcome.cache_clear()
    monkeypatch.setattr("gensc_models.metrics.st_lpips.PACKAGE", "a_package_that_nobody_has")
    values, reasons = score(*pair, effort=("psnr", "st_lpips"))
    assert values.keys() == {"psnr"}
    assert reasons["st_lpips"].startswith("ST-LPIPS: pip install 'gr-gensc[pretrained]'")


def test_a_mask_brings_its_psnr_at_any_effort(pair):
    mask = np.zeros(pair[0].shape[:2], bool)
    mask[20:60, 30:90] = True
    values, _ = score(*pair, effort="psnr", mask=mask)
    assert values["mask_psnr"] == mask_psnr(*pair, mask)
    assert "no mask" in score(*pair)[1]["mask_psnr"]
    assert "empty" in score(*pair, mask=np.zeros_like(mask))[1]["mask_psnr"]


def test_what_a_scheme_knows_is_taken_as_it_is(pair):
    values, reasons = score(*pair, known={"gvif": 0.7})
    assert values["gvif"] == 0.7
    assert "gvif" not in reasons
    assert "latents" in score(*pair)[1]["gvif"]


def test_an_exact_image_has_infinite_psnr_and_the_reason(pair):
    values, reasons = score(pair[0], pair[0])
    assert values["psnr"] == float("inf")
    assert "exactly" in reasons["psnr"]


def test_images_too_small_or_without_texture_say_why(no_lpips):
    flat = np.full((40, 40, 3), 90, np.uint8)
    _, reasons = score(flat, flat, effort="perceptual")
    assert "176 pixels" in reasons["ms_ssim"]
    assert "one colour" in reasons["brisque"]


def test_nothing_received_is_the_reason_for_everything(pair):
    values, reasons = score(pair[0], None, effort="perceptual", known={"gvif": 0.1})
    assert values == {}
    assert reasons == dict.fromkeys(METRICS, "nothing received")


def test_pictures_of_different_shapes_are_a_mistake(pair):
    with pytest.raises(ValueError, match="shapes differ"):
        score(pair[0], pair[1][:-1])
