"""The configuration of the service: what makes no sense is one line that names it."""

from __future__ import annotations

import pytest

from gensc.receiver.config import ReceiverConfig, SourceConfig, read
from gensc.system.errors import UserError
from gensc.system.toml_file import commented, loads


def test_the_default_file_reads_as_the_default():
    assert loads(ReceiverConfig, commented(ReceiverConfig()), "x") == ReceiverConfig()


@pytest.mark.parametrize(
    ("radio", "kind", "name"),
    [
        ("zmq:tcp://127.0.0.1:5571", "zmq", "tcp://127.0.0.1:5571"),
        ("pdus:ipc:///tmp/x", "pdus", "ipc:///tmp/x"),
        ("file:a.cfile", "file", "a.cfile"),
        ("pluto:ip:192.168.2.1", "pluto", "ip:192.168.2.1"),
        ("loopback", "loopback", ""),
    ],
)
def test_a_source_is_a_kind_and_a_place(radio, kind, name):
    place = SourceConfig("a", radio).place()
    assert (place.kind, place.name) == (kind, name)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("source = []", "no [[source]]"),
        ("[[source]]\nname='a'\n[[source]]\nname='a'", "two sources are called 'a'"),
        ("[[source]]\nradio='carrier pigeon'", "there are pluto, uhd, soapy, zmq, file"),
        ("[[source]]\nradio='pdus:5571'", "write pdus:tcp://HOST:PORT"),
        ("[[source]]\nname='a/b'", "must not be empty or hold a slash"),
        ("[stages]\nrefin = 'x'", "unknown key stages.refin: perhaps refine"),
        ("[source.loopback]\nchannel='fadding'", "must be a list"),
        ("[[source]]\n[source.loopback]\nchannel='fadin'", "(perhaps fading)"),
        ("[[source]]\n[source.loopback]\nlowest_db=20", "lowest_db 20 is above 18"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, line):
    path = tmp_path / "receiver.toml"
    path.write_text(text)
    with pytest.raises(UserError) as error:
        read(path)
    assert line in str(error.value)
    assert str(path) in str(error.value)
