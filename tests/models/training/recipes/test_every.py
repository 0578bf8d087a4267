"""Ten steps of every recipe leave weights under a name of their own that can be loaded and used."""

import json
from pathlib import Path

import numpy as np
import pytest
from skimage.data import astronaut

from gensc_models import load_codec
from gensc_models.catalogue.inpainters import load_inpainter
from gensc_models.codecs.bank import HyperpriorCodec
from gensc_models.codecs.simulated import receive
from gensc_models.restore.refiner import load_refiner
from gensc_models.semantics.importance import Classifier, LearnedImportance, SaliencyNetwork
from gensc_models.training.recipes import RECIPES, find
from gensc_models.weights import store as weights
from small_training import prepared, store

IMAGE = np.ascontiguousarray(astronaut()[:96, :128])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store(tmp_path_factory.mktemp("training"))


def used_as_codec(path: Path, rate: int = 48) -> np.ndarray:
    codec = load_codec(path)
    return receive(codec, codec.encode_image(IMAGE, rate, 10.0), "awgn", 10.0, seed=1)


def used_as_bank(path: Path) -> np.ndarray:
    bank = HyperpriorCodec.from_pretrained(path)
    decoded = bank.decode(bank.encode(IMAGE, 10).data)
    assert decoded.complete
    used_as_codec(path)
    return decoded.image


def used_as_inpainter(path: Path) -> np.ndarray:
    keep = np.zeros(IMAGE.shape[:2], bool)
    keep[:48] = True
    filled = load_inpainter(path).inpaint(IMAGE, keep)
    np.testing.assert_array_equal(filled[keep], IMAGE[keep])
    return filled


def used_as_refiner(path: Path) -> np.ndarray:
    return load_refiner(path).refine(IMAGE, 5.0)


def used_as_classifier(path: Path) -> np.ndarray:
    classifier = Classifier.from_pretrained(path)
    assert len(classifier.classes) == 3
    return IMAGE


def used_as_importance(path: Path) -> np.ndarray:
    found = LearnedImportance(SaliencyNetwork.from_pretrained(path))(IMAGE)
    return np.repeat((255 * found[..., None]).astype(np.uint8), 3, axis=2)


USES = {
    "softcast": used_as_codec,
    "photo": used_as_codec,
    "swin": used_as_codec,
    "deepjscc": lambda path: used_as_codec(path, 128),
    "bank": used_as_bank,
    "gened": used_as_codec,
    "refiner": used_as_refiner,
    "editor": used_as_refiner,
    "inpainter": used_as_inpainter,
    "classifier": used_as_classifier,
    "importance": used_as_importance,
}


def test_every_recipe_is_tried_here() -> None:
    assert USES.keys() == RECIPES.keys()


@pytest.mark.parametrize("recipe", USES)
def test_ten_steps_leave_weights_that_work(recipe: str, folder: Path, tmp_path: Path) -> None:
    run = prepared(recipe, folder, tmp_path / "mine")
    path = run.train()
    assert run.step == (0 if recipe == "softcast" else 10)
    assert path == tmp_path / "mine" / f"{recipe}-mine"
    info = weights.info(path)
    assert info.name == f"{recipe}-mine"
    assert USES[recipe](path).shape == IMAGE.shape

    card = (path / "README.md").read_text()
    assert card.startswith(f"# {recipe}-mine\n")
    assert f"gensc train {recipe} --data " in card
    records = [json.loads(line) for line in (path / "training.jsonl").read_text().splitlines()]
    assert [record["step"] for record in records][:: len(records)] == [0]
    assert records[-1]["step"] == run.step
    for name in ("training.png", "config.json", "model.safetensors"):
        assert (path / name).stat().st_size > 0


@pytest.mark.parametrize("recipe", USES)
def test_its_options_are_explained(recipe: str) -> None:
    kind = find(recipe)
    assert kind.name == recipe
    assert kind.summary
    assert "{}" in kind.usage
