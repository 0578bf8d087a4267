"""--edit: refiners, pipelines with their settings, and a server, by name."""

import numpy as np
import pytest

import tiny_foundation
from gensc.editing.choose import choose_editor
from gensc.system.errors import UserError
from pdu_blocks import smooth_image
from small_refiner import store

IMAGE = smooth_image()


def test_none_is_no_editor():
    assert choose_editor("none") is None


def test_a_refiner_by_folder(tmp_path):
    editor = choose_editor(str(store(tmp_path)))
    assert editor.name == "small-refiner"
    assert editor.edit(IMAGE, "", snr_db=5.0).shape == IMAGE.shape


def test_a_pipeline_with_its_settings(tmp_path):
    tiny_foundation.stable_diffusion(tmp_path)
    editor = choose_editor(f"diffusers:{tmp_path},steps=2,strength=0.5,dtype=float32,task=inpaint")
    config = editor._pipeline.config
    assert (config.steps, config.strength, config.dtype) == (2, 0.5, "float32")
    assert "mask_image" in editor._pipeline.takes
    edited = editor.edit(IMAGE, "a meadow", np.ones(IMAGE.shape[:2], np.float32))
    assert edited.shape == IMAGE.shape


def test_a_server_from_the_environment(monkeypatch):
    monkeypatch.setenv("GENSC_EDIT_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("GENSC_EDIT_MODEL", "tiny")
    assert choose_editor("server").name == "server (tiny)"
    monkeypatch.delenv("GENSC_EDIT_MODEL")
    with pytest.raises(UserError, match="GENSC_EDIT_MODEL"):
        choose_editor("server")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nobody", "no weights called 'nobody'"),
        ("softcast", "softcast"),
        ("diffusers:any,steps=x", "steps=x: 'x' is no int"),
        ("diffusers:any,colour=red", "colour=red: the settings are"),
        ("diffusers:any,task=dance", "task=dance: must be edit or inpaint"),
        ("diffusers:any,dtype=int8", "dtype 'int8'"),
        ("diffusers:any,controlnet=x", "controlnet=x: an editor has no outlines"),
        ("diffusers:./no/folder", "cannot be had"),
    ],
)
def test_what_cannot_be_had_is_a_users_error_in_one_line(name, why, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError) as caught:
        choose_editor(name)
    assert why in str(caught.value)
    assert str(caught.value).startswith(f"--edit {name}: ")
