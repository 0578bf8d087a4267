"""Training the inpainting network: masks, patches, noise levels, and how good its holes are."""

from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.data import astronaut, coffee

from gensc_models.restore.inpainting.masks import MaskMaker
from gensc_models.restore.inpainting.patches import PatchMaker, gaussian_blur, residual_scales
from gensc_models.restore.inpainting.pyramid import COARSEST, KINDS
from gensc_models.training.recipes.inpainter import draw_taus, hole_loss
from small_inpainter import small_network
from small_training import prepared, store


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store(tmp_path_factory.mktemp("training"))


@pytest.mark.parametrize("maps", [[], [np.eye(40, 60, dtype=np.uint8) * 255]])
def test_masks_are_blocks_with_something_missing(maps):
    maker = MaskMaker(1, maps)
    shares = []
    for _ in range(200):
        keep = maker.pixels(32, block=8)
        assert keep.shape == (32, 32)
        assert not keep.all()
        assert ((keep[:, 1:] != keep[:, :-1]).any(axis=0)).sum() <= 4
        shares.append(keep.mean())
    assert min(shares) < 0.2
    assert max(shares) > 0.7


@pytest.mark.parametrize("kind", range(KINDS))
def test_patches_start_from_a_continuation_that_is_exact_where_known(kind):
    maker = PatchMaker([astronaut(), coffee()], seed=1)
    patches = maker.of_kind(kind, 3)
    side = 16 if kind == COARSEST else 32
    assert patches.image.shape == patches.fill.shape == (3, 3, side, side)
    known = patches.weight.bool().expand_as(patches.image)
    assert torch.allclose(patches.fill[known], patches.image[known], atol=1e-5)
    assert not torch.allclose(patches.fill[~known], patches.image[~known], atol=1e-2)
    assert patches.kind.tolist() == [kind] * 3


def test_equal_seeds_draw_equal_patches():
    first, second = (PatchMaker([astronaut()], seed=4).batch((1, 1, 1, 1, 2)) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_scales_say_how_much_the_continuation_lacks():
    scales = residual_scales(PatchMaker([astronaut(), coffee()], seed=1), 16)
    assert scales.shape == (KINDS, 3)
    assert (scales[:, 0] > scales[:, 2]).all(), "brightness varies most"
    assert scales[COARSEST, 0] == scales[:, 0].max()


def test_a_blur_keeps_the_mean_and_an_absent_one_the_image():
    image = torch.rand(2, 3, 12, 12)
    blurred = gaussian_blur(image, torch.tensor([0.0, 1.0]))
    assert torch.allclose(blurred[0], image[0], atol=1e-6)
    assert blurred[1].std() < 0.7 * image[1].std()
    assert torch.allclose(gaussian_blur(torch.ones(1, 3, 9, 9), torch.ones(1)), torch.ones(1))


def test_noise_levels_cover_the_range_and_some_are_pure_noise():
    tau = draw_taus(1000, 0.2, torch.Generator().manual_seed(0))
    assert 150 < (tau == 1.0).sum() < 250
    assert 0.0 < tau.min() < 0.01
    assert tau[tau < 1.0].mean().item() == pytest.approx(0.5, abs=0.03)


def test_only_holes_count():
    maker = PatchMaker([astronaut()], seed=1)
    patches = maker.of_kind(0, 2)
    network = small_network()
    tau, noise = torch.ones(2), torch.zeros(2, 3, 32, 32)
    before = hole_loss(network, patches, tau, noise)
    elsewhere = patches.image + patches.weight
    changed = hole_loss(network, patches._replace(image=elsewhere), tau, noise)
    assert torch.allclose(before, changed)
    in_holes = patches.image + (1.0 - patches.weight)
    assert not torch.allclose(
        before, hole_loss(network, patches._replace(image=in_holes), tau, noise)
    )


def test_the_size_of_the_residual_is_measured_once_and_kept(folder: Path, tmp_path: Path) -> None:
    run = prepared("inpainter", folder, tmp_path, max_steps=2)
    scales = run.network.residual_scales.clone()
    assert not (scales == 1.0).any()
    run.train()
    again = prepared("inpainter", folder, tmp_path, max_steps=3)
    assert torch.equal(scales, again.average.residual_scales)


def test_the_card_compares_it_with_the_smooth_continuation(folder: Path, tmp_path: Path) -> None:
    more = (f"maps={folder / 'maps'}",)
    card = (
        prepared("inpainter", folder, tmp_path, *more, max_steps=1).train() / "README.md"
    ).read_text()
    for key in ("psnr", "texture", "border"):
        for name in ("trained", "smooth"):
            assert f"| {key} in the holes | {name} | " in card


def test_maps_and_photos_that_are_not_there_are_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no image files under"):
        prepared("inpainter", folder, tmp_path / "a", f"maps={tmp_path}")
    with pytest.raises(FileNotFoundError, match="no training photo of 500 pixels"):
        prepared("inpainter", folder, tmp_path / "b", "patch=500")
