"""CLIP-Score by a tiny model on disk; what cannot be had is named in one line."""

import sys

import numpy as np
import pytest
import torch
from skimage.data import astronaut, chelsea

from gensc_models.metrics.clip import DEFAULT, ENVIRONMENT, clip_image_score, clip_score, load_clip
from gensc_models.weights import hub
from gensc_models.weights.hub import UnavailableError
from small_clip import save_clip

TEXTS = ("a photo of a cat", "an astronaut in an orange suit")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "tiny"
    save_clip(path)
    return path


@pytest.fixture(scope="module")
def clip(folder):
    return load_clip(folder)


def test_images_of_any_size_and_texts_become_unit_vectors_of_one_space(clip):
    images = clip.images([astronaut(), chelsea()[:70, :90]])
    texts = clip.texts(TEXTS)
    assert images.shape == texts.shape == (2, 16)
    for vectors in (images, texts):
        assert torch.allclose(vectors.norm(dim=1), torch.ones(2), atol=1e-5)


def test_score_is_a_hundred_times_the_cosine_and_not_below_zero(clip):
    images = [astronaut(), chelsea()] * 2
    texts = [*TEXTS, *reversed(TEXTS)]
    cosines = (clip.images(images) * clip.texts(texts)).sum(dim=1).numpy()
    assert clip_score(clip, images, texts) == pytest.approx(100 * cosines.clip(min=0), abs=1e-4)
    assert len(set(cosines.round(5))) == 4


def test_an_image_is_as_near_to_itself_as_can_be_and_nearer_than_noise(clip):
    photo = astronaut()
    noise = np.random.default_rng(1).integers(0, 256, photo.shape, dtype=np.uint8)
    same, other = clip_image_score(clip, [photo, photo], [photo, noise])
    assert same == pytest.approx(100.0, abs=1e-3)
    assert other < same - 0.1


def test_a_text_longer_than_the_context_is_cut_not_refused(clip):
    long = "a cat " * 100
    assert torch.equal(clip.texts([long]), clip.texts([long + "and a dog"]))


@pytest.mark.parametrize(("images", "texts"), [(1, 2), (0, 0)])
def test_without_pairs_there_is_no_score(clip, images, texts):
    with pytest.raises(ValueError, match="pairs"):
        clip_score(clip, [astronaut()] * images, TEXTS[:texts])


def test_grey_and_float_images_are_refused(clip):
    for image in (astronaut()[..., 0], astronaut() / 255):
        with pytest.raises(ValueError, match="uint8 HxWx3"):
            clip.images([image])


def test_the_environment_names_the_model(folder, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(folder))
    assert load_clip().name == str(folder)


@pytest.mark.parametrize("name", ["nothing", "nothing/openai", "ViT-B-32/nobody"])
def test_a_name_that_open_clip_does_not_know_is_named(name):
    with pytest.raises(UnavailableError, match=f"^the CLIP model {name} cannot be had") as caught:
        load_clip(name)
    assert "\n" not in str(caught.value)


def test_a_folder_without_weights_gives_no_random_model(folder, tmp_path):
    (tmp_path / "open_clip_config.json").write_bytes(
        (folder / "open_clip_config.json").read_bytes()
    )
    with pytest.raises(UnavailableError, match="cannot be had"):
        load_clip(tmp_path)


def test_damaged_weights_are_named(folder, tmp_path):
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes()[:2000])
    with pytest.raises(UnavailableError, match="cannot be had"):
        load_clip(tmp_path)


def test_without_a_network_the_reason_comes_at_once(monkeypatch, tmp_path):
    monkeypatch.setattr(hub, "hub_answers", lambda: False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    with pytest.raises(UnavailableError, match=f"^the CLIP model {DEFAULT} cannot be had"):
        load_clip()


def test_without_the_library_the_reason_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(UnavailableError, match=r"^CLIP needs open_clip_torch"):
        load_clip()
