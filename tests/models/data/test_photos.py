"""Photo folders, random crops and prefetching."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gensc_models.data.photos import (
    CropSampler,
    centre_crop,
    crop_to_blocks,
    load_photo,
    photo_files,
    prefetch,
    to_tensor,
)


def make_photo(path: Path, height: int = 140, width: int = 150) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(len(path.name))
    Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8)).save(path)
    return path


def test_files_are_found_sorted_and_without_an_excluded_prefix(tmp_path: Path) -> None:
    for name in ("b.png", "sub/a.JPG", "test_c.png"):
        make_photo(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no photo")
    found = photo_files([tmp_path], exclude_prefix=["test_"])
    assert [p.name for p in found] == ["b.png", "a.JPG"]


def test_folder_without_photos_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="empty"):
        photo_files([tmp_path / "empty"])


def test_grey_and_transparent_files_become_colour(tmp_path: Path) -> None:
    Image.new("L", (20, 30), 77).save(tmp_path / "grey.png")
    photo = load_photo(tmp_path / "grey.png")
    assert photo.shape == (30, 20, 3)
    assert (photo == 77).all()
    assert to_tensor(photo)[0, 1, 0, 0] == pytest.approx(77 / 255)


def test_centre_crop_takes_the_middle_or_all_there_is() -> None:
    photo = np.arange(10 * 8 * 3, dtype=np.uint8).reshape(10, 8, 3)
    assert np.array_equal(centre_crop(photo, 4), photo[3:7, 2:6])
    assert np.array_equal(centre_crop(photo, 9), photo[0:9])


def test_crop_to_blocks_takes_the_middle_of_whole_blocks() -> None:
    photo = np.arange(35 * 50, dtype=np.uint16).astype(np.uint8).reshape(35, 50)
    assert np.array_equal(crop_to_blocks(photo), photo[1:33, 1:49])


def test_crops_have_the_size_asked_for_and_repeat_with_the_seed() -> None:
    photos = [np.random.default_rng(0).integers(0, 256, (140, 200, 3), np.uint8)]
    for size in (32, 128):
        batch = CropSampler(photos, seed=4).batch(12, size)
        assert batch.shape == (12, 3, size, size)
        assert torch.equal(batch, CropSampler(photos, seed=4).batch(12, size))
        assert len({tuple(crop.flatten()[:50].tolist()) for crop in batch}) > 6


def test_prefetch_keeps_the_order_and_passes_errors_on() -> None:
    numbers = iter(range(5))
    assert list(islice(prefetch(lambda: next(numbers)), 5)) == [0, 1, 2, 3, 4]

    def broken() -> int:
        raise OSError("disk on fire")

    with pytest.raises(OSError, match="disk on fire"):
        next(prefetch(broken))
