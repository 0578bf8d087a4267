"""terminal: what is said beside the work, and as it may be shown."""

import io

import pytest

from gensc.system import terminal


class Gone(io.StringIO):
    """A pipe whose reader has left."""

    def write(self, text):
        raise BrokenPipeError(32, "Broken pipe")


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


def test_what_is_said_is_one_line_without_control_characters(capsys):
    terminal.say("cat\x1b[2J\n\u202e")
    assert capsys.readouterr().err == "cat\\x1b[2J\\n\\u202e\n"


@pytest.mark.parametrize("stream", [Gone(), closed()])
def test_a_reader_who_left_costs_nothing(monkeypatch, stream):
    monkeypatch.setattr("sys.stderr", stream)
    terminal.say("still at work")
