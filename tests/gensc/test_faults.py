"""What becomes of the work where disks, folders, names, pipes and signals are against it.

Each row of the table in docs/faults.md is a test here: exit status, line, and what was kept.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

import signals
from gensc.cli.main import run
from gensc.data.images import fit, load_image
from gensc.link.radio import Place, RadioSettings
from gensc.transmitter.run import SendSettings, send_images

TABLE = (Path(__file__).parents[2] / "docs" / "faults.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for name in "ab":
        Image.fromarray(fit(load_image("skimage:chelsea"), 96, 128)).save(folder / f"{name}.png")
    return [str(folder / "a.png"), str(folder / "b.png")]


@pytest.fixture(scope="module")
def recording(photos, tmp_path_factory):
    """Two images of session a3f2."""
    path = tmp_path_factory.mktemp("recording") / "capture"
    send_images(
        SendSettings(photos, "softcast", 64, session=0xA3F2),
        Place("file", str(path)),
        RadioSettings(),
    )
    return str(path)


def send(photos, to, *more):
    return run(["send", *photos, "--model", "softcast", "--to", str(to), *more])


def receive(recording, out, *more):
    return run(["receive", "--from", str(recording), "--out", str(out), *more])


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def lines(out):
    return [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]


# ---------------------------------------------------------------------------- full disk


def test_receive_full_disk(recording, tmp_path, full_at, capfd):
    full_at(12_000)
    assert receive(recording, tmp_path) == 1
    shown = capfd.readouterr()
    assert "received 0 images" in shown.out
    assert "a3f2-00001 is not written: File too large" in shown.err
    assert "gensc: 2 files not written" in shown.err
    assert names(tmp_path) == ["results.jsonl"], "no part of a picture is left"


def test_receive_full_disk_for_the_results(recording, tmp_path, full_at, capfd):
    results = tmp_path / "results.jsonl"
    results.write_text(f'{{"before": "{"x" * 99_000}"}}\n')
    full_at(100_000)
    assert receive(recording, tmp_path) == 1
    assert "a3f2-00000 is not written: File too large" in capfd.readouterr().err
    assert [*lines(tmp_path)[0]] == ["before"], "no part of a line is left"
    assert len(lines(tmp_path)) == 1


@pytest.mark.parametrize("name", ["cap", "cap.cf32"])
def test_send_full_disk(photos, tmp_path, full_at, name, capfd):
    full_at(30_000)
    assert send(photos, tmp_path / name) == 1
    shown = capfd.readouterr()
    assert f"{tmp_path / name}: File too large" in shown.err
    assert "sent 1 image in 1 bursts" in shown.out
    assert ", 1 not sent" in shown.out
    full_at(1 << 30)
    assert receive(tmp_path / name, tmp_path / "out") == 0
    assert len(lines(tmp_path / "out")) == 1, "what is in the recording can be read"


def test_send_until_stopped_ends_on_a_full_disk(photos, tmp_path, full_at, capfd):
    full_at(100_000)
    assert send(photos, tmp_path / "cap", "--repeat", "0") == 1
    assert "File too large" in capfd.readouterr().err


# ---------------------------------------------------------------------------- read-only folder


@contextmanager
def read_only(folder):
    """Nothing can be made in the folder; root can everywhere but on a disk that nobody can."""
    folder.mkdir()
    mounted = dropped = False
    if os.geteuid():
        folder.chmod(0o500)
    else:
        mount = ["mount", "-t", "tmpfs", "-o", "ro,size=64k", "tmpfs", str(folder)]
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
        if not mounted:
            folder.chmod(0o500)
            os.seteuid(65534)
            dropped = True
    try:
        yield folder
    finally:
        if dropped:
            os.seteuid(0)
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)
        else:
            folder.chmod(0o700)


def test_read_only_folder(recording, photos, tmp_path, capfd):
    with read_only(tmp_path / "ro") as folder:
        for command, named in (
            (lambda: receive(recording, folder), f"--out {folder}: "),
            (lambda: send(photos, folder / "cap"), f"{folder / 'cap.sigmf-data'}: "),
            (lambda: send(photos, folder / "cap.cf32"), f"{folder / 'cap.cf32'}: "),
            (lambda: run(["archive", "list", str(folder)]), f"{folder}: no archive there"),
        ):
            assert command() == 2
            line = capfd.readouterr().err.splitlines()
            assert len(line) == 1, line
            assert line[0].startswith(f"gensc: {named}")
        assert names(folder) == []


# ---------------------------------------------------------------------------- vanished files


def test_a_picture_that_vanishes_before_its_turn(photos, tmp_path, monkeypatch, capfd):
    from gensc.transmitter import run as sending

    copies = [str(tmp_path / Path(photo).name) for photo in photos]
    for photo, copy in zip(photos, copies, strict=True):
        Path(copy).write_bytes(Path(photo).read_bytes())
    real, opened = load_image, []

    def vanishing(path, max_side=0):
        opened.append(path)
        if len(opened) > len(copies):  # all have been looked at: the sending begins
            Path(copies[0]).unlink(missing_ok=True)
        return real(path, max_side)

    monkeypatch.setattr(sending, "load_image", vanishing)
    assert send(copies, tmp_path / "cap") == 1
    shown = capfd.readouterr()
    assert f"{copies[0]}: no such file: not sent" in shown.err
    assert "sent 1 image in 1 bursts" in shown.out


def test_the_folder_vanishes_while_images_arrive(recording, tmp_path, monkeypatch, capfd):
    import shutil

    from gensc.receiver import writer

    whole, out = writer.write_bytes, tmp_path / "out"

    def vanishing(path, data):
        if path.name == "a3f2-00001.png":
            shutil.rmtree(out)
        whole(path, data)

    monkeypatch.setattr(writer, "write_bytes", vanishing)
    assert receive(recording, out) == 1
    shown = capfd.readouterr()
    assert "received 1 image " in shown.out
    assert "a3f2-00001 is not written: No such file or directory" in shown.err


def test_a_recording_that_is_not_there(tmp_path, capfd):
    assert receive(tmp_path / "gone", tmp_path / "out") == 2
    assert "gone.sigmf-meta: no such file" in capfd.readouterr().err


# ---------------------------------------------------------------------------- odd names


ODD = (b"caf\xe9.png", b"a\nb.png", b"\x1b[2J.png", b"%s %d {0}.png", "猫.png".encode(), b"-n.png")


@pytest.mark.parametrize("name", ODD, ids=[repr(name) for name in ODD])
def test_odd_names(photos, tmp_path, name, capfd):
    folder = tmp_path / os.fsdecode(b"photos \xff")
    folder.mkdir()
    odd = folder / os.fsdecode(name)
    odd.write_bytes(Path(photos[0]).read_bytes())
    capture = tmp_path / os.fsdecode(b"cap \xe9")
    assert send([str(folder)], capture) == 0
    out = tmp_path / os.fsdecode(b"out \xe9")
    assert receive(capture, out, "--reference", str(folder)) == 0
    shown = capfd.readouterr()
    assert "\x1b" not in shown.out + shown.err
    assert "sent 1 image in 1 bursts" in shown.out
    assert lines(out)[0]["psnr"] > 20, "the reference is found by its odd name, too"


# ---------------------------------------------------------------------------- signals


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{probe.getsockname()[1]}"


def started(*words, **streams):
    return subprocess.Popen(
        [sys.executable, "-m", "gensc.cli.main", *words],
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        preexec_fn=signals.heed_ctrl_c,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},
    )


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_send_is_stopped(photos, tmp_path, number):
    capture = tmp_path / "cap"
    data = capture.with_suffix(".sigmf-data")
    sender = started("send", *photos, "--model", "softcast", "--to", str(capture), "--repeat", "0")
    wait_for(lambda: data.exists() and data.stat().st_size > 200_000)
    sender.send_signal(number)
    shown, said = sender.communicate(timeout=60)
    assert "Traceback" not in said
    assert shown.startswith("sent ")
    assert sender.returncode == ("not sent" in shown), "1 where images were under way"
    assert receive(capture, tmp_path / "out") == 0, "what has been recorded can be read"


# ---------------------------------------------------------------------------- closed pipes


def test_nobody_reads_what_is_said(recording, tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    receiver = started(
        "receive", "--from", recording, "--out", str(tmp_path), stdout=writing, stderr=writing
    )
    os.close(writing)
    assert receiver.wait(timeout=60) == 0
    assert len(lines(tmp_path)) == 2


def test_nobody_reads_and_the_disk_is_full(recording, tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    program = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000))\n"
        "from gensc.cli.main import main\n"
        f"main(['receive', '--from', {recording!r}, '--out', {str(tmp_path)!r}])\n"
    )
    receiver = subprocess.run(
        [sys.executable, "-c", program], stdout=writing, stderr=writing, timeout=60, check=False
    )
    os.close(writing)
    assert receiver.returncode == 1


# ---------------------------------------------------------------------------- the table


def test_every_row_of_the_table_names_a_test_here_and_every_test_has_a_row():
    told = {line.split("`")[1] for line in TABLE.splitlines() if line.startswith("| `test_")}
    here = {name for name in globals() if name.startswith("test_")} - {
        "test_every_row_of_the_table_names_a_test_here_and_every_test_has_a_row"
    }
    assert told == here
