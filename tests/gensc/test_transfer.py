"""Sending and receiving: what goes into a recording or a ZeroMQ stream comes out as files."""

import errno
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import zmq
from PIL import Image

import signals
from gensc.cli.main import run
from gensc.data.images import fit, load_image
from gensc.link.radio import Place, RadioSettings
from gensc.receiver.run import ReceiveSettings, receive_images
from gensc.system.errors import UserError
from gensc.transmitter.run import SendSettings, send_images
from small_refiner import store

RADIO = RadioSettings()
SESSION = 0xA3F2


def name(number):
    """What the files of an image are called."""
    return f"a3f2-{number:05d}"


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for name, shape in (("a", (96, 128)), ("b", (80, 112))):
        Image.fromarray(fit(load_image("skimage:chelsea"), *shape)).save(folder / f"{name}.png")
    return [str(folder / "a.png"), str(folder / "b.png")]


def send(photos, place, **changes):
    settings = {"model": "softcast", "rate": 64, "session": SESSION} | changes
    return send_images(SendSettings(photos, **settings), place, RADIO)


@pytest.fixture(scope="module")
def recording(photos, tmp_path_factory):
    path = tmp_path_factory.mktemp("recording") / "capture"
    report = send(photos, Place("file", str(path)), caption="grüezi")
    assert (report.images, report.bursts) == (2, 4)
    return path


def receive(place, out, **changes):
    return receive_images(ReceiveSettings(out, **changes), place, RADIO)


def lines(out):
    return [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]


def test_recording_gives_the_images_and_captions_back(recording, photos, tmp_path):
    report = receive(Place("file", str(recording)), tmp_path)
    assert (report.images, report.texts, report.incomplete) == (2, 2, 0)
    for number, photo in enumerate(photos):
        received, sent = load_image(tmp_path / f"{name(number)}.png"), load_image(photo)
        assert received.shape == sent.shape
        assert np.mean((received.astype(float) - sent) ** 2) < 200
        assert (tmp_path / f"{name(number)}.txt").read_text() == "grüezi\n"


def test_each_received_image_has_a_result_line(recording, tmp_path):
    receive(Place("file", str(recording)), tmp_path)
    first = lines(tmp_path)[0]
    assert first["scheme"] == "softcast"
    assert first["extra"]["session"] == "a3f2"
    assert first["symbols"]["analog"] == 6 * 8 * 64
    assert first["symbols"]["overhead"] > 0
    assert first["psnr"] is None
    assert "no original" in first["not_computed"]["psnr"]


def test_receiving_again_overwrites_nothing(recording, tmp_path):
    for _ in range(2):
        receive(Place("file", str(recording)), tmp_path)
    assert len(list(tmp_path.glob("*.png"))) == 4
    assert len(lines(tmp_path)) == 4


def noisy_copy(recording, folder, snr_db=10):
    """The recording with noise; without it there is nothing to refine."""
    shutil.copy(recording.with_suffix(".sigmf-meta"), folder / "noisy.sigmf-meta")
    samples = np.fromfile(recording.with_suffix(".sigmf-data"), "<c8")
    noise = np.random.default_rng(1).standard_normal((2, samples.size))
    samples += np.sqrt(10 ** (-snr_db / 10) / 2) * (noise[0] + 1j * noise[1])
    samples.tofile(folder / "noisy.sigmf-data")
    return Place("file", str(folder / "noisy"))


def test_refined_images_stand_beside_the_received_ones(recording, tmp_path):
    model = str(store(tmp_path))
    noisy = noisy_copy(recording, tmp_path)
    plain, out = tmp_path / "plain", tmp_path / "out"
    receive(noisy, plain)
    report = receive(noisy, out, refine=model)
    assert (report.images, report.refined) == (2, 2)
    for number in range(2):
        received = load_image(out / f"{name(number)}.png")
        assert np.array_equal(received, load_image(plain / f"{name(number)}.png"))
        assert not np.array_equal(received, load_image(out / f"{name(number)}-refined.png"))
    written = {line["image"]: line for line in lines(out)}
    assert written[f"{name(1)}.png"]["scheme"] == "softcast"
    refined = written[f"{name(1)}-refined.png"]
    assert (refined["scheme"], refined["refiner"]) == ("softcast+small-refiner", "small-refiner")
    assert refined["symbols"] == written[f"{name(1)}.png"]["symbols"]


