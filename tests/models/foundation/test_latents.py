"""A latent diffusion pipeline taken apart, and pictures along a layout: tiny pipelines on disk."""

import numpy as np
import pytest

import tiny_foundation
from gensc_models.foundation import (
    DiffusersLatents,
    DiffusersPainter,
    FoundationError,
    PipelineConfig,
)
from gensc_models.weights.hub import UnavailableError
from pdu_blocks import smooth_image

IMAGE = smooth_image(40, 56)
HEIGHT, WIDTH = IMAGE.shape[:2]
MASK = np.zeros((HEIGHT, WIDTH), bool)
MASK[8:24, 16:48] = True


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("latents")
    return (
        str(tiny_foundation.stable_diffusion(root / "sd")),
        str(tiny_foundation.controlnet(root / "controlnet")),
    )


def config(folders, outlines=False, **options):
    controlnet = folders[1] if outlines else ""
    return PipelineConfig(folders[0], **{"steps": 3, "controlnet": controlnet, **options})


def noise(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


# ---------------------------------------------------------------- latents


def test_an_image_becomes_latents_of_the_shape_that_was_told(folders):
    model = DiffusersLatents(config(folders))
    latents = model.encode(IMAGE)
    assert latents.shape == model.shape(HEIGHT, WIDTH)
    assert model.shape(HEIGHT, WIDTH)[0] == 4
    assert np.isfinite(latents).all()
    assert np.array_equal(latents, model.encode(IMAGE))
    assert not np.array_equal(latents, model.encode(255 - IMAGE))


def test_the_noise_levels_are_those_the_pipeline_was_trained_at(folders):
    model = DiffusersLatents(config(folders))
    assert len(model.levels) == 1000
    assert np.all(np.diff(model.levels) > 0)
    # Of the linear schedule from 1e-4 to 0.02 that diffusers takes where nothing is said.
    alphas = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))
    assert model.levels == pytest.approx((1 - alphas) / alphas, rel=1e-3)
    assert [model.step_of(v) for v in (0.0, np.inf)] == [0, 999]
    step = model.step_of(0.5)
    assert model.levels[step - 1] < 0.5 <= model.levels[step]


def test_denoising_gives_an_image_the_same_for_equal_arguments(folders):
    model = DiffusersLatents(config(folders))
    noisy = model.encode(IMAGE) + noise(model.shape(HEIGHT, WIDTH))
    step = model.step_of(1.0)
    picture = model.denoise(noisy, step, "a meadow", HEIGHT, WIDTH)
    assert (picture.shape, picture.dtype) == (IMAGE.shape, np.uint8)
    assert np.array_equal(picture, model.denoise(noisy, step, "a meadow", HEIGHT, WIDTH))
    assert not np.array_equal(picture, model.denoise(noisy, step, "the sea", HEIGHT, WIDTH))
    assert not np.array_equal(picture, model.denoise(noisy + 0.5, step, "a meadow", HEIGHT, WIDTH))


def test_the_denoiser_is_shown_every_step_from_the_one_it_starts_at(folders, monkeypatch):
    import torch

    model = DiffusersLatents(config(folders, guidance=1.0))
    latents = model.encode(IMAGE)
    unet, shown = model._pipeline.pipe.unet, []

    def forward(sample, timestep, **inputs):
        shown.append((int(timestep), sample.double().numpy()[0]))
        return (torch.zeros_like(sample),)

    monkeypatch.setattr(unet, "forward", forward)
    step = 600
    model.denoise(latents, step, "a meadow", HEIGHT, WIDTH)
    assert [number for number, _ in shown] == [600, 400, 200]
    # Where no noise is found, the signal only grows to the power it has at each step.
    for number, sample in shown:
        gain = 1.0 / np.sqrt(1.0 + model.levels[number])
        assert sample == pytest.approx(latents * gain, rel=1e-3, abs=1e-4)


def test_latents_are_corrected_between_the_steps_in_the_scale_they_came_in(folders):
    model = DiffusersLatents(config(folders))
    told, wanted = [], noise(model.shape(HEIGHT, WIDTH), 3)

    def correct(latents, level):
        told.append((latents, level))
        return wanted

    start = noise(model.shape(HEIGHT, WIDTH)) * np.sqrt(model.levels[600])
    one = model.denoise(start, 600, "a meadow", HEIGHT, WIDTH, correct)
    assert [level for _, level in told] == pytest.approx([model.levels[400], model.levels[200]])
    # What came before the last correction is forgotten, but for the solver's memory of one step.
    assert model.denoise(start, 600, "a meadow", HEIGHT, WIDTH).tobytes() != one.tobytes()
    same = model.denoise(start, 600, "a meadow", HEIGHT, WIDTH, lambda latents, level: latents)
    plain = model.denoise(start, 600, "a meadow", HEIGHT, WIDTH)
    assert np.abs(same.astype(int) - plain).max() <= 1


