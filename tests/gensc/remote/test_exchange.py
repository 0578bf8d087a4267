"""One request: an answer in time, or one line that says what was wrong, without the key."""

import socket
import time

import pytest

import fake_api
from fake_api import KEY, answers, fails
from gensc.remote.endpoint import Endpoint
from gensc.remote.exchange import Limits, RemoteError, RemoteRefusedError, post, twice
from gensc.system.errors import UserError

LIMITS = Limits(seconds=5.0, answer_bytes=10_000)
HASTY = Limits(seconds=0.3, answer_bytes=10_000)


def ask(endpoint, limits=LIMITS):
    return post(endpoint, "chat/completions", b"{}", "application/json", limits)


def failure(behaviour, limits=LIMITS):
    """What is raised, and after how long."""
    started = time.monotonic()
    with fake_api.fake_api(behaviour) as api:
        with pytest.raises(RemoteError) as caught:
            ask(api.endpoint, limits)
        seconds = time.monotonic() - started
    text = str(caught.value)
    assert "\n" not in text
    assert KEY not in text
    return caught.value, seconds


def test_the_answer_is_the_json_object_and_the_request_carries_the_key():
    with fake_api.fake_api(answers({"a": [1, 2]})) as api:
        assert ask(api.endpoint) == {"a": [1, 2]}
        (asked,) = api.asked
    assert (asked.path, asked.body) == ("/v1/chat/completions", b"{}")
    assert asked.headers["Authorization"] == f"Bearer {KEY}"
    assert asked.headers["Content-Type"] == "application/json"


def test_without_a_key_no_header_is_sent():
    with fake_api.fake_api(answers({})) as api:
        ask(Endpoint(api.endpoint.url, "tiny"))
        assert "Authorization" not in api.asked[0].headers


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 422])
def test_a_request_at_fault_is_a_refusal_with_the_servers_words(status):
    error, _ = failure(fails(status, f"no such\nmodel for {KEY}"))
    assert isinstance(error, RemoteRefusedError)
    assert f"HTTP {status} (no such model for ***)" in str(error)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_server_at_fault_may_be_asked_again(status):
    error, _ = failure(fails(status))
    assert not isinstance(error, RemoteRefusedError)
    assert f"HTTP {status} (it did not work)" in str(error)


@pytest.mark.parametrize(
    "junk",
    [b"", b"<html>", b"[1]", b'"text"', b"\xff\xfe\x00", b"[" * 9000, b'{"a": ', b"NaN"],
)
def test_what_is_no_json_object_is_named(junk):
    error, _ = failure(fake_api.raw(junk))
    assert "no JSON object" in str(error)


def test_an_error_page_that_is_no_json_still_tells_the_status():
    error, _ = failure(fake_api.raw(b"<h1>Bad Gateway</h1>", 502))
    assert str(error).endswith("HTTP 502")


@pytest.mark.parametrize("behaviour", [fake_api.hangs, fake_api.drips_headers, fake_api.drips_body])
def test_neither_silence_nor_a_slow_drip_lasts_longer_than_allowed(behaviour):
    error, seconds = failure(behaviour, HASTY)
    assert "no whole answer within 0.3 s" in str(error)
    assert seconds < 3


def test_an_endless_answer_is_cut_off():
    error, seconds = failure(fake_api.floods)
    assert "more than 10000 bytes" in str(error)
    assert seconds < 5


def test_a_broken_answer_and_a_closed_connection_are_errors():
    assert "no JSON object" in str(failure(fake_api.promises_too_much)[0])
    assert "closed connection" in str(failure(fake_api.hangs_up)[0])


def test_nobody_listening_is_named():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(RemoteError, match=f"127.0.0.1:{port}: .*refused"):
        ask(Endpoint(f"http://127.0.0.1:{port}/v1", "tiny", KEY))


def test_an_own_word_of_great_length_is_cut():
    error, _ = failure(fails(400, "x" * 5000))
    assert len(str(error)) < 300


def test_a_failure_is_asked_again_once_and_a_refusal_is_not():
    with fake_api.fake_api(fails(503), answers({"fine": 1})) as api:
        assert twice(lambda: ask(api.endpoint)) == {"fine": 1}
        assert len(api.asked) == 2
    for behaviour, times in ((fails(503), 2), (fails(400), 1)):
        with fake_api.fake_api(behaviour) as api:
            with pytest.raises(RemoteError):
                twice(lambda: ask(api.endpoint))
            assert len(api.asked) == times


# ---------------------------------------------------------------- endpoints


def test_an_endpoint_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("GENSC_CAPTION_URL", "https://example.org/v1/")
    monkeypatch.setenv("GENSC_CAPTION_MODEL", "m")
    monkeypatch.setenv("GENSC_CAPTION_KEY", KEY)
    endpoint = Endpoint.from_environment("CAPTION")
    assert endpoint == Endpoint("https://example.org/v1", "m", KEY)
    assert KEY not in repr(endpoint)
    monkeypatch.delenv("GENSC_CAPTION_KEY")
    assert Endpoint.from_environment("CAPTION").key == ""
    with pytest.raises(UserError, match="GENSC_EDIT_URL and GENSC_EDIT_MODEL"):
        Endpoint.from_environment("EDIT")


@pytest.mark.parametrize(
    "url", ["", "example.org/v1", "ftp://example.org", "http://", "http://a:b/", "http://a b/",
            "http://[", "https://exämple.org"]
)  # fmt: skip
def test_what_is_no_address_is_refused(url):
    with pytest.raises(UserError, match="no address"):
        Endpoint(url, "m")


@pytest.mark.parametrize("key", ["a b", "a\r\nX-Evil: 1", "schlüssel"])
def test_a_key_that_would_break_the_header_is_refused_without_being_shown(key):
    with pytest.raises(UserError) as caught:
        Endpoint("http://127.0.0.1/v1", "m", key)
    assert key not in str(caught.value)


def test_names_and_passwords_in_the_address_are_not_shown():
    assert Endpoint("http://me:secret@127.0.0.1:1/v1", "m").host == "127.0.0.1:1"
