"""All generative baselines from the name of a pipeline, or one line for each that cannot be had."""

import sys

import numpy as np
import pytest

import tiny_foundation
from gensc_models.baselines import Budget, load_baselines
from pdu_blocks import smooth_image

IMAGE = smooth_image(40, 56)
MASK = np.zeros((40, 56), bool)
MASK[:, 16:32] = True
CAPTION = "A red cat. It sits on the grass."
ROOM = Budget(2000, lambda n: 4 * n, lambda n: 8 * n)
SCHEMES = ["caption-only", "caption-mask", "guided-latent"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("generators")
    tiny_foundation.controlnet(root / "controlnet")
    return tiny_foundation.stable_diffusion(root / "sd").parent


def whole(found):
    """Pictures of all schemes, over a channel without loss."""
    pictures = {}
    for baseline in found:
        sent = baseline.send(IMAGE, CAPTION, MASK, ROOM)
        assert 0 < sent.cost(ROOM) <= ROOM.symbols
        pictures[baseline.scheme] = baseline.receive(sent.intact(0.1), seed=1)
        assert pictures[baseline.scheme].shape == IMAGE.shape
        again = baseline.receive(sent.intact(0.1), seed=1)
        assert np.array_equal(pictures[baseline.scheme], again)
    return pictures


def test_every_scheme_runs_with_a_text_to_image_pipeline(folder):
    made = load_baselines(f"diffusers:{folder}/sd,steps=2")
    assert [baseline.scheme for baseline in made.found] == SCHEMES
    assert made.missing == {}
    assert all(str(folder) in baseline.name for baseline in made.found)
    whole(made.found)


def test_with_a_controlnet_mask_and_edges_guide_by_their_outlines(folder):
    plain = load_baselines(f"diffusers:{folder}/sd,steps=2")
    guided = load_baselines(f"diffusers:{folder}/sd,steps=2,controlnet={folder}/controlnet")
    assert [baseline.scheme for baseline in guided.found] == SCHEMES
    assert "edges" in guided.found[2].name
    one, other = whole(plain.found), whole(guided.found)
    assert np.array_equal(one["caption-only"], other["caption-only"])
    assert not np.array_equal(one["caption-mask"], other["caption-mask"])
    assert not np.array_equal(one["guided-latent"], other["guided-latent"])


def test_a_pipeline_that_was_saved_with_its_controlnet_is_taken_apart(folder, tmp_path):
    import diffusers

    base = diffusers.StableDiffusionPipeline.from_pretrained(folder / "sd")
    net = diffusers.ControlNetModel.from_pretrained(folder / "controlnet")
    joined = diffusers.AutoPipelineForText2Image.from_pipe(base, controlnet=net)
    joined.save_pretrained(tmp_path)
    apart = whole(
        load_baselines(f"diffusers:{folder}/sd,steps=2,controlnet={folder}/controlnet").found
    )
    for scheme, picture in whole(load_baselines(f"diffusers:{tmp_path},steps=2").found).items():
        assert np.array_equal(picture, apart[scheme])


def test_the_schemes_share_one_set_of_weights(folder):
    made = load_baselines(f"diffusers:{folder}/sd,steps=2")
    drawing, masked, latent = made.found
    nets = [
        model._pipeline.pipe.unet for model in (drawing.generator, masked.painter, latent.pipeline)
    ]
    assert nets[0] is nets[1] is nets[2]
    # The solver of one is not that of the others.
    assert (
        latent.pipeline._pipeline.pipe.scheduler is not drawing.generator._pipeline.pipe.scheduler
    )


def test_the_receiver_may_choose_among_pictures_by_their_importance(folder):
    asked = []

    def importance(picture):
        asked.append(picture)
        return np.zeros(picture.shape[:2])

    made = load_baselines(f"diffusers:{folder}/sd,steps=2", importance, candidates=3)
    masked = made.found[1]
    masked.receive(masked.send(IMAGE, CAPTION, MASK, ROOM).intact())
    assert len(asked) == 3


def one_line_for_each(made, why):
    assert made.found == []
    assert list(made.missing) == SCHEMES
    for reason in made.missing.values():
        assert why in reason
        assert "\n" not in reason


def test_without_a_generator_every_scheme_is_left_out_and_says_why():
    one_line_for_each(load_baselines(""), "no generator is named")


@pytest.mark.parametrize("missing", ["diffusers", "transformers"])
def test_without_the_extra_one_line_names_it(folder, monkeypatch, missing):
    for name in [name for name in sys.modules if name.split(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    one_line_for_each(
        load_baselines(f"diffusers:{folder}/sd"), "pip install 'gr-gensc[foundation]'"
    )


@pytest.mark.parametrize("name", ["nobody/nothing", "./no/such/folder"])
def test_weights_that_cannot_be_had_are_named(folder, monkeypatch, name):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    one_line_for_each(load_baselines(f"diffusers:{name}"), f"pipeline {name} that can generate")
    one_line_for_each(
        load_baselines(f"diffusers:{folder}/sd,controlnet={name}"), f"the ControlNet {name}"
    )


def test_a_pipeline_of_flows_runs_the_schemes_that_need_no_noise_levels(folder, monkeypatch):
    from diffusers import FlowMatchEulerDiscreteScheduler

    from gensc_models.baselines import load

    def flowing(config, task, own=load.load_pipeline):
        loaded = own(config, task)
        loaded.pipe.scheduler = FlowMatchEulerDiscreteScheduler()
        return loaded

    monkeypatch.setattr(load, "load_pipeline", flowing)
    made = load_baselines(f"diffusers:{folder}/sd")
    assert [baseline.scheme for baseline in made.found] == SCHEMES[:2]
    assert "no noise levels" in made.missing["guided-latent"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("sd", "must be diffusers:NAME"),
        ("diffusers:sd,colour=red", "colour=red: the settings are"),
        ("diffusers:sd,steps=x", "'x' is no int"),
        ("diffusers:sd,steps=0", "must be positive"),
    ],
)
def test_what_makes_no_sense_is_refused(name, why):
    with pytest.raises(ValueError, match=why):
        load_baselines(name)
