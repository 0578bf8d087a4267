"""The diffusion inpainter: any size, equal seeds, no seams, weights that fit or are refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.data import rocket

from gensc_models import WeightsError
from gensc_models.restore.inpainting import (
    DiffusionInpainter,
    SamplingConfig,
)
from gensc_models.restore.inpainting.pyramid import COARSEST, continuation, levels
from gensc_models.restore.inpainting.tiles import Tiles
from small_inpainter import SMALL, small_inpainter, small_network, store

FAST = SamplingConfig(steps=8, refining_steps=1, jumps=1, jump_length=2)


def photo(height, width, seed=0):
    row, column = np.mgrid[:height, :width]
    waves = [np.sin(row / 9 + k) * np.cos(column / (5 + k)) for k in range(3)]
    noise = np.random.default_rng(seed).normal(0, 8, (height, width, 3))
    return (128 + 70 * np.stack(waves, axis=2) + noise).clip(0, 255).astype(np.uint8)


def left_half(height, width):
    keep = np.zeros((height, width), dtype=bool)
    keep[:, : (width + 1) // 2] = True
    return keep


def test_equal_seeds_give_equal_images_and_others_others():
    image, keep = photo(48, 60), left_half(48, 60)
    inpainter = small_inpainter()
    first, again, other = (inpainter.inpaint(image, keep, seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_prompt_has_no_effect():
    image, keep = photo(32, 32), left_half(32, 32)
    inpainter = small_inpainter()
    np.testing.assert_array_equal(
        inpainter.inpaint(image, keep, "a cat"), inpainter.inpaint(image, keep, "a dog")
    )


@settings(max_examples=12, deadline=None)
@given(height=st.integers(1, 90), width=st.integers(1, 90))
def test_any_size_goes_in_and_comes_out(height, width):
    image, keep = photo(height, width), left_half(height, width)
    result = small_inpainter(FAST).inpaint(image, keep)
    assert result.shape == image.shape
    np.testing.assert_array_equal(result[keep], image[keep])


@pytest.mark.parametrize("count", range(1, 8))
def test_a_whole_image_takes_thirty_one_evaluations(count):
    paths = small_inpainter().paths(count)
    assert len(paths) == count
    assert sum(step.stop < step.start for path in paths for step in path) == 31


def test_very_large_images_take_the_fewest_steps_per_level():
    evaluations = [sum(s.stop < s.start for s in p) for p in small_inpainter().paths(12)]
    assert evaluations == [4] * 12


def test_a_network_that_adds_nothing_leaves_noise_over_the_smooth_continuation():
    inpainter = small_inpainter(SamplingConfig(temperature=0.0))
    with torch.no_grad():
        inpainter.network.residual_scales.fill_(1e-6)
    image, keep = photo(70, 90), left_half(70, 90)
    parts = levels(*_known(image, keep))
    values = None
    for level in parts:
        values = continuation(level.values, level.weight, values)
    expected = (values[0].permute(1, 2, 0).numpy() * 255).round().clip(0, 255)
    difference = inpainter.inpaint(image, keep).astype(int) - expected
    assert np.abs(difference).max() <= 1


def _known(image, keep):
    values = torch.from_numpy(image.astype(np.float32) / 255).permute(2, 0, 1)[None]
    weight = torch.from_numpy(keep)[None, None].float()
    return values * weight, weight


def test_levels_halve_to_the_coarsest_and_stay_exact_where_known():
    image, keep = photo(100, 150), left_half(100, 150)
    parts = levels(*_known(image, keep))
    assert [level.values.shape[-2:] for level in parts] == [
        (13, 19), (25, 38), (50, 75), (100, 150)
    ]  # fmt: skip
    assert [level.kind for level in parts] == [COARSEST, 2, 1, 0]
    coarser = torch.rand(1, 3, 50, 75)
    fill = continuation(parts[-1].values, parts[-1].weight, coarser)
    known = parts[-1].weight.bool().expand_as(fill)
    assert torch.allclose(fill[known], parts[-1].values[known], atol=1e-6)


def test_a_small_image_has_one_level():
    assert [level.kind for level in levels(*_known(photo(9, 9), left_half(9, 9)))] == [COARSEST]


@settings(max_examples=20, deadline=None)
@given(height=st.integers(1, 200), width=st.integers(1, 200))
def test_tiles_of_a_pointwise_function_blend_to_the_function_of_the_whole(height, width):
    x = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))
    tiles = Tiles(torch.ones(1, 1, height, width), tile=64)
    blended = tiles.blend(lambda area: x[..., area[0], area[1]].square())
    assert torch.allclose(blended, x.square(), atol=1e-5)


def test_tiles_with_nothing_missing_are_left_out():
    missing = torch.zeros(1, 1, 64, 200)
    missing[..., 150:] = 1.0
    tiles = Tiles(missing, tile=64)
    whole = Tiles(torch.ones_like(missing), tile=64)
    assert 0 < len(tiles) < len(whole)
    blended = tiles.blend(lambda area: torch.ones(1, 3, 64, area[1].stop - area[1].start))
    assert (blended[..., 150:] == 1.0).all()
    assert (blended[..., :32] == 0.0).all()


def test_tiles_agree_with_the_whole_image_away_from_their_ends():
    network = small_network().eval()
    random = torch.Generator().manual_seed(0)
    x, fill = torch.rand(2, 1, 3, 64, 176, generator=random)
    weight = torch.zeros(1, 1, 64, 176)
    tau, kind = torch.ones(1), torch.zeros(1, dtype=torch.long)

    def run(area):
        return network(*(part[..., area[0], area[1]] for part in (x, fill, weight)), tau, kind)

    with torch.inference_mode():
        whole = run((slice(0, 64), slice(0, 176)))
        tiled = Tiles(1.0 - weight, tile=112, overlap=48).blend(run)
    # The tiles are 0 ... 112 and 64 ... 176. What is nearer than 24 pixels to their inner ends
    # is within reach of the padding.
    outside = torch.ones(176, dtype=torch.bool)
    outside[64 : 64 + 24] = outside[112 - 24 : 112] = False
    assert torch.allclose(tiled[..., outside], whole[..., outside], atol=1e-4)
    assert not torch.allclose(tiled, whole, atol=1e-6)


def seam(filled, rows):
    """Mean step between columns where tiles of 64 begin or end, relative to columns between them.

    Tiles begin on multiples of 16, where the network's own grid has its borders, too.
    """
    width = filled.shape[1]
    steps = np.abs(np.diff(filled.astype(float), axis=1))[rows].mean(axis=(0, 2))
    columns = [area[1] for area in Tiles(torch.ones(1, 1, *filled.shape[:2]), tile=64).areas]
    ends = {span.start for span in columns} | {span.stop for span in columns}
    borders = [column - 1 for column in ends if 0 < column < width]
    elsewhere = np.setdiff1d(np.arange(15, width - 1, 16), borders)
    return steps[borders].mean() / steps[elsewhere].mean()


def test_no_seam_where_tiles_meet():
    image = photo(48, 352)
    keep = np.zeros((48, 352), dtype=bool)
    keep[:8] = True
    filled = small_inpainter(replace(FAST, tile=64)).inpaint(image, keep)
    assert seam(filled, slice(8, None)) <= 1.1


def test_weights_come_back_as_they_were_stored(tmp_path):
    inpainter = DiffusionInpainter.from_pretrained(str(store(tmp_path)))
    assert inpainter.name == "small-inpainter"
    assert inpainter.network.config == SMALL
    assert len(inpainter.sha256) == 64
    image, keep = photo(40, 40), left_half(40, 40)
    expected = small_inpainter().inpaint(image, keep).astype(int)
    assert np.abs(inpainter.inpaint(image, keep).astype(int) - expected).mean() < 2.0


def test_weights_of_another_kind_are_refused_by_name():
    with pytest.raises(WeightsError, match=r"'softcast' are of kind .*, expected 'inpainter'"):
        DiffusionInpainter.from_pretrained("softcast")


def test_a_network_of_another_size_is_refused_by_name(tmp_path):
    folder = store(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    config["network"]["widths"] = [4, 12]
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(WeightsError, match="'small-inpainter' do not fit their config"):
        DiffusionInpainter.from_pretrained(folder)
    config["network"]["height"] = 3
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(WeightsError, match="'small-inpainter': unusable network config"):
        DiffusionInpainter.from_pretrained(folder)


def test_sampling_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="tile must be a multiple of 16 above 32, not 40"):
        SamplingConfig(tile=40)
    with pytest.raises(ValueError, match="at least one step"):
        SamplingConfig(steps=0)
    with pytest.raises(ValueError, match="curve must be positive"):
        SamplingConfig(curve=0.0)


def test_the_shipped_weights_leave_no_seam_and_no_kept_pixel_changed():
    image = np.ascontiguousarray(rocket()[100:164, 100:420])
    keep = np.zeros(image.shape[:2], dtype=bool)
    keep[:16] = True
    weights = "inpainter-photo"
    tiled, whole = (
        DiffusionInpainter.from_pretrained(weights, sampling=SamplingConfig(tile=tile))
        for tile in (64, 320)
    )
    filled = tiled.inpaint(image, keep, seed=1)
    np.testing.assert_array_equal(filled[keep], image[keep])
    # As large a step as where the same image was made without tiles.
    rows = slice(16, None)
    assert seam(filled, rows) <= 1.05 * seam(whole.inpaint(image, keep, seed=1), rows)
