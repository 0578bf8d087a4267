"""Figures of importance maps, and the baselines without learning."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gensc_models.data.jpeg_pack import JpegPack
from gensc_models.metrics.foreground import f_measure_curve, iou_curve
from gensc_models.semantics.importance.classical import CentrePrior, SpectralResidual
from gensc_models.semantics.importance.maps import MappedPhoto
from gensc_models.semantics.importance.pixels import on_pixels
from gensc_models.training.evaluation.classifier import main as evaluate_classifier
from gensc_models.training.evaluation.classifier import mask_of, pointing
from gensc_models.training.evaluation.importance import evaluate, main
from pdu_blocks import smooth_image
from small_importance import CLASSES, classifier
from small_packs import write_pack


class Fixed:
    """A source that knows the answer."""

    name = "fixed"

    def __init__(self, values):
        self.values = values

    def __call__(self, image):
        return self.values


def square(inside=255, outside=0):
    values = np.full((40, 60), outside, np.uint8)
    values[10:20, 20:40] = inside
    return values


def test_the_map_itself_is_perfect():
    pair = MappedPhoto("a", smooth_image(40, 60, 1), square())
    scores = evaluate(Fixed(square().astype(np.float32) / 255), [pair])
    assert (scores.f_measure, scores.iou, scores.mae, scores.images) == (1.0, 1.0, 0.0, 1)


def test_everything_marked_has_the_precision_of_the_marked_share():
    pair = MappedPhoto("a", smooth_image(40, 60, 1), square())
    scores = evaluate(Fixed(np.ones((40, 60), np.float32)), [pair])
    share = 200 / 2400
    assert scores.iou == pytest.approx(share)
    assert scores.f_measure == pytest.approx(1.3 * share / (0.3 * share + 1.0))
    assert scores.mae == pytest.approx(1 - share)


@given(st.integers(0, 1000))
def test_curves_are_those_of_the_definition(seed):
    random = np.random.default_rng(seed)
    found, marked = random.random((6, 7)).astype(np.float32), random.random((6, 7)) < 0.4
    marked[0, 0] = True
    f_measure, iou = f_measure_curve(found, marked)[1:], iou_curve(found, marked)[1:]
    for level in (1, 100, 255):
        above = found >= level / 255
        hits = (above & marked).sum()
        precision, recall = hits / max(above.sum(), 1), hits / marked.sum()
        expected = 1.3 * precision * recall / max(0.3 * precision + recall, 1e-12)
        assert f_measure[level - 1] == pytest.approx(expected)
        assert iou[level - 1] == pytest.approx(hits / (above | marked).sum())


def test_images_with_nothing_marked_count_for_the_error_alone():
    empty = MappedPhoto("b", smooth_image(40, 60, 2), np.zeros((40, 60), np.uint8))
    marked = MappedPhoto("a", smooth_image(40, 60, 1), square())
    source = Fixed(square().astype(np.float32) / 255)
    scores = evaluate(source, [empty, marked])
    assert (scores.f_measure, scores.images) == (1.0, 1)
    assert scores.mae == pytest.approx(200 / 2400 / 2)
    with pytest.raises(ValueError, match="no photo with anything marked"):
        evaluate(source, [empty])


def test_the_centre_prior_is_largest_in_the_middle():
    values = CentrePrior()(smooth_image(41, 61, 1))
    assert np.unravel_index(values.argmax(), values.shape) == (20, 30)
    assert values.max() == pytest.approx(1.0)
    np.testing.assert_allclose(values, values[::-1, ::-1], atol=1e-6)


def test_the_spectral_residual_finds_what_stands_out():
    grey = np.random.default_rng(0).normal(100, 12, (96, 128))
    grey[40:52, 80:92] += 90
    image = np.repeat(np.clip(grey, 0, 255)[..., None], 3, axis=2).astype(np.uint8)
    values = SpectralResidual()(image)
    assert values.shape == (96, 128)
    row, column = np.unravel_index(values.argmax(), values.shape)
    assert 38 <= row <= 54
    assert 78 <= column <= 94


def test_the_command_prints_a_table_of_the_sources_asked_for(tmp_path, capsys):
    for folder, picture in (("images", smooth_image(40, 60, 1)), ("maps", square())):
        (tmp_path / folder).mkdir()
        Image.fromarray(picture).save(tmp_path / folder / "test_a.png")
    folders = ["--images", str(tmp_path / "images"), "--maps", str(tmp_path / "maps")]
    main([*folders, "--importance", "box:20,10,20,10"])
    out = capsys.readouterr().out
    assert "| box 20,10,20,10 | 1.000 | 1.000 | 0.000 |" in out
    assert "| centre prior |" in out
    assert "| spectral residual |" in out
    with pytest.raises(SystemExit):
        main([*folders, "--importance", "guess"])
    assert "none of learned" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*folders, "--prefix", "nothing_"])


# ---------------------------------------------------------------- classifier


def test_the_pointing_game_counts_maps_that_are_largest_inside_of_the_box():
    network = classifier()
    image = smooth_image(32, 32, 1)
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        largest = on_pixels(network.activation(pixels).maps[0, 1], 32, 32).argmax()
    row, column = divmod(int(largest), 32)
    there = [column, row, column, row]
    pack = JpegPack(np.stack([image] * 4), np.array([1, 1, 1, 1]), CLASSES)
    elsewhere, middle = [(column + 9) % 32, row, (column + 9) % 32, row], [15, 15, 17, 17]
    boxes = np.array([there, elsewhere, middle, [0, 0, 31, 31]])
    game = pointing(network, pack, boxes)
    hit = mask_of(boxes[2], 32, 32)[row, column]
    assert game.of_label == pytest.approx((1 + hit) / 3)
    assert game.images == 3
    assert game.middle >= 1 / 3
    with pytest.raises(ValueError, match="small enough to be missed"):
        pointing(network, JpegPack(pack.images[3:], pack.labels[3:], CLASSES), boxes[3:])


def test_the_command_says_how_often_the_classifier_is_right(tmp_path, capsys):
    classifier().save_pretrained(tmp_path / "mine")
    images = np.stack([smooth_image(24, 24, n) for n in range(6)])
    boxes = np.tile([8, 8, 15, 15], (6, 1))
    pack = write_pack(tmp_path / "pack.npz", images, np.arange(6) % 3, boxes=boxes)
    evaluate_classifier(["--data", str(pack), "--classifier", str(tmp_path / "mine")])
    out = capsys.readouterr().out
    assert "top-5 1.000 of 6 images" in out
    assert "the middle 1.000, of 6 images" in out
    with pytest.raises(SystemExit):
        evaluate_classifier(["--data", str(pack), "--classifier", "nobody"])
    assert "no weights called 'nobody'" in capsys.readouterr().err