def test_unknown_refiner_is_named(recording, tmp_path):
    with pytest.raises(UserError, match="--refine nobody"):
        receive(Place("file", str(recording)), tmp_path, refine="nobody")


def test_carrier_offset_is_in_hertz_at_the_sample_rate_of_the_recording(photos, tmp_path):
    path = tmp_path / "capture"
    settings = SendSettings(photos[:1], model="softcast")
    send_images(settings, Place("file", str(path)), RadioSettings(sample_rate=2e6))
    file = path.with_suffix(".sigmf-data")
    samples = np.fromfile(file, np.complex64)
    (samples * np.exp(2j * np.pi * 0.001 * np.arange(samples.size))).astype("<c8").tofile(file)
    receive(Place("file", str(path)), tmp_path / "out")
    assert lines(tmp_path / "out")[0]["extra"]["cfo_hz"] == pytest.approx(2000, abs=5)


def cut(recording, folder, keep):
    for suffix in (".sigmf-data", ".sigmf-meta"):
        data = recording.with_suffix(suffix).read_bytes()
        (folder / f"cut{suffix}").write_bytes(data[: keep(len(data))] if "data" in suffix else data)
    return Place("file", str(folder / "cut"))


def test_recording_cut_short_gives_what_is_in_it(recording, tmp_path):
    report = receive(cut(recording, tmp_path, lambda n: n * 6 // 10 + 3), tmp_path / "out")
    assert report.images >= 1
    assert (tmp_path / "out" / f"{name(0)}.png").exists()


def test_recording_cut_within_a_burst_gives_an_incomplete_image(recording, tmp_path):
    report = receive(cut(recording, tmp_path, lambda n: 24_000), tmp_path / "out")
    assert (report.images, report.counters["bursts_cut_short"]) == (1, 1)


def test_empty_recording_gives_nothing(recording, tmp_path):
    report = receive(cut(recording, tmp_path, lambda n: 0), tmp_path / "out")
    assert report.images == 0


@pytest.mark.parametrize("path", ["nowhere", "folder/nowhere.sigmf-data"])
def test_missing_recording_is_named(tmp_path, path):
    with pytest.raises(UserError, match="no such file"):
        receive(Place("file", str(tmp_path / path)), tmp_path)


def test_broken_metadata_is_named(recording, tmp_path):
    place = cut(recording, tmp_path, lambda n: n)
    (tmp_path / "cut.sigmf-meta").write_text("{not json")
    with pytest.raises(UserError, match=r"cut\.sigmf-meta: not valid SigMF"):
        receive(place, tmp_path)


def test_bad_image_is_named_before_anything_is_sent(photos, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_text("not a picture")
    with pytest.raises(UserError, match=r"bad\.png"):
        send([str(bad)], Place("file", str(tmp_path / "capture")))
    assert not (tmp_path / "capture.sigmf-data").exists()


def test_a_bad_image_among_others_is_left_out(photos, tmp_path):
    (tmp_path / "bad.png").write_text("not a picture")
    several = [photos[0], str(tmp_path / "bad.png")]
    report = send(several, Place("file", str(tmp_path / "capture")), model="softcast")
    assert report.images == 1


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{probe.getsockname()[1]}"


def test_images_pass_over_zeromq_and_both_ends_end(photos, tmp_path):
    place = Place("zmq", free_address())
    sender = threading.Thread(target=send, args=(photos, place))
    sender.start()
    report = receive(place, tmp_path)
    sender.join(timeout=20)
    assert not sender.is_alive()
    assert report.images == 2


def test_noise_on_the_zeromq_port_is_counted_and_the_images_still_arrive(recording, tmp_path):
    address, rng = free_address(), np.random.default_rng(0)
    samples = recording.with_suffix(".sigmf-data").read_bytes()

    def push_all():
        with zmq.Context() as context, context.socket(zmq.PUSH) as push:
            push.connect(address)
            for start in range(0, len(samples), 1 << 17):
                push.send(rng.bytes(801))
                push.send(rng.bytes(4096))
                push.send(samples[start : start + (1 << 17)])
            push.send(b"")

    sender = threading.Thread(target=push_all)
    sender.start()
    report = receive_images(
        ReceiveSettings(tmp_path, seconds=30), Place("zmq", address), RADIO, bind=True
    )
    sender.join(timeout=20)
    assert report.counters["messages_dropped"] == 2 * -(-len(samples) // (1 << 17))
    assert (report.images, report.incomplete) == (2, 0)


def test_receiver_ends_after_the_time_it_was_given(tmp_path):
    started = time.monotonic()
    report = receive(Place("zmq", free_address()), tmp_path, seconds=0.3)
    assert report.images == 0
    assert time.monotonic() - started < 10


def test_receiver_ends_after_the_images_it_was_asked_for(photos, tmp_path):
    place = Place("zmq", free_address())
    sender = threading.Thread(target=send, args=(photos, place), kwargs={"repeat": 3}, daemon=True)
    sender.start()
    report = receive(place, tmp_path, count=1)
    assert report.images >= 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whichever_signal_ends_it_what_has_arrived_is_written(photos, tmp_path, number):
    address, out = free_address(), tmp_path / "out"
    command = [sys.executable, "-m", "gensc.cli.main", "receive", "--from", address,
               "--out", str(out), "--keep-open"]  # fmt: skip
    receiver = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"}, preexec_fn=signals.heed_ctrl_c,
    )  # fmt: skip
    send(photos[:1], Place("zmq", address))
    deadline = time.monotonic() + 30
    while not (out / f"{name(0)}.png").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    receiver.send_signal(number)
    stdout, stderr = receiver.communicate(timeout=30)
    assert receiver.returncode == 0
    assert "received 1 image" in stdout
    assert "Traceback" not in stderr
    assert len(lines(out)) == 1


def test_a_full_disk_is_said_counted_and_ends_with_status_1_and_no_cut_file(
    recording, tmp_path, monkeypatch, capfd
):
    from gensc.receiver import writer

    whole = writer.write_bytes

    def full(path, data):
        if path.suffix == ".png":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        whole(path, data)

    monkeypatch.setattr(writer, "write_bytes", full)
    assert run(["receive", "--from", str(recording), "--out", str(tmp_path)]) == 1
    stdout, stderr = capfd.readouterr()
    assert "received 0 images (0 incomplete) and 2 texts" in stdout
    assert f"{name(0)} is not written: No space left on device" in stderr
    assert f"gensc: 2 files not written: {tmp_path}: No space left on device" in stderr
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".jsonl", ".txt", ".txt"]


def test_escape_codes_of_a_caption_do_not_reach_the_terminal(photos, tmp_path, capfd):
    path = tmp_path / "capture"
    send(photos[:1], Place("file", str(path)), caption="cat\x1b[2J\x07 \u202e")
    out = tmp_path / "out"
    assert run(["receive", "--from", str(path), "--out", str(out)]) == 0
    stdout, stderr = capfd.readouterr()
    assert "\x1b" not in stdout + stderr
    assert "\x07" not in stdout + stderr
    assert r"cat\x1b[2J\x07 \u202e" in stderr
    assert "\x1b[2J" in (out / f"{name(0)}.txt").read_text(), "the file has what was sent"
