"""Editors and refiners of other people: each is both, and fails in one line."""

import numpy as np
import pytest

from gensc_models.catalogue.editors import load_editor
from gensc_models.catalogue.shared import shared_refiner
from gensc_models.restore.editing import SafeEditor
from gensc_models.restore.editing.editor import EditRefusedError

IMAGE = np.full((32, 48, 3), 100, np.uint8)
PLUGINS = """
class Edits:
    name = "edits"
    def edit(self, image, caption, mask, snr_db, seed):
        return image + len(caption)

class Refines:
    def refine(self, image, snr_db, seed):
        return image + int(snr_db)

class Fails:
    def refine(self, image, snr_db, seed):
        raise OSError("no luck")

class Shrinks:
    def edit(self, image, *told):
        return image[1:]
"""


@pytest.fixture
def named(tmp_path):
    path = tmp_path / "plugins.py"
    path.write_text(PLUGINS)
    return lambda name: f"{path}:{name}"


def test_an_editor_is_a_refiner_that_is_told_no_caption(named):
    editor = load_editor(named("Edits"))
    assert editor.name == "edits"
    assert editor.edit(IMAGE, "four", None, 3.0, 1).max() == 104
    assert shared_refiner(named("Edits")) is editor
    assert editor.refine(IMAGE, 5.0).max() == 100
    assert [i.max() for i in editor.refine_images([IMAGE, IMAGE], [1.0, 2.0])] == [100, 100]


def test_a_refiner_is_an_editor_that_must_know_the_snr(named):
    editor = load_editor(named("Refines"))
    assert editor.name == "Refines"
    assert len(editor.sha256) == 64
    assert editor.edit(IMAGE, "four", None, 3.0).max() == 103
    with pytest.raises(EditRefusedError, match="SNR"):
        editor.edit(IMAGE, "four")


def test_what_fails_is_said_in_a_line_and_the_received_image_stays(named):
    with pytest.raises(ValueError, match=r"^Fails: refine: OSError: no luck \(plugins\.py, line"):
        load_editor(named("Fails")).refine(IMAGE, 3.0)
    with pytest.raises(ValueError, match=r"^Shrinks: edit returned uint8 \(31, 48, 3\), expected"):
        load_editor(named("Shrinks")).edit(IMAGE, "")
    edited = SafeEditor(load_editor(named("Fails"))).edit(IMAGE, "", snr_db=3.0)
    assert (edited.kind, edited.changed) == ("failed", False)
    assert "no luck" in edited.reason
