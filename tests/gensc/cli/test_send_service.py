"""`gensc send` as a service: its settings, its counters, and what it says of mistakes."""

from __future__ import annotations

import json

import pytest

from gensc.cli.main import run
from gensc.system.toml_file import loads
from gensc.transmitter.config import TransmitterConfig
from gensc.trials.transmitter.answering import Answering
from transmitting import photos


@pytest.fixture
def folder(tmp_path):
    return photos(tmp_path / "photos", 2)


def test_a_list_goes_through_the_queue_once(folder, tmp_path, capsys):
    told = ["send", str(folder), "--queue", str(tmp_path / "q.db"), "--model", "softcast",
            "--to", str(tmp_path / "air.cfile"), "--json"]  # fmt: skip
    assert run(told) == 0
    out, err = capsys.readouterr()
    sums = json.loads(out)
    assert (sums["images"], sums["sent"], sums["queued"]) == (2, 2, 0)
    assert "sending photo-0.png as" in err
    (tmp_path / "air.cfile").unlink()
    assert run([*told[:-1]]) == 0
    assert capsys.readouterr().out.startswith("2 images in ")


def test_a_receiver_over_zeromq_acknowledges(folder, tmp_path, capsys):
    """From the command line to the books: samples one way, reports the other."""
    from gensc.link.zmq_stream import ZmqStreamSource
    from gensc_phy.waveform.config import WaveformConfig
    from gnuradio import gensc, gr

    ends, waveform = Answering(), WaveformConfig()
    top = gr.top_block()
    samples = ZmqStreamSource(f"ipc://{tmp_path}/air", bind=False, keep_open=True)
    receiver, assembler = gensc.burst_rx(waveform), gensc.assembler(waveform)
    top.connect(samples, receiver)
    top.msg_connect((receiver, "fragment"), (ends, "fragment"))
    top.msg_connect((ends, "fragment"), (assembler, "fragment"))
    top.msg_connect((assembler, "section"), (ends, "section"))
    top.start()
    file = tmp_path / "tx.toml"
    file.write_text(
        f'queue = "{tmp_path}/q.db"\n[source]\nimages = ["{folder}"]\n'
        f'[air]\nto = "ipc://{tmp_path}/air"\n[codec]\nscheme = "analog"\nanalog = "softcast"\n'
        f'[reports]\naddress = "{ends.server.address}"\n'
    )
    try:
        assert run(["send", "--config", str(file), "--json"]) == 0
    finally:
        samples.close()
        top.wait()
        ends.close()
    sums = json.loads(capsys.readouterr().out)
    assert (sums["images"], sums["stored"], sums["reports_dropped"]) == (2, 2, 0)
    assert len(ends.stored) == 2


def test_a_lost_image_is_status_1(folder, tmp_path, capsys):
    (folder / "broken.png").write_bytes(b"none")
    told = ["send", str(folder), "--queue", str(tmp_path / "q.db"), "--model", "softcast",
            "--to", str(tmp_path / "air.cfile")]  # fmt: skip
    assert run(told) == 1
    out, err = capsys.readouterr()
    assert "2 sent, 1 given up" in out
    assert "broken.png: given up" in err


def test_the_default_settings_are_those_that_are_read(capsys):
    assert run(["config", "--transmitter"]) == 0
    text = capsys.readouterr().out
    assert loads(TransmitterConfig, text, "printed") == TransmitterConfig()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), "no image given"),
        (("--watch", "x"), "need a --queue"),
        (("a.png", "--config", "x.toml"), "--config says"),
        (("--config", "none.toml"), "none.toml: no such file"),
        (("--queue", "q.db", "--model", "softcast"), "nothing to send"),
        (("--queue", "q.db", "--watch", "none", "--model", "softcast"), "no such folder"),
        (("skimage:coffee", "--queue", "no/where/q.db", "--model", "softcast"), "No such file"),
        (("--queue", "q.db", "--watch", ".", "--model", "none-such"), "none-such"),
        (("--queue", "q.db", "--watch", ".", "--reports", "nowhere", "--model", "softcast"),
         "nowhere"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_and_status_2(arguments, named, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["send", *arguments]) == 2
    err = capsys.readouterr().err
    assert named in err
    assert err.count("\n") == 1


def test_an_unknown_key_is_refused_with_the_nearest(tmp_path, capsys):
    file = tmp_path / "tx.toml"
    file.write_text('[source]\nwatsh = "in"\n')
    assert run(["send", "--config", str(file)]) == 2
    assert "source.watsh: perhaps watch" in capsys.readouterr().err
