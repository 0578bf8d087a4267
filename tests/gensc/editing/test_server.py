"""Edits over the OpenAI image-edit API, from a local server that speaks it."""

import base64
import io
from email.parser import BytesParser
from email.policy import HTTP

import numpy as np
import pytest
from PIL import Image

import fake_api
from fake_api import KEY, answers, fails
from gensc.editing.server import ServerEditor
from gensc.remote.exchange import Limits, RemoteError
from gensc_models.restore.editing import EditRefusedError, SafeEditor
from gensc_models.semantics import prompts
from pdu_blocks import smooth_image

IMAGE = smooth_image(48, 64)
SIZES = ((64, 64), (64, 96), (96, 64))
HASTY = Limits(seconds=0.4, answer_bytes=1 << 20)


def png(picture):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


def draws(picture):
    """An answer with a picture; bytes are sent as they are."""
    data = picture if isinstance(picture, bytes) else png(picture)
    return answers({"data": [{"b64_json": base64.b64encode(data).decode()}]})


def edit(*behaviours, image=IMAGE, mask=None, limits=HASTY, caption="a meadow"):
    """The edited image, or the error, and what the server was asked."""
    with fake_api.fake_api(*behaviours) as api:
        try:
            result = ServerEditor(api.endpoint, limits, SIZES).edit(image, caption, mask)
        except (RemoteError, EditRefusedError) as error:
            result = error
    assert KEY not in str(result)
    return result, api.asked


def form(asked):
    """The parts of the form that was sent."""
    head = f"Content-Type: {asked.headers['Content-Type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + asked.body)
    return {part["Content-Disposition"].params["name"]: part.get_payload(decode=True)
            for part in message.iter_parts()}  # fmt: skip


def test_the_server_is_asked_as_the_api_has_it():
    _, (asked,) = edit(draws(np.zeros((64, 96, 3), np.uint8)))
    assert asked.path == "/v1/images/edits"
    assert asked.headers["Authorization"] == f"Bearer {KEY}"
    parts = form(asked)
    assert parts["model"] == b"tiny"
    assert parts["prompt"].decode() == prompts.restore("a meadow")
    # 4:3 is nearer to 3:2 than to 1:1.
    assert parts["size"] == b"96x64"
    assert "mask" not in parts
    sent = Image.open(io.BytesIO(parts["image"]))
    assert (sent.size, sent.format) == ((96, 64), "PNG")


def test_what_comes_back_is_the_image_at_its_own_size():
    _, (asked,) = edit(draws(np.zeros((64, 96, 3), np.uint8)))
    same = np.asarray(Image.open(io.BytesIO(form(asked)["image"])))
    result, _ = edit(draws(same))
    assert (result.shape, result.dtype) == (IMAGE.shape, np.uint8)
    assert np.abs(result.astype(int) - IMAGE).mean() < 1.5
    # Larger, in the same proportions, will do.
    larger = np.asarray(Image.fromarray(same).resize((192, 128)))
    assert np.abs(edit(draws(larger))[0].astype(int) - IMAGE).mean() < 3


def test_the_foreground_is_opaque_in_the_mask():
    mask = np.zeros(IMAGE.shape[:2], np.float32)
    mask[:, :32] = 1.0
    _, (asked,) = edit(draws(np.zeros((64, 96, 3), np.uint8)), mask=mask)
    alpha = np.asarray(Image.open(io.BytesIO(form(asked)["mask"])))[..., 3]
    assert alpha.shape == (64, 96)
    assert (alpha[:, 5] == 255).all()
    assert (alpha[:, 60] == 0).all()


@pytest.mark.parametrize(
    "behaviour", [fails(400, "moderation: blocked"), fails(401), fails(404), fails(413)]
)
def test_a_refusal_is_final(behaviour):
    assert isinstance(edit(behaviour)[0], EditRefusedError)


BOMB = (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x01\x00\x00\x00\x01\x00\x00\x08\x02\x00\x00\x00"
        + b"\xb0Zy\xca\x00\x00\x00\x00IDAT\x35\xaf\x06\x1e")  # fmt: skip


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        (fails(503), "HTTP 503"),
        (fake_api.hangs, "no whole answer"),
        (fake_api.drips_body, "no whole answer"),
        (fake_api.drips_headers, "no whole answer"),
        (fake_api.floods, "more than"),
        (fake_api.hangs_up, "closed connection"),
        (fake_api.raw(b"<html>"), "no JSON"),
        (answers({}), "no picture in it"),
        (answers({"data": []}), "no picture in it"),
        (answers({"data": [{"url": "http://127.0.0.1/x.png"}]}), "no picture in it"),
        (answers({"data": [{"b64_json": "!!"}]}), "no picture in it"),
        (answers({"data": [{"b64_json": None}]}), "no picture in it"),
        (draws(b"no picture"), "can be read"),
        (draws(png(IMAGE)[:200]), "can be read"),
        (draws(BOMB), "too large|can be read"),
        (draws(np.zeros((64, 64, 3), np.uint8)), "64x64 for 96x64"),
    ],
)  # fmt: skip
def test_what_is_no_such_picture_costs_an_attempt_and_never_the_image(behaviour, why):
    with fake_api.fake_api(behaviour) as api:
        editor = ServerEditor(api.endpoint, HASTY, SIZES)
        edited = SafeEditor(editor, limit_s=10).edit(IMAGE, "a meadow")
    assert np.array_equal(edited.image, IMAGE)
    assert (edited.kind, edited.attempts) == ("failed", 2)
    assert any(part in edited.reason for part in why.split("|"))
    assert KEY not in edited.reason


def test_the_second_attempt_may_succeed_and_another_scene_is_rejected():
    good, bad = draws(np.asarray(Image.fromarray(IMAGE).resize((96, 72)))[:64]), fails(502)
    with fake_api.fake_api(bad, good) as api:
        edited = SafeEditor(ServerEditor(api.endpoint, HASTY, SIZES)).edit(IMAGE, "")
        assert edited.attempts == 2
        assert edited.kind != "failed"
    with fake_api.fake_api(draws(255 - np.asarray(Image.fromarray(IMAGE).resize((96, 64))))) as api:
        edited = SafeEditor(ServerEditor(api.endpoint, HASTY, SIZES)).edit(IMAGE, "")
    assert edited.kind == "rejected"
    assert np.array_equal(edited.image, IMAGE)