def test_a_start_at_the_least_noise_is_one_step(folders):
    model = DiffusersLatents(config(folders, steps=30))
    picture = model.denoise(model.encode(IMAGE), 0, "a meadow", HEIGHT, WIDTH)
    assert picture.shape == IMAGE.shape


def test_outlines_guide_pipelines_with_a_controlnet_alone(folders):
    plain, guided = DiffusersLatents(config(folders)), DiffusersLatents(config(folders, True))
    assert (plain.by_outlines, guided.by_outlines) == (False, True)
    noisy = noise(plain.shape(HEIGHT, WIDTH))
    pictures = [
        [model.denoise(noisy, 500, "a meadow", HEIGHT, WIDTH, lines=x) for x in (MASK, ~MASK, None)]
        for model in (plain, guided)
    ]
    assert np.array_equal(pictures[0][0], pictures[0][1])
    assert not np.array_equal(pictures[1][0], pictures[1][1])
    # Without outlines, what is left is the pipeline as it would be without ControlNet.
    assert np.array_equal(pictures[1][2], pictures[0][2])


def test_half_precision_and_time_limits_hold_here_too(folders):
    import torch

    half = DiffusersLatents(config(folders, dtype="bfloat16"))
    assert half._pipeline.pipe.vae.dtype == torch.bfloat16
    noisy = half.encode(IMAGE) + noise(half.shape(HEIGHT, WIDTH))
    assert half.denoise(noisy, 500, "a meadow", HEIGHT, WIDTH).shape == IMAGE.shape
    hurried = DiffusersLatents(config(folders, steps=900, limit_s=0.05))
    with pytest.raises(FoundationError, match=r"not done after 0.05 s"):
        hurried.denoise(noisy, 999, "a meadow", HEIGHT, WIDTH)


def test_a_pipeline_without_noise_levels_of_its_own_is_named(folders):
    from diffusers import FlowMatchEulerDiscreteScheduler

    from gensc_models.foundation.pipelines import load_pipeline

    loaded = load_pipeline(config(folders), "generate")
    loaded.pipe.scheduler = FlowMatchEulerDiscreteScheduler()
    with pytest.raises(FoundationError, match="no noise levels to start from") as caught:
        DiffusersLatents(config(folders), loaded)
    assert "\n" not in str(caught.value)


# ---------------------------------------------------------------- pictures along a layout


def layout(inside=200, outside=60):
    return np.where(MASK[..., None], np.uint8(inside), np.uint8(outside)).repeat(3, axis=2)


def test_a_painter_starts_from_the_colours_of_the_layout(folders):
    painter = DiffusersPainter(config(folders))
    assert not painter.by_outlines
    picture = painter.paint("a meadow", layout(), MASK, seed=1)
    assert (picture.shape, picture.dtype) == (IMAGE.shape, np.uint8)
    assert np.array_equal(picture, painter.paint("a meadow", layout(), MASK, seed=1))
    for other in (
        painter.paint("a meadow", layout(), MASK, seed=2),
        painter.paint("the sea", layout(), MASK, seed=1),
        painter.paint("a meadow", layout(60, 200), MASK, seed=1),
    ):
        assert not np.array_equal(picture, other)


def test_less_strength_leaves_more_of_the_layout(folders, monkeypatch):
    strengths = []
    for strength in (0.3, 0.85):
        painter = DiffusersPainter(config(folders), strength)
        draw = painter._pipeline.draw

        def spy(*arguments, draw=draw, **inputs):
            strengths.append(inputs["strength"])
            return draw(*arguments, **inputs)

        monkeypatch.setattr(painter._pipeline, "draw", spy)
        painter.paint("a meadow", layout(), MASK)
    assert strengths == [0.3, 0.85]


def test_a_painter_with_a_controlnet_follows_the_outline_of_the_mask(folders, monkeypatch):
    painter = DiffusersPainter(config(folders, outlines=True))
    assert painter.by_outlines
    shown, draw = [], painter._pipeline.draw

    def spy(*arguments, **inputs):
        shown.append(np.asarray(inputs["image"]))
        return draw(*arguments, **inputs)

    monkeypatch.setattr(painter._pipeline, "draw", spy)
    picture = painter.paint("a meadow", layout(), MASK, seed=1)
    assert picture.shape == IMAGE.shape
    canvas = painter._pipeline.canvas(HEIGHT, WIDTH)
    lines = canvas.lift(shown[0])[..., 0] > 127
    assert lines[8, 20]
    assert lines[15, 16]
    assert not lines[14:18, 24:40].any()
    assert not lines[30:, :].any()
    other = painter.paint("a meadow", layout(), ~MASK, seed=1)
    assert not np.array_equal(picture, other)


@pytest.mark.parametrize("made", [DiffusersLatents, DiffusersPainter])
def test_a_controlnet_that_cannot_be_had_is_named(folders, made, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for name in ("nobody/nothing", folders[0]):
        with pytest.raises(UnavailableError, match=f"ControlNet {name} cannot be had") as caught:
            made(config(folders, controlnet=name))
        assert "\n" not in str(caught.value)
