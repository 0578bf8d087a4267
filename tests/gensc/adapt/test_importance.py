"""gensc.adapt.importance: the source that `--importance` names, and the picture of it."""

import numpy as np
import pytest
from PIL import Image

from gensc.adapt.importance import importance_source
from gensc.adapt.importance_sheet import importance_sheet
from gensc.system.errors import UserError
from pdu_blocks import smooth_image
from small_bank import SmallBank
from small_importance import store

BANK = SmallBank()
PHOTO = smooth_image(48, 64, 1)


@pytest.fixture
def installed(tmp_path, monkeypatch):
    monkeypatch.setenv("GENSC_WEIGHTS", str(store(tmp_path / "weights")))


def test_every_kind_of_source_gives_a_map_of_the_image(installed, tmp_path):
    Image.fromarray(np.array([[0, 255]], np.uint8)).save(tmp_path / "a.png")
    for text in ("learned", "cam", "cam:goldfish", "box:4,4,20,20", "information"):
        values = importance_source(text, BANK)(PHOTO, "a")
        assert values.ndim == 2
        assert np.isfinite(values).all()
    assert importance_source(str(tmp_path), BANK).name == f"maps of {tmp_path.name}"
    assert importance_source(str(tmp_path / "a.png"), BANK).name == "mask a.png"


def test_without_a_word_the_learned_one_is_taken_where_it_is_there(installed, monkeypatch):
    assert importance_source("", BANK).name == "learned"
    monkeypatch.setattr("gensc_models.weights.store.search_folders", list)
    assert importance_source("", BANK).name == "information"


def test_mistakes_are_the_users_and_name_what_there_is(installed):
    with pytest.raises(UserError, match="none of information, a folder of maps, learned, cam"):
        importance_source("guess", BANK)
    with pytest.raises(UserError, match=r"--importance cam:whale: no class 'whale'"):
        importance_source("cam:whale", BANK)
    with pytest.raises(UserError, match="a: box 500,0,5,5 lies outside"):
        importance_source("box:500,0,5,5", BANK)(PHOTO, "a")


def test_the_sheet_has_a_row_per_photo_and_a_column_per_source(installed):
    sources = [importance_source(text, BANK) for text in ("learned", "information")]
    fig = importance_sheet([("a", PHOTO), ("b", PHOTO[:, :32])], sources)
    assert [ax.get_title() for ax in fig.axes[:3]] == ["", "learned", "information"]
    shown = [ax.images[0].get_array().shape for ax in fig.axes]
    assert shown == [(48, 64, 3)] * 3 + [(48, 32, 3)] * 3
