"""The dashboard over HTTP: who is let in, what is answered, and what is refused in which words."""

import http.client
import json
import socket
import time
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from gensc.receiver.dashboard import guard
from gensc.receiver.dashboard.feed import MOST_READERS
from gensc.receiver.dashboard.server import DashboardServer, is_loopback, parse_address
from gensc.receiver.dashboard.token import Token
from gensc.system.errors import UserError

TOKEN = "correct-horse-battery-staple"
BEARER = {"authorization": f"Bearer {TOKEN}"}
JSON = {"content-type": "application/json"}


class Client:
    """One request at a time to a dashboard."""

    def __init__(self, dashboard):
        self.where = urlsplit(dashboard.url).netloc

    def __call__(self, path, headers=BEARER, method="GET", body=None):
        connection = http.client.HTTPConnection(self.where, timeout=10)
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        answer.content = answer.read()
        connection.close()
        return answer

    def post(self, path, content, headers=BEARER):
        return self(path, {**headers, **JSON}, "POST", json.dumps(content))


@pytest.fixture
def ask(dashboard):
    return Client(dashboard)


class Stream:
    """The events of a dashboard, as a browser reads them."""

    def __init__(self, ask, after="", headers=()):
        self.connection = http.client.HTTPConnection(ask.where, timeout=10)
        self.connection.request(
            "GET", f"/events?after={after}", headers={**BEARER, **dict(headers)}
        )
        self.answer = self.connection.getresponse()

    def next(self):
        """The next event: its id, kind and content."""
        told = {}
        while True:
            line = self.answer.readline().decode()
            if line == "\n" and "event" in told:
                return told["id"], told["event"], json.loads(told["data"])
            name, _, value = line.rstrip("\n").partition(": ")
            told[name] = value

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()


@pytest.mark.parametrize(
    "path", ["/state", "/summary", "/events", "/metrics", "/pictures/a/received"]
)
@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "Bearer wrong"}, {"authorization": f"Basic {TOKEN}"},
     {"cookie": "gensc=wrong"}, {"cookie": "=;\x01"}],
)  # fmt: skip
def test_nothing_of_the_receiver_is_told_without_the_token(ask, path, headers):
    answer = ask(path, headers)
    assert answer.status == 401
    assert answer.content == b"a token is needed: open the link that the receiver printed\n"


def test_the_page_itself_needs_no_token_and_holds_no_secret(ask):
    answer = ask("/", {})
    assert answer.status == 200
    assert b"gensc" in answer.content
    assert TOKEN.encode() not in answer.content


def test_the_token_opens_and_becomes_a_cookie_that_no_script_and_no_other_site_gets(ask, dashboard):
    answer = ask.post("/login", {"token": TOKEN}, {})
    assert answer.status == 204
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKEN not in cookie
    port = urlsplit(dashboard.url).port
    assert cookie.startswith(f"gensc_{port}=")
    assert ask("/state", {"cookie": cookie.split(";")[0]}).status == 200


def test_a_wrong_token_opens_nothing(ask):
    answer = ask.post("/login", {"token": "x" * 28}, {})
    assert answer.status == 403
    assert "set-cookie" not in answer.headers


def test_the_link_carries_the_token_where_no_server_sees_it(dashboard):
    assert dashboard.link == f"{dashboard.url}#token={TOKEN}"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "localhost.evil.example", ""]
)
def test_a_foreign_host_name_is_refused_whoever_asks(ask, host):
    answer = ask("/state", {**BEARER, "host": host})
    assert (answer.status, answer.content) == (421, b"not a host name of this dashboard\n")


@pytest.mark.parametrize("host", ["localhost:9000", "127.0.0.1", "[::1]:80", "192.0.2.7:8765"])
def test_this_machine_is_known_by_localhost_and_by_addresses_through_any_port(ask, host):
    assert ask("/state", {**BEARER, "host": host}).status == 200


def test_another_site_changes_nothing(ask, receiver):
    answer = ask.post("/controls", {"pause": True}, {**BEARER, "origin": "http://evil.example"})
    assert answer.status == 403
    assert not receiver.paused
    same = {**BEARER, "origin": f"http://{ask.where}"}
    assert ask.post("/controls", {"pause": True}, same).status == 200
    assert receiver.paused


