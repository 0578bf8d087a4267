"""Diffusers pipelines: tiny ones, saved to disk and loaded as those of full size are."""

import sys

import numpy as np
import pytest

import tiny_foundation
from gensc_models.foundation import (
    DiffusersEditor,
    DiffusersInpainter,
    DiffusersTextToImage,
    FoundationError,
    PipelineConfig,
)
from gensc_models.restore.editing import EditRefusedError
from gensc_models.restore.inpainting import Inpainter
from gensc_models.semantics import prompts
from gensc_models.weights.hub import UnavailableError
from pdu_blocks import smooth_image

GENERATE = "StableDiffusionPipeline"
INPAINT = "StableDiffusionInpaintPipeline"
INSTRUCT = "StableDiffusionInstructPix2PixPipeline"
IMAGE_TO_IMAGE = "StableDiffusionImg2ImgPipeline"
IMAGE = smooth_image(40, 56)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Folder of each kind of Stable Diffusion pipeline."""
    root = tmp_path_factory.mktemp("pipelines")
    kinds = (GENERATE, INPAINT, INSTRUCT, IMAGE_TO_IMAGE)
    return {kind: str(tiny_foundation.stable_diffusion(root / kind, kind)) for kind in kinds}


def config(folder, **options):
    return PipelineConfig(str(folder), **{"steps": 2, **options})


def spied(made, monkeypatch):
    """The calls that a model makes to its pipeline."""
    calls, pipe = [], made._pipeline.pipe

    class Spy:
        vae_scale_factor, unet = pipe.vae_scale_factor, getattr(pipe, "unet", None)

        def __call__(self, **inputs):
            calls.append(inputs)
            return pipe(**inputs)

    monkeypatch.setattr(made._pipeline, "pipe", Spy())
    return calls


# ---------------------------------------------------------------- inpainting


@pytest.mark.parametrize("kind", [INPAINT, GENERATE])
def test_inpainting_fills_holes_and_leaves_every_kept_pixel(folders, kind):
    inpainter = DiffusersInpainter(config(folders[kind]))
    assert isinstance(inpainter, Inpainter)
    keep = np.ones(IMAGE.shape[:2], bool)
    keep[8:30, 20:41] = False
    filled = inpainter.inpaint(IMAGE, keep, "a meadow", seed=3)
    assert filled.dtype == np.uint8
    assert np.array_equal(filled[keep], IMAGE[keep])
    assert not np.array_equal(filled, IMAGE)
    assert np.array_equal(filled, inpainter.inpaint(IMAGE, keep, "a meadow", seed=3))
    assert not np.array_equal(filled, inpainter.inpaint(IMAGE, keep, "a meadow", seed=4))
    assert not np.array_equal(filled, inpainter.inpaint(IMAGE, keep, "the sea", seed=3))
    holes_differ = np.where(keep[..., None], IMAGE, np.uint8(200))
    assert np.array_equal(filled, inpainter.inpaint(holes_differ, keep, "a meadow", seed=3))


def test_inpainting_of_nothing_and_of_everything(folders):
    inpainter = DiffusersInpainter(config(folders[INPAINT]))
    everything = np.ones((33, 17), bool)
    image = smooth_image(33, 17)
    assert np.array_equal(inpainter.inpaint(image, everything), image)
    assert inpainter.inpaint(image, ~everything).shape == image.shape


def test_inpainting_refuses_masks_that_do_not_fit(folders):
    inpainter = DiffusersInpainter(config(folders[INPAINT]))
    with pytest.raises(ValueError, match="mask must be bool"):
        inpainter.inpaint(IMAGE, np.ones((4, 4), bool))
    with pytest.raises(ValueError, match="expected uint8"):
        inpainter.inpaint(IMAGE.astype(float), np.ones(IMAGE.shape[:2], bool))


# ---------------------------------------------------------------- text to image


def test_text_becomes_a_picture_of_any_size_the_same_for_the_same_seed(folders):
    model = DiffusersTextToImage(config(folders[GENERATE]))
    picture = model.generate("a cat", 50, 31, seed=1)
    assert (picture.shape, picture.dtype) == ((50, 31, 3), np.uint8)
    assert np.array_equal(picture, model.generate("a cat", 50, 31, seed=1))
    assert not np.array_equal(picture, model.generate("a cat", 50, 31, seed=2))
    assert not np.array_equal(picture, model.generate("a dog", 50, 31, seed=1))


# ---------------------------------------------------------------- editing


@pytest.mark.parametrize("kind", [GENERATE, INPAINT, INSTRUCT, IMAGE_TO_IMAGE])
def test_every_kind_of_pipeline_edits_an_image_of_any_size(folders, kind):
    editor = DiffusersEditor(config(folders[kind]))
    edited = editor.edit(IMAGE, "a meadow", seed=5)
    assert (edited.shape, edited.dtype) == (IMAGE.shape, np.uint8)
    assert np.array_equal(edited, editor.edit(IMAGE, "a meadow", seed=5))
    assert not np.array_equal(edited, editor.edit(IMAGE, "the sea", seed=5))


def test_qwen_image_edit_is_told_what_to_do_and_the_caption(tmp_path, monkeypatch):
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit as qwen

    own = qwen.calculate_dimensions
    # It always works on a megapixel, which takes half a minute even here.
    monkeypatch.setattr(qwen, "calculate_dimensions", lambda area, ratio: own(64**2, ratio))
    editor = DiffusersEditor(
        config(tiny_foundation.qwen_image_edit(tmp_path), side=64, guidance=2.0)
    )
    calls = spied(editor, monkeypatch)
    edited = editor.edit(IMAGE, "a green meadow", seed=1)
    assert edited.shape == IMAGE.shape
    assert calls[0]["prompt"] == prompts.restore("a green meadow")
    assert calls[0]["true_cfg_scale"] == 2.0
    assert "guidance_scale" not in calls[0]


def test_instructions_are_short_for_clip_and_others_get_the_caption(folders, monkeypatch):
    asked = {}
    for kind in (INSTRUCT, IMAGE_TO_IMAGE):
        editor = DiffusersEditor(config(folders[kind]))
        calls = spied(editor, monkeypatch)
        editor.edit(IMAGE, " a green meadow ")
        asked[kind] = calls[0]["prompt"]
    assert asked[IMAGE_TO_IMAGE] == "a green meadow"
    assert asked[INSTRUCT] == prompts.restore("a green meadow", briefly=True)
    assert len(asked[INSTRUCT].split()) < 25


def test_as_many_steps_are_taken_as_were_asked_for(folders, monkeypatch):
    asked = {}
    for kind in (INSTRUCT, IMAGE_TO_IMAGE):
        editor = DiffusersEditor(config(folders[kind], strength=0.4))
        calls = spied(editor, monkeypatch)
        editor.edit(IMAGE, "a meadow")
        asked[kind] = calls[0]["num_inference_steps"]
    # Image-to-image leaves out the first 60 %.
    assert asked == {INSTRUCT: 2, IMAGE_TO_IMAGE: 5}


def test_inpainting_models_redraw_the_background_alone(folders, monkeypatch):
    editor = DiffusersEditor(config(folders[GENERATE]), task="inpaint")
    calls = spied(editor, monkeypatch)
    mask = np.zeros(IMAGE.shape[:2], np.float32)
    mask[:, :28] = 1.0
    editor.edit(IMAGE, "a meadow", mask)
    editor.edit(IMAGE, "a meadow")
    white = [np.asarray(call["mask_image"]).mean() / 255 for call in calls]
    assert white == pytest.approx([0.5, 1.0], abs=0.05)


def test_a_picture_that_the_safety_checker_blanks_is_a_refusal(folders, monkeypatch):
    editor = DiffusersEditor(config(folders[IMAGE_TO_IMAGE]))
    pipe = editor._pipeline.pipe

    class Checked:
        vae_scale_factor, unet = pipe.vae_scale_factor, pipe.unet

        def __call__(self, **inputs):
            output = pipe(**inputs)
            output.nsfw_content_detected = [True]
            return output

    monkeypatch.setattr(editor._pipeline, "pipe", Checked())
    with pytest.raises(EditRefusedError, match="safety checker"):
        editor.edit(IMAGE, "a meadow")


def test_a_picture_that_takes_too_long_is_given_up(folders):
    model = DiffusersTextToImage(config(folders[GENERATE], steps=900, limit_s=0.05))
    with pytest.raises(FoundationError, match=r"not done after 0.05 s and \d+ steps"):
        model.generate("a cat", 32, 32)


# ---------------------------------------------------------------- loading


def test_the_weights_have_the_type_that_was_asked_for(folders):
    import torch

    pipe = DiffusersTextToImage(config(folders[GENERATE], dtype="bfloat16"))._pipeline.pipe
    assert pipe.unet.dtype == torch.bfloat16
    assert PipelineConfig("a").torch_dtype == torch.float32
    assert PipelineConfig("a", device="cuda").torch_dtype == torch.bfloat16


@pytest.mark.parametrize("missing", ["diffusers", "transformers"])
@pytest.mark.parametrize("made", [DiffusersInpainter, DiffusersTextToImage, DiffusersEditor])
def test_without_the_extra_one_line_names_it(folders, monkeypatch, made, missing):
    for name in [name for name in sys.modules if name.split(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(UnavailableError, match=r"pip install 'gr-gensc\[foundation\]'") as caught:
        made(config(folders[GENERATE]))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["nobody/nothing", "./no/such/folder", ""], ids=["no network", "no folder", "no name"]
)
def test_weights_that_cannot_be_had_are_named_in_one_line(monkeypatch, name):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UnavailableError, match=f"pipeline {name} .* cannot be had") as caught:
        DiffusersEditor(PipelineConfig(name))
    assert "\n" not in str(caught.value)


def test_a_damaged_folder_and_weights_of_another_kind_are_named(tmp_path):
    (tmp_path / "model_index.json").write_text('{"_class_name": "Nothing"}')
    with pytest.raises(UnavailableError, match="that can inpaint"):
        DiffusersInpainter(PipelineConfig(str(tmp_path)))
    with pytest.raises(UnavailableError, match="that can generate"):
        DiffusersTextToImage(PipelineConfig(str(tiny_foundation.blip(tmp_path / "blip"))))


def test_pickled_weights_are_not_opened(tmp_path):
    import torch
    from safetensors.torch import load_file

    folder = tiny_foundation.stable_diffusion(tmp_path)
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save(load_file(weights), weights.with_suffix(".bin"))
    weights.unlink()
    with pytest.raises(UnavailableError, match="safetensors"):
        DiffusersTextToImage(PipelineConfig(str(folder)))


@pytest.mark.parametrize(
    "options", [{"device": "cuda:77"}, {"device": "nowhere"}, {"offload": "model"}]
)
def test_a_device_that_is_not_there_is_named(folders, options):
    device = options.get("device", "cpu")
    with pytest.raises(FoundationError, match=f"on {device}"):
        DiffusersTextToImage(config(folders[GENERATE], **options))


@pytest.mark.parametrize(
    "options",
    [{"dtype": "int8"}, {"offload": "moon"}, {"steps": 0}, {"strength": 0.0}, {"limit_s": 0}],
)
def test_settings_that_make_no_sense_are_refused(options):
    with pytest.raises(FoundationError):
        PipelineConfig("any", **options)
