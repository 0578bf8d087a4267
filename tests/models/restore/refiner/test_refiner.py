"""The refiner on uint8 images: any size, any number, the same image for the same seed."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from skimage.data import astronaut

from gensc_models import WeightsError, available, load_codec
from gensc_models.catalogue.shared import shared_codec_by_fingerprint
from gensc_models.restore.refiner import PHOTO, Refiner, load_refiner
from gensc_models.restore.refiner.tiles import TILE
from small_refiner import store


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def refiner(folder: Path) -> Refiner:
    return load_refiner(folder)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return store(tmp_path)


def photo(height: int, width: int) -> np.ndarray:
    return np.tile(astronaut(), (8, 8, 1))[:height, :width]


def difference(a: np.ndarray, b: np.ndarray) -> int:
    return int(np.abs(a.astype(int) - b.astype(int)).max())


@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(16, 70),
    width=st.integers(16, 70),
    snr_db=st.floats(-60.0, 100.0),
    data=st.data(),
)
def test_an_image_of_any_size_keeps_its_size(
    refiner: Refiner, height: int, width: int, snr_db: float, data: st.DataObject
) -> None:
    image = photo(height, width)
    refined = refiner.refine(image, snr_db, seed=data.draw(st.integers(0, 2**31)))
    assert refined.dtype == np.uint8
    assert refined.shape == image.shape


def test_it_changes_the_image_and_the_snr_and_seed_matter(refiner: Refiner) -> None:
    image = photo(48, 64)
    base = refiner.refine(image, 5.0)
    assert difference(base, image) > 0
    assert np.array_equal(base, refiner.refine(image, 5.0, seed=0))
    assert not np.array_equal(base, refiner.refine(image, 5.0, seed=1))
    assert not np.array_equal(base, refiner.refine(image, 0.0))


@pytest.mark.parametrize("snr_db", [-np.inf, -20.0, np.inf])
def test_outside_all_experience_the_image_stays_as_it_is(refiner: Refiner, snr_db: float) -> None:
    image = photo(40, 33)
    assert np.array_equal(refiner.refine(image, snr_db), image)


def test_untrained_refiner_is_the_identity() -> None:
    image = photo(50, 70)
    assert np.array_equal(Refiner("new", PHOTO).refine(image, 5.0), image)


def test_images_of_a_batch_are_refined_as_alone(refiner: Refiner) -> None:
    images = [photo(40, 56), photo(80, 56)[40:], np.full((40, 56, 3), 9, np.uint8)]
    snrs_db = [0.0, 7.0, 15.0]
    together = refiner.refine_images(images, snrs_db)
    for image, snr_db, refined in zip(images, snrs_db, together, strict=True):
        assert difference(refined, refiner.refine(image, snr_db)) <= 1


def test_more_images_than_one_pass_takes_keep_their_order(
    refiner: Refiner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gensc_models.restore.refiner.refiner.PIXELS_PER_PASS", 2 * 32 * 32)
    images = [np.full((32, 32, 3), 40 * i, np.uint8) for i in range(5)]
    refined = refiner.refine_images(images, [10.0] * 5)
    assert [round(image.mean() / 40) for image in refined] == list(range(5))
    assert refiner.refine_images([], []) == []


def test_the_given_image_is_not_written_to(refiner: Refiner) -> None:
    image = photo(32, 32).copy()
    image.flags.writeable = False
    before = image.copy()
    refiner.refine(image[:, ::-1], 5.0)
    assert np.array_equal(image, before)


def test_large_images_go_through_in_tiles_of_bounded_size(
    refiner: Refiner,
) -> None:
    seen: list[tuple[int, ...]] = []
    hook = refiner.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape))
    image = photo(TILE + 77, 2 * TILE + 5)
    refined = refiner.refine(image, 5.0)
    hook.remove()
    assert refined.shape == image.shape
    assert len(seen) == 6
    assert all(max(shape[-2:]) <= TILE for shape in seen)
    # Where only one tile looks, the result is that tile's.
    corner = refiner.refine(np.ascontiguousarray(image[:TILE, :TILE]), 5.0)
    assert difference(refined[:64, :64], corner[:64, :64]) <= 1


def test_tiles_of_the_identity_give_the_identity() -> None:
    image = photo(TILE + 40, TILE + 40)
    assert np.array_equal(Refiner("new", PHOTO).refine(image, 5.0), image)


@pytest.mark.parametrize(
    ("image", "snr_db", "reason"),
    [
        (np.zeros((15, 40, 3), np.uint8), 5.0, "40x15"),
        (np.zeros((40, 40), np.uint8), 5.0, "uint8 HxWx3"),
        (np.zeros((40, 40, 3), np.float32), 5.0, "float32"),
        (np.zeros((40, 40, 4), np.uint8), 5.0, r"\(40, 40, 4\)"),
        (np.zeros((40, 40, 3), np.uint8), np.nan, "snr_db"),
    ],
)
def test_what_cannot_be_refined_is_refused(
    refiner: Refiner, image: np.ndarray, snr_db: float, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        refiner.refine(image, snr_db)


def test_lists_must_fit(refiner: Refiner) -> None:
    image = photo(32, 32)
    with pytest.raises(ValueError, match="1 images but 2 SNRs"):
        refiner.refine_images([image], [1.0, 2.0])
    with pytest.raises(ValueError, match="different sizes"):
        refiner.refine_images([image, photo(32, 48)], [1.0, 2.0])


def test_what_was_saved_is_what_is_loaded(refiner: Refiner, folder: Path, tmp_path: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    assert (refiner.name, refiner.sha256) == ("small-refiner", config["sha256"])
    assert config["kind"] == "refiner"
    refiner.save_pretrained(tmp_path)
    stored = (tmp_path / "model.safetensors").read_bytes()
    assert hashlib.sha256(stored).hexdigest() == refiner.sha256


def test_refiners_are_listed_but_no_burst_header_means_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENSC_WEIGHTS", str(folder.parent))
    (info,) = (info for info in available() if info.name == "small-refiner")
    assert (info.kind, info.fingerprint, info.rates) == ("refiner", 0, ())
    with pytest.raises(WeightsError, match="weights 0000"):
        shared_codec_by_fingerprint(0)
    assert shared_codec_by_fingerprint(load_codec("softcast").fingerprint).name == "softcast"


def test_codecs_and_refiners_are_not_taken_for_one_another(folder: Path) -> None:
    with pytest.raises(WeightsError, match="'small-refiner' are of kind 'refiner', not a codec"):
        load_codec(folder)
    with pytest.raises(
        WeightsError, match="'softcast' are of kind 'photo-jscc', expected 'refiner'"
    ):
        load_refiner("softcast")


def test_a_checkpoint_that_does_not_fit_is_refused_by_name(copy: Path) -> None:
    path = copy / "config.json"
    config = json.loads(path.read_text())
    for changes, reason in [
        ({"prior_width": 8}, "do not fit their config: 'prior.first.weight'"),
        ({"widths": [4]}, "unusable network config"),
        ({"layers": 7}, "unusable network config"),
        ({"calibration": [1.0]}, "unusable network config: calibration"),
        ({"applied": [1.0]}, "unusable network config: applied"),
    ]:
        network = {**config["network"], **changes}
        path.write_text(json.dumps({**config, "network": network}))
        with pytest.raises(WeightsError, match=f"'small-refiner'.*{reason}"):
            load_refiner(copy)
    path.write_text(json.dumps({k: v for k, v in config.items() if k != "network"}))
    with pytest.raises(WeightsError, match="'small-refiner'"):
        load_refiner(copy)


def test_missing_and_damaged_tensors_are_refused_by_name(copy: Path) -> None:
    path = copy / "model.safetensors"
    tensors = load_file(path)
    tensors.pop("restoration.last.bias")
    save_file(tensors, path)
    with pytest.raises(WeightsError, match=r"small-refiner.*damaged"):
        load_refiner(copy)
    config = json.loads((copy / "config.json").read_text())
    config["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(WeightsError, match=r"small-refiner.*no tensor 'restoration.last.bias'"):
        load_refiner(copy)


def test_refining_leaves_the_global_random_state_alone(refiner: Refiner) -> None:
    state = torch.get_rng_state()
    refiner.refine(photo(32, 32), 5.0, seed=9)
    assert torch.equal(torch.get_rng_state(), state)
