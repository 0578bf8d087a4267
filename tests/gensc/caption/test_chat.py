"""Captions over the OpenAI chat API, from a local server that speaks it."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

import fake_api
from fake_api import KEY, answers, fails
from gensc.caption.chat import SIDE, ChatCaptioner
from gensc.remote.exchange import Limits, RemoteError, RemoteRefusedError
from gensc_models.semantics import prompts
from pdu_blocks import smooth_image

IMAGE = smooth_image()
HASTY = Limits(seconds=0.3, answer_bytes=1 << 16)


def says(content, **others):
    message = {"role": "assistant", "content": content} | others
    return answers({"choices": [{"message": message, "finish_reason": "stop"}]})


def caption(*behaviours, limit=200, limits=HASTY, image=IMAGE):
    """The caption, or the error, and what the server was asked."""
    with fake_api.fake_api(*behaviours) as api:
        try:
            said = ChatCaptioner(api.endpoint, limit, limits).caption(image)
        except RemoteError as error:
            said = error
    assert KEY not in str(said)
    assert "\n" not in str(said)
    return said, api.asked


def test_the_model_is_shown_the_picture_and_asked_for_a_caption():
    text, (asked,) = caption(says(" A red\n bridge. "))
    assert text == "A red bridge."
    assert asked.path == "/v1/chat/completions"
    request = asked.json
    assert request["model"] == "tiny"
    question, shown = request["messages"][0]["content"]
    assert question["text"] == prompts.describe(200)
    kind, data = shown["image_url"]["url"].split(",")
    assert kind == "data:image/jpeg;base64"
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    assert np.abs(picture.astype(int) - IMAGE).mean() < 4


def test_large_pictures_are_sent_smaller():
    _, (asked,) = caption(says("x."), image=np.zeros((1000, 2000, 3), np.uint8))
    data = asked.json["messages"][0]["content"][1]["image_url"]["url"].split(",")[1]
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (SIDE, SIDE // 2)


def test_long_captions_are_cut_at_a_sentence():
    assert caption(says("One bridge. Two boats. Three birds."), limit=25)[0] == (
        "One bridge. Two boats."
    )


@pytest.mark.parametrize(
    "behaviour",
    [
        fails(401, "bad key"),
        fails(400, "images are not supported"),
        says(None, refusal="I cannot\ndescribe people"),
        answers({"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}),
    ],
)
def test_a_refusal_is_final(behaviour):
    error, asked = caption(behaviour)
    assert isinstance(error, RemoteRefusedError)
    assert len(asked) == 1


@pytest.mark.parametrize(
    "behaviour",
    [
        fails(500),
        fake_api.hangs,
        fake_api.drips_body,
        fake_api.floods,
        fake_api.raw(b"junk"),
        answers({}),
        answers({"choices": []}),
        answers({"choices": "none"}),
        answers({"choices": [7]}),
        answers({"choices": [{"message": "hello"}]}),
        says(""),
        says("  \n "),
        says(None),
        says([{"type": "text", "text": "a list"}]),
        says("bell \x07"),
    ],
)
def test_no_caption_is_asked_for_again_and_then_an_error(behaviour):
    error, asked = caption(behaviour)
    assert isinstance(error, RemoteError)
    assert len(asked) == 2
    assert caption(behaviour, says("A caption."))[0] == "A caption."