def test_every_answer_forbids_scripts_of_others(ask):
    for path, headers in (("/", {}), ("/state", BEARER), ("/state", {}), ("/nowhere", BEARER)):
        told = ask(path, headers).headers
        assert "script-src 'self'" in told["content-security-policy"]
        assert "unsafe" not in told["content-security-policy"]
        assert told["x-content-type-options"] == "nosniff"
        assert "server" not in told


def test_controls_change_what_is_named_and_answer_with_the_state(ask, receiver):
    answer = ask.post("/controls", {"refiner": "none", "target_latency_ms": 250})
    assert json.loads(answer.content)["refiner"] == "none"
    assert (receiver.refiner, receiver.target_latency_ms, receiver.paused) == ("none", 250, False)


def test_what_the_service_refuses_is_told_in_its_words(ask):
    answer = ask.post("/controls", {"refiner": "magic"})
    assert (answer.status, json.loads(answer.content)["detail"]) == (409, "magic: no such refiner")


@pytest.mark.parametrize(
    "wish",
    [{"pause": "yes"}, {"pause": 1}, {"refiner": ""}, {"refiner": "x" * 300}, {"reboot": True},
     {"target_latency_ms": -1}, {"target_latency_ms": 1e9}, {"target_latency_ms": "5"}, [], "x"],
)  # fmt: skip
def test_a_wish_that_makes_no_sense_changes_nothing(ask, receiver, wish):
    before = receiver.state()
    assert ask.post("/controls", wish).status == 422
    assert receiver.state() == before


@pytest.mark.parametrize("body", [b"{", b"\xff", b"", b'{"target_latency_ms": NaN}'])
def test_a_body_that_is_no_json_is_refused(ask, body):
    assert ask("/controls", {**BEARER, **JSON}, "POST", body).status in (400, 422)


def test_a_large_body_is_not_read(ask):
    assert ask("/controls", {**BEARER, **JSON}, "POST", b" " * 5000).status == 413
    chunks = (b" " * 1000 for _ in range(5))
    assert ask("/login", JSON, "POST", chunks).status == 413  # of no announced length


def test_a_body_that_does_not_come_is_waited_for_no_longer_than_is_said(ask, monkeypatch):
    monkeypatch.setattr(guard, "BODY_S", 0.2)
    answer = ask("/controls", {**BEARER, **JSON, "content-length": "10"}, "POST", b"{")
    assert (answer.status, answer.content) == (408, b"no whole request in 0.2 s\n")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_other_methods_are_refused(ask, method):
    assert ask("/state", method=method).status == 405


def test_random_bytes_end_their_connection_and_nothing_else(ask):
    host, port = ask.where.split(":")
    for junk in (
        b"\x00" * 200,
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 9000,
        b"GET /" + b"a" * 99999,
    ):
        # Refused while we are still sending, the connection may be reset.
        with socket.create_connection((host, int(port)), 10) as raw, suppress(ConnectionError):
            raw.sendall(junk)
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(4096):
                pass
    assert ask("/state").status == 200


def test_a_page_begins_with_the_state_and_the_latest_events_in_their_order(ask, receiver, photo):
    for number in range(4):
        receiver.receive(photo, number, 10.0)
    told = json.loads(ask("/state").content)
    assert told["state"]["refiners"] == ["none", "refiner-photo", "refiner-swin"]
    numbers = [event["number"] for event in told["events"]]
    assert numbers == sorted(numbers)
    assert [e["key"] for e in told["events"] if e["kind"] == "image"] == [
        f"a3f2-{number:05d}" for number in range(4)
    ]
    assert len([e for e in told["events"] if "symbols" in e]) == 2


def test_no_path_of_this_machine_is_told(ask, receiver, photo, tmp_path):
    receiver.receive(photo, 0, 10.0)
    assert str(tmp_path).encode() not in ask("/state").content


