"""The guard by itself: whatever a request says, without the token nothing is reached."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from gensc.receiver.dashboard.guard import Guard
from gensc.receiver.dashboard.token import Token

TOKEN = Token("correct-horse-battery-staple")
NAMES = st.sampled_from(
    [b"host", b"cookie", b"authorization", b"origin", b"content-length", b"x-forwarded-host"]
)
VALUES = st.binary(max_size=60) | st.sampled_from(
    [b"localhost", b"127.0.0.1:8765", b"[::1", b"[::1]:x", b"evil.example",
     b"localhost@evil.example", b"gensc_1=" + b"0" * 64, b"Bearer ", b"bearer\x00", b"null", b"http://localhost"]
)  # fmt: skip


def answer(headers, method="GET", path="/state", body=b""):
    """The guard's status, and whether the application was reached."""
    reached, sent = [], []

    async def app(scope, receive, send):
        reached.append((await receive()).get("body"))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": headers}
    asyncio.run(Guard(app, TOKEN, frozenset({"lab.example"}), "gensc_1")(scope, receive, send))
    return sent[0]["status"], reached, dict(sent[0]["headers"])


@given(
    st.lists(st.tuples(NAMES, VALUES), max_size=6),
    st.sampled_from(["GET", "POST", "HEAD", "PUT", "\x00"]),
    st.text(max_size=20)
    .map("/".__add__)
    .filter(lambda p: p != "/" and not p.startswith(("/s", "/l"))),
)
def test_whatever_is_asked_without_the_token_nothing_is_reached(headers, method, path):
    status, reached, told = answer(headers, method, path)
    assert status in (401, 403, 405, 421)
    assert reached == []
    assert told[b"x-content-type-options"] == b"nosniff"


@given(st.binary(max_size=9000))
def test_a_body_reaches_the_application_whole_or_not_at_all(body):
    headers = [(b"host", b"localhost"), (b"cookie", f"gensc_1={TOKEN.cookie}".encode())]
    status, reached, _ = answer(headers, "POST", "/controls", body)
    assert (status, reached) == ((200, [body]) if len(body) <= 4096 else (413, []))


def test_a_name_that_was_told_is_this_machine_in_whatever_case():
    bearer = (b"authorization", b"Bearer correct-horse-battery-staple")
    assert answer([(b"host", b"LAB.example:80"), bearer])[0] == 200
    assert answer([(b"host", b"lab.example.evil"), bearer])[0] == 421


def test_another_dashboards_cookie_opens_nothing():
    other = Token("another-horse-battery-staple").cookie
    cookie = f"gensc_1={other}; gensc_2={TOKEN.cookie}".encode()
    assert answer([(b"host", b"localhost"), (b"cookie", cookie)])[0] == 401
