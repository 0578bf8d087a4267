"""The cross-modal context matching module on a tiny CLIP with random weights."""

from pathlib import Path

import pytest
import torch

from gensc_models.codecs.gened.matching import ClipEncoder, Embeddings, matching_for, prompt
from gensc_models.metrics.clip import Clip, load_clip
from gensc_models.weights.hub import UnavailableError
from small_clip import save_clip


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> ClipEncoder:
    folder = tmp_path_factory.mktemp("clip") / "tiny"
    save_clip(folder)
    return ClipEncoder(load_clip(folder))


def test_clip_gives_the_image_its_places_and_the_text(encoder: ClipEncoder) -> None:
    images = torch.rand(2, 3, 48, 64)
    seen = encoder(images, [prompt("dog"), prompt("great_white_shark")])
    assert seen.glob.shape == seen.text.shape == (2, 16)
    assert seen.places.shape == (2, 16, 4, 4)
    assert not torch.allclose(seen.text[0], seen.text[1])
    assert not any(p.requires_grad for p in encoder.model.parameters())


def test_prompts_name_the_class_or_whatever_is_salient() -> None:
    assert prompt("great_white_shark") == "a photo of a great white shark"
    assert prompt("") == "a photo of a salient object"


def test_the_score_is_the_scaled_similarity_of_text_and_place(encoder: ClipEncoder) -> None:
    matching = matching_for(encoder)
    seen = encoder(torch.rand(2, 3, 32, 32), ["a photo of a dog"] * 2)
    with torch.no_grad():
        matching.fusion.zero_()
    score = matching(seen)
    assert score.shape == (2, 4, 4)
    place = matching.project(seen.places[1, :, 2, 3])
    cosine = torch.nn.functional.cosine_similarity(place, seen.text[1], dim=0)
    torch.testing.assert_close(score[1, 2, 3], cosine / matching.temperature)


def test_places_start_where_clip_itself_would_project_them(encoder: ClipEncoder) -> None:
    matching = matching_for(encoder)
    x = torch.rand(3, 16)
    torch.testing.assert_close(matching.project(x), x @ encoder.model.visual.proj)


def test_the_text_is_refined_by_what_the_image_shows(encoder: ClipEncoder) -> None:
    matching = matching_for(encoder)
    seen = encoder(torch.rand(1, 3, 32, 32), ["a photo of a dog"])
    with torch.no_grad():
        matching.fusion.fill_(1.0)
    other = Embeddings(seen.glob, seen.places + 1.0, seen.text)
    assert not torch.allclose(matching.refined(seen)[0], matching.refined(other)[0])


def test_matching_learns_and_clip_does_not(encoder: ClipEncoder) -> None:
    matching = matching_for(encoder)
    before = {k: v.clone() for k, v in encoder.model.state_dict().items()}
    matching(encoder(torch.rand(1, 3, 32, 32), ["a photo of a dog"])).square().sum().backward()
    assert all(p.grad is not None for p in matching.parameters())
    assert all(torch.equal(before[k], v) for k, v in encoder.model.state_dict().items())


def test_a_model_without_patches_is_refused() -> None:
    class Blind(torch.nn.Module):
        visual = torch.nn.Identity()

    with pytest.raises(UnavailableError, match="no patch embeddings of the CLIP model blind"):
        ClipEncoder(Clip("blind", Blind(), lambda _: torch.zeros(1), lambda _: torch.zeros(1)))


def test_a_missing_model_is_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnavailableError, match="CLIP model"):
        load_clip(tmp_path / "empty")
