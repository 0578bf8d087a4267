"""Schemes: whatever kind of codec a name is, its blocks and its way over the torch channel."""

import pytest

from gensc.link.schemes import GenedScheme, JsccScheme, load_scheme
from gensc.system.errors import UserError


def test_a_name_says_its_kind(gened_model):
    jscc, gened = load_scheme("softcast"), load_scheme("tiny-gened")
    assert isinstance(jscc, JsccScheme)
    assert isinstance(gened, GenedScheme)
    assert (jscc.weights.id, gened.weights.id) == ("softcast", "tiny-gened")
    assert gened.weights.sha256 == gened.codec.sha256
    assert load_scheme(gened_model).codec is gened.codec


def test_no_name_is_the_default_codec():
    assert load_scheme().weights.id == "deepjscc-photo"


@pytest.mark.parametrize(
    ("name", "why"), [("nowhere", "'nowhere'.*softcast"), ("importance", "'importance'")]
)
def test_what_is_no_codec_is_named(name, why):
    with pytest.raises(UserError, match=why):
        load_scheme(name)
