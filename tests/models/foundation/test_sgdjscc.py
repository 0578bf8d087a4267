"""SGD-JSCC's own code and checkpoints, run from a clone: here one with tiny networks."""

import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest

import tiny_sgdjscc
from gensc_models.baselines import Budget, load_baselines
from gensc_models.foundation import FoundationError, PipelineConfig, sgdjscc
from gensc_models.foundation.sgdjscc import SgdjsccLatents, of_tiles, solve, to_tiles
from gensc_models.weights.hub import UnavailableError
from pdu_blocks import smooth_image
from small_clip import save_clip

HEIGHT, WIDTH = 100, 150
IMAGE = smooth_image(HEIGHT, WIDTH)
MASK = np.zeros((HEIGHT, WIDTH), bool)
ROOM = Budget(5000, lambda n: 4 * n, lambda n: 8 * n)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_sgdjscc.clone(tmp_path_factory.mktemp("clone"))


@pytest.fixture(autouse=True)
def text_encoder(tmp_path_factory, monkeypatch):
    """A small CLIP in place of ViT-L/14."""
    place = tmp_path_factory.getbasetemp() / "clip"
    if not place.exists():
        save_clip(place)
    monkeypatch.setattr(sgdjscc, "CLIP", str(place))


@pytest.fixture
def latents(folder):
    return SgdjsccLatents(PipelineConfig(str(folder), steps=4))


# ---------------------------------------------------------------- parts


def test_tiles_are_cut_and_joined_without_loss():
    plane = np.arange(2 * 32 * 48).reshape(2, 32, 48)
    tiles = to_tiles(plane)
    assert tiles.shape == (6, 2, 16, 16)
    assert np.array_equal(tiles[4], plane[:, 16:32, 16:32])
    assert np.array_equal(of_tiles(tiles, (200, 300)), plane)


def test_noise_levels_go_from_next_to_none_to_nothing_but_noise():
    levels = sgdjscc.noise_levels()
    assert np.all(np.diff(levels) > 0)
    assert 10 * np.log10(levels[0]) == pytest.approx(-26.6, abs=0.1)
    assert levels[-1] > 1e5


def test_the_solver_draws_from_a_distribution_whose_best_estimate_it_is_given():
    levels, power = np.geomspace(1e-4, 1e4, 400), 3.0
    rng = np.random.default_rng(0)
    noisy = np.sqrt(levels[-1] + power) * rng.standard_normal((4, 32, 32))

    def predict(values, now):
        return values * power / (power + levels[now])

    def error(steps):
        exact = noisy * np.sqrt(power / (power + levels[-1]))
        found = solve(predict, noisy, np.linspace(399, 0, steps).astype(int).tolist(), levels)
        return np.sqrt(np.mean((found - exact) ** 2))

    assert error(400) < 0.01
    # Of second order: half the step, a quarter of the error, or nearly.
    assert error(40) < 0.4 * error(20)


def test_the_solver_has_latents_corrected_before_every_step_but_the_first():
    levels, told = np.geomspace(0.01, 10, 5), []

    def correct(values, level):
        told.append(level)
        return np.full_like(values, 7.0)

    clean = solve(lambda values, now: values, np.zeros((1, 2, 2)), [4, 2, 0], levels, correct)
    assert told == [levels[2], levels[0]]
    assert np.unique(clean).tolist() == [7.0]


# ---------------------------------------------------------------- the networks


def test_images_become_latents_of_power_one_in_every_tile(latents):
    found = latents.encode(IMAGE)
    assert found.shape == latents.shape(HEIGHT, WIDTH) == (16, 16, 32)
    assert np.mean(to_tiles(found) ** 2, axis=(1, 2, 3)) == pytest.approx([1.0, 1.0])


def test_denoising_gives_the_image_at_the_power_the_autoencoder_knows(latents):
    clean = latents.encode(IMAGE)
    noisy = clean + np.sqrt(latents.levels[0]) * np.random.default_rng(0).standard_normal(
        clean.shape
    )
    picture = latents.denoise(noisy, 0, "a meadow", HEIGHT, WIDTH)
    assert (picture.shape, picture.dtype) == (IMAGE.shape, np.uint8)
    again = latents.encode(picture)
    assert np.corrcoef(again.ravel(), clean.ravel())[0, 1] > 0.9
    assert np.array_equal(picture, latents.denoise(noisy, 0, "a meadow", HEIGHT, WIDTH, seed=9))


