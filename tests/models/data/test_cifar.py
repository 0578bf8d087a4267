"""CIFAR-10 from the official binary layout and from a pack of JPEG files."""

from pathlib import Path

import numpy as np
import pytest

from gensc_models.data.cifar import BINARY_FILES, load_cifar
from small_packs import write_pack


def records(seed: int, count: int = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
    return images, random.integers(0, 10, count)


@pytest.fixture
def official(tmp_path: Path) -> Path:
    for seed, name in enumerate((*BINARY_FILES["train"], *BINARY_FILES["test"])):
        images, labels = records(seed)
        planes = images.transpose(0, 3, 1, 2).reshape(3, -1)
        rows = np.concatenate([labels[:, None].astype(np.uint8), planes], axis=1)
        rows.tofile(tmp_path / name)
    return tmp_path


def test_official_files_are_read_plane_by_plane(official: Path) -> None:
    test = load_cifar(official, "test")
    images, labels = records(5)
    assert np.array_equal(test.images, images)
    assert np.array_equal(test.labels, labels)
    assert "official" in test.source
    train = load_cifar(official, "train")
    assert len(train.images) == 15
    assert np.array_equal(train.images[3:6], records(1)[0])
    assert len(load_cifar(official, "train", limit=4).labels) == 4


def test_a_pack_says_that_it_is_a_copy(tmp_path: Path) -> None:
    smooth = np.full((4, 32, 32, 3), 90, np.uint8)
    write_pack(tmp_path / "pack.npz", smooth, np.arange(4))
    pack = load_cifar(tmp_path / "pack.npz", limit=3)
    assert pack.images.shape == (3, 32, 32, 3)
    assert np.abs(pack.images.astype(int) - 90).max() <= 2
    assert pack.labels.tolist() == [0, 1, 2]
    assert "JPEG-stored copy" in pack.source


def test_what_is_not_cifar_is_refused_by_name(official: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_cifar(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="split 'all'"):
        load_cifar(official, "all")
    (official / "test_batch.bin").write_bytes(b"12345")
    with pytest.raises(ValueError, match=r"test_batch\.bin: 5 bytes"):
        load_cifar(official, "test")
    (official / "data_batch_3.bin").unlink()
    with pytest.raises(FileNotFoundError, match=r"no data_batch_3\.bin"):
        load_cifar(official, "train")
    np.savez(tmp_path / "other.npz", something=np.zeros(3))
    with pytest.raises(ValueError, match=r"other\.npz: not a pack"):
        load_cifar(tmp_path / "other.npz")
    write_pack(tmp_path / "large.npz", np.zeros((2, 64, 64, 3), np.uint8), np.zeros(2))
    with pytest.raises(ValueError, match="expected 32x32x3"):
        load_cifar(tmp_path / "large.npz")
