"""--caption: a text, a file beside the picture, a captioner, and what happens when one fails."""

import pytest

import fake_api
import tiny_foundation
from fake_api import answers, fails
from gensc.caption.choose import choose_captioner
from gensc.caption.given import LONGEST
from gensc.data import samples
from gensc.system.errors import UserError
from gensc_models.semantics.captions import LayoutCaptioner
from pdu_blocks import smooth_image

IMAGE = smooth_image()
LAYOUT = LayoutCaptioner().caption(IMAGE)


def said(choice, path="", lines=None):
    return choose_captioner(choice, (lines if lines is not None else []).append).caption(
        IMAGE, str(path)
    )


@pytest.fixture
def photo(tmp_path):
    """A picture with a caption beside it."""
    (tmp_path / "photo.txt").write_text("\ufeffA red bridge\n over a river.\n", encoding="utf-8")
    return tmp_path / "photo.jpg"


def test_no_choice_is_no_caption():
    assert choose_captioner("", print) is None


@pytest.mark.parametrize("text", ["A cat.", "blip: a sound of radar", "chats", "filed away"])
def test_any_other_text_is_the_caption(text):
    assert said(text) == text


def test_file_reads_what_stands_beside_the_picture(photo, tmp_path):
    assert said("file", photo) == "A red bridge over a river."
    assert said("file", "skimage:coffee") == samples.PHOTOS["coffee"]
    for path in (tmp_path / "other.jpg", "skimage:moon", ""):
        with pytest.raises(UserError, match="no caption beside it"):
            said("file", path)


def test_auto_falls_back_to_the_layout(photo, tmp_path):
    assert said("auto", photo) == "A red bridge over a river."
    assert said("auto", tmp_path / "other.jpg") == LAYOUT
    assert said("auto") == said("layout", photo) == LAYOUT


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"\xff\xfe\x00", "not UTF-8"), (b" \n", "empty"), (b"a" * (LONGEST + 1), "longer than")],
)
def test_a_file_that_is_no_caption_is_named(photo, data, why):
    photo.with_suffix(".txt").write_bytes(data)
    for choice in ("file", "auto"):
        with pytest.raises(UserError, match=rf"photo\.txt: {why}"):
            said(choice, photo)


def test_blip_by_folder(tmp_path):
    tiny_foundation.blip(tmp_path)
    assert isinstance(said(f"blip:{tmp_path}"), str)


def test_a_model_that_cannot_be_had_is_a_users_error_in_one_line(tmp_path):
    with pytest.raises(UserError, match=r"--caption blip:.* cannot be had"):
        choose_captioner(f"blip:{tmp_path}", print)


def test_chat_needs_a_server(monkeypatch):
    monkeypatch.delenv("GENSC_CAPTION_URL", raising=False)
    with pytest.raises(UserError, match="GENSC_CAPTION_URL"):
        choose_captioner("chat", print)


def test_chat_and_the_layout_where_it_fails(monkeypatch, photo):
    good = answers({"choices": [{"message": {"content": "A bridge."}}]})
    with fake_api.fake_api(good, fails(403, "no pictures")) as api:
        monkeypatch.setenv("GENSC_CAPTION_URL", api.endpoint.url)
        monkeypatch.setenv("GENSC_CAPTION_MODEL", "tiny")
        lines = []
        assert said("chat", photo, lines) == "A bridge."
        assert lines == []
        assert said("chat", photo, lines) == LAYOUT
    (line,) = lines
    assert line.startswith(f"{photo}: layout for caption, chat (tiny) failed: ")
    assert "HTTP 403 (no pictures)" in line


def test_a_captioner_with_nothing_to_say_is_not_sent(monkeypatch, tmp_path):
    tiny_foundation.blip(tmp_path)
    from gensc_models.foundation import BlipCaptioner

    monkeypatch.setattr(BlipCaptioner, "caption", lambda *_: "")
    lines = []
    assert said(f"blip:{tmp_path}", "", lines) == LAYOUT
    assert "nothing to say" in lines[0]