def test_text_and_edges_guide_it(latents):
    clean, step = latents.encode(IMAGE), latents.step_of(1.0)
    lines = np.zeros((HEIGHT, WIDTH), bool)
    lines[50:54] = True
    plain, other_text, edged = (
        latents.denoise(clean, step, text, HEIGHT, WIDTH, lines=drawn)
        for text, drawn in (("a meadow", None), ("the sea", None), ("a meadow", lines))
    )
    assert not np.array_equal(plain, other_text)
    assert not np.array_equal(plain, edged)


def test_a_time_limit_holds_and_failures_are_named(folder, monkeypatch):
    hurried = SgdjsccLatents(PipelineConfig(str(folder), steps=900, limit_s=1e-4))
    clean = hurried.encode(IMAGE)
    with pytest.raises(FoundationError, match=r"not done after 0.0001 s"):
        hurried.denoise(clean, 999, "a meadow", HEIGHT, WIDTH)
    monkeypatch.setattr(hurried._vae, "encode", lambda x: 1 / 0)
    with pytest.raises(FoundationError, match=r"SGD-JSCC of .*: division by zero"):
        hurried.encode(IMAGE)


def test_the_scheme_runs_with_it_and_less_noise_is_better(folder):
    made = load_baselines(f"sgdjscc:{folder},steps=4")
    assert list(made.missing) == ["caption-only", "caption-mask"]
    [scheme] = made.found
    assert (scheme.scheme, "text and edges" in scheme.name) == ("guided-latent", True)
    sent = scheme.send(IMAGE, "a meadow", MASK, ROOM)
    assert sent.cost(ROOM) == ROOM.symbols
    rng = np.random.default_rng(1)
    clean, errors = scheme.pipeline.encode(IMAGE), []
    for noise_var in (1.0, 0.01):
        noise = rng.standard_normal((len(sent.symbols), 2)) @ [1, 1j]
        received = sent.symbols + np.sqrt(noise_var / 2) * noise
        picture = scheme.receive(replace(sent.intact(noise_var), symbols=received))
        assert picture.shape == IMAGE.shape
        errors.append(np.mean((scheme.pipeline.encode(picture) - clean) ** 2))
    assert errors[1] < errors[0]


# ---------------------------------------------------------------- loading


def test_packages_with_everyday_names_are_left_as_they_were(folder, monkeypatch):
    import types

    ours = types.ModuleType("utils")
    monkeypatch.setitem(sys.modules, "utils", ours)
    path = list(sys.path)
    SgdjsccLatents(PipelineConfig(str(folder)))
    assert sys.modules["utils"] is ours
    assert "models.test_advanced_network.autoencoderkl" not in sys.modules
    assert sys.path == path


def one_line(generator, why):
    made = load_baselines(generator)
    assert made.found == []
    assert why in made.missing["guided-latent"]
    assert all("\n" not in reason for reason in made.missing.values())


def test_what_is_no_clone_is_named_in_one_line(tmp_path):
    one_line(f"sgdjscc:{tmp_path}", f"{tmp_path} is no clone of github.com/MauroZMJ/SGDJSCC")
    one_line("sgdjscc:./no/such/folder", "./no/such/folder is no clone")


def test_a_package_that_the_code_needs_is_named_in_one_line(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    code = tmp_path / "copy" / "models" / "test_advanced_network" / "mask_diffusion.py"
    code.write_text("import no_such_package\n" + code.read_text())
    one_line(f"sgdjscc:{tmp_path / 'copy'}", "no_such_package")


@pytest.mark.parametrize("name", ["JSCC_model.pth", "diffusion_controlnet.pth"])
def test_checkpoints_that_are_missing_or_do_not_fit_are_named(folder, tmp_path, monkeypatch, name):
    import torch

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    copy = shutil.copytree(folder, tmp_path / "copy")
    path = copy / "checkpoint" / name
    torch.save({"model_ema": {"other": torch.ones(1)}, "vae.other": torch.ones(1)}, path)
    one_line(f"sgdjscc:{copy}", "do not fit the code")
    path.unlink()
    one_line(f"sgdjscc:{copy}", f"SGD-JSCC's {name} cannot be had")


def test_nothing_but_tensors_is_unpickled(folder, tmp_path):
    import pickle

    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "checkpoint" / "JSCC_model.pth").write_bytes(pickle.dumps({"vae": print}))
    one_line(f"sgdjscc:{copy}", "SGD-JSCC's JSCC_model.pth cannot be had")


def test_a_device_or_text_encoder_that_is_not_there_is_named(folder, monkeypatch):
    one_line(f"sgdjscc:{folder},device=cuda:77", "on cuda:77")
    monkeypatch.setattr(sgdjscc, "CLIP", "No-Such/model")
    with pytest.raises(UnavailableError, match="No-Such"):
        SgdjsccLatents(PipelineConfig(str(folder)))