def test_pictures_are_those_that_events_named(ask, receiver, photo, tmp_path):
    key = receiver.receive(photo, 7, 10.0)
    for stage, end in (("received", ""), ("refined", "-refined"), ("original", "-original")):
        answer = ask(f"/pictures/{key}/{stage}")
        assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
        assert answer.content == (tmp_path / f"{key}{end}.png").read_bytes()
    assert ask(f"/pictures/{key}/edited").status == 404


@pytest.mark.parametrize(
    "path",
    ["/pictures/../received", "/pictures/%2e%2e%2fsecret.png/received", "/pictures/secret/received",
     "/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd"],
)  # fmt: skip
def test_no_request_reaches_another_file(ask, tmp_path, path):
    (tmp_path / "secret.png").write_bytes(b"secret")
    assert ask(path).status == 404


def test_an_event_that_names_a_file_outside_shows_none(ask, receiver, tmp_path):
    outside = tmp_path.parent / "outside.png"
    outside.write_bytes(b"secret")
    receiver.bus.publish("image", key="a", file="../outside.png")
    receiver.bus.publish("image", key="b", file=str(outside))
    receiver.bus.publish("image", key="c", file="x.html")
    (tmp_path / "x.html").write_text("<script>")
    for key in "abc":
        assert ask(f"/pictures/{key}/received").status == 404


def test_events_follow_the_state(ask, receiver):
    receiver.bus.publish("problem", line="before")
    last_id = json.loads(ask("/state").content)["last_id"]
    with Stream(ask, last_id) as stream:
        receiver.bus.publish("problem", line="after")
        lines = []
        while "after" not in lines:
            _, kind, told = stream.next()
            assert kind == "problem"
            lines.append(told["line"])
    assert lines in (["after"], ["before", "after"])


def test_a_browser_that_was_away_gets_what_it_missed(ask, receiver):
    with Stream(ask) as stream:
        assert stream.next()[1] == "reset"
        receiver.bus.publish("problem", line="one")
        last_id = stream.next()[0]
    for line in ("two", "three"):
        receiver.bus.publish("problem", line=line)
    with Stream(ask, headers={"last-event-id": last_id}) as stream:
        assert [stream.next()[2]["line"] for _ in range(2)] == ["two", "three"]


@pytest.mark.parametrize("last_id", ["00000000-5", "junk", "-", "9" * 60, "%ff", "¹-¹"])
def test_a_browser_with_an_id_of_another_start_begins_anew(ask, last_id):
    with Stream(ask, headers={"last-event-id": last_id.encode().decode("latin-1")}) as stream:
        _, kind, told = stream.next()
    assert (kind, told) == ("reset", {})


def test_more_browsers_than_there_is_room_for_are_told_so(ask):
    streams = [Stream(ask) for _ in range(MOST_READERS)]
    try:
        for stream in streams:
            assert stream.next()[1] == "reset"
        assert ask("/events").status == 503
    finally:
        for stream in streams:
            stream.connection.close()


def test_closing_ends_the_streams_at_once(receiver):
    server = DashboardServer(receiver, Token(TOKEN), "127.0.0.1:0").start()
    with Stream(Client(server)) as stream:
        assert stream.next()[1] == "reset"
        started = time.monotonic()
        server.close()
        assert stream.answer.read() == b""
    assert time.monotonic() - started < 5


def test_an_address_that_is_taken_is_one_line(dashboard, receiver):
    where = urlsplit(dashboard.url).netloc
    with pytest.raises(UserError, match="Address already in use"):
        DashboardServer(receiver, Token(TOKEN), where)


@pytest.mark.parametrize(
    "address", ["", "8765", "localhost", "localhost:x", "a:99999", "::1:80", "a:-1"]
)
def test_an_address_that_is_none_is_named(address):
    with pytest.raises(UserError, match="expected HOST:PORT"):
        parse_address(address)


def test_addresses_are_read():
    assert parse_address("localhost:80") == ("localhost", 80)
    assert parse_address("[::1]:80") == ("::1", 80)
    assert parse_address(":80") == ("127.0.0.1", 80)


def test_what_is_loopback_is_known():
    assert [is_loopback(h) for h in ("127.0.0.1", "127.9.9.9", "::1", "localhost")] == [True] * 4
    assert [is_loopback(h) for h in ("0.0.0.0", "192.0.2.1", "::", "host")] == [False] * 4
