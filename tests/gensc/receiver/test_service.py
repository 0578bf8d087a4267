"""The receiver service: whatever its parts do, what arrives is stored, and everything counted."""

from __future__ import annotations

import errno
import json
import os
import queue
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gensc.data.images import fit, load_image
from gensc.link.radio import Place, RadioSettings
from gensc.receiver.account import NEVER_HEARD, NOT_WRITTEN
from gensc.receiver.archive import Archive
from gensc.receiver.config import (
    DeadlineConfig,
    LoopbackConfig,
    ReceiverConfig,
    ReportConfig,
    SourceConfig,
    StageConfig,
)
from gensc.receiver.service import Service
from gensc.receiver.stage_work import Command
from gensc.remote.reports import Ask, Bye, Have, Hello, ImageReport, Sent, Snr
from gensc.remote.sockets import ReportClient
from gensc.system.errors import UserError
from gensc.transmitter.run import SendSettings, send_images

HELPERS = str(Path(__file__).parents[2] / "helpers")
FREE = "tcp://127.0.0.1:*"


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photo") / "chelsea.png"
    Image.fromarray(fit(load_image("skimage:chelsea"), 96, 128)).save(path)
    return str(path)


@pytest.fixture(scope="module")
def recordings(photo, tmp_path_factory):
    """What two transmitters have sent: the same numbers, other sessions."""
    folder = tmp_path_factory.mktemp("recordings")
    for session in (1, 2):
        settings = SendSettings([photo] * 3, model="softcast", session=session)
        send_images(settings, Place("file", str(folder / str(session))), RadioSettings())
    return folder


def loopback(photo, count=4, **others):
    told = dict(
        images=(photo,), model="softcast", channel="awgn", lowest_db=15.0, highest_db=15.0,
        interval_s=0.05, count=count,
    )  # fmt: skip
    return SourceConfig("loop", "loopback", loopback=LoopbackConfig(**{**told, **others}))


def config_of(folder, *sources, **others):
    told = dict(
        archive=str(folder / "archive"), reports=ReportConfig(address=""), sources=sources,
        deadlines=DeadlineConfig(section_s=0.2, quiet_s=0.3, image_s=1.0, announced_s=1.0),
    )  # fmt: skip
    return ReceiverConfig(**{**told, **others})


def run(service, until=None):
    """Run a service to the end of its sources; what it counted."""
    service.start()
    wait_for(until or (lambda: service.ended))
    service.close(drain_s=20)
    return service.counters()


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.01)


def check(config, counters):
    """Sums are exact, and the archive says the same."""
    fates = {name: counters[name] for name in ("stored", "damaged", "lost")}
    assert counters["images"] == sum(fates.values())
    assert counters["open"] == 0
    with Archive(config.archive, read_only=True) as archive:
        assert archive.verify() == []
        sums = archive.sums()
        assert sums.images == counters["images"]
        assert {n: sums.fates.get(n, 0) for n in fates} == fates
        return archive.find()


def test_every_image_is_stored_scored_and_shown(photo, tmp_path):
    config = config_of(tmp_path, loopback(photo), reference=(photo,))
    service = Service(config)
    events = service.bus.subscribe()
    counters = run(service)
    found = check(config, counters)
    assert counters["stored"] == 4
    seen = [event for event in events if event.kind == "image"]
    assert [event.fields["key"] for event in seen] == [r.key for r in reversed(found)]
    for event, record in zip(seen, reversed(found), strict=True):
        json.dumps(event.fields, allow_nan=False)
        assert event.fields["psnr"] == pytest.approx(record.metrics["psnr"])
        assert event.fields["psnr"] > 22
        assert event.fields["original"] == photo
        assert event.fields["snr_db"] == pytest.approx(15, abs=1.5)
        assert set(event.fields["latency_ms"]) == {"detect", "assemble", "decode", "store"}
        assert load_image(event.fields["file"]).shape == tuple(event.fields["shape"])
        assert record.symbols.sent == record.symbols.received > 0
    for kind in ("burst", "spectrum", "counters"):
        assert service.bus.last(kind), kind
    assert len(service.bus.last("burst")[-1].fields["symbols"]) <= 256
    json.dumps(service.state(), allow_nan=False)


def test_two_sources_with_the_same_numbers_are_told_apart(recordings, tmp_path):
    sources = [SourceConfig(f"s{n}", f"file:{recordings / str(n)}.sigmf-meta") for n in (1, 2)]
    config = config_of(tmp_path, *sources)
    counters = run(Service(config))
    found = check(config, counters)
    assert (counters["stored"], counters["sessions"]) == (6, 2)
    assert {r.key for r in found} == {f"s{n}-{n:04x}-{i:05d}" for n in (1, 2) for i in range(3)}
    assert all(r.source == r.key[:2] for r in found)


def test_what_is_received_again_into_the_same_archive_replaces_nothing(recordings, tmp_path):
    source = SourceConfig("air", f"file:{recordings / '1'}.sigmf-meta")
    config = config_of(tmp_path, source)
    run(Service(config))
    run(Service(config))
    with Archive(config.archive, read_only=True) as archive:
        assert sorted(r.key for r in archive.find()) == [
            name for n in range(3) for name in (f"0001-{n:05d}", f"0001-{n:05d}-2")
        ]
        assert archive.verify() == []


@pytest.mark.parametrize("how", ["hang", "crash"])
def test_coarse_images_keep_arriving_while_a_stage_is_broken(photo, tmp_path, monkeypatch, how):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([HELPERS, os.environ.get("PYTHONPATH", "")]))
    stages = StageConfig(limit_s=1.0, pause_s=0.2, waiting=2, batch=1)
    config = config_of(tmp_path, loopback(photo, count=0, interval_s=0.1), stages=stages)
    service = Service(config)
    events = service.bus.subscribe()
    options = {"mark": str(tmp_path / "mark"), "how": how}
    service.stages.by_name("refined").set_command(Command("stage_works:bad_once", options, "own"))
    counters = run(service, lambda: service.bus.last("refined"))
    check(config, counters)
    assert counters["lost"] == counters["damaged"] == 0
    seen = [(e.kind, e.fields) for e in events]
    broken = next(i for i, (k, f) in enumerate(seen) if k == "stage" and f["state"] == "broken")
    better = next(i for i, (k, _) in enumerate(seen) if k == "refined")
    assert "image" in [kind for kind, _ in seen[:better]]
    assert broken < better
    with Archive(config.archive, read_only=True) as archive:
        stored = {f.stage for r in archive.find() for f in r.files}
        assert stored == {"coarse", "refined"}


def test_a_full_disk_loses_that_image_by_name_and_not_the_next(photo, tmp_path, monkeypatch):
    config = config_of(tmp_path, loopback(photo, count=3))
    service = Service(config)
    store, calls = service.archive.store, []

    def full_once(record, png):
        calls.append(record)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return store(record, png)

    monkeypatch.setattr(service.archive, "store", full_once)
    counters = run(service)
    check(config, counters)
    assert (counters["stored"], counters["lost"], counters["unwritten"]) == (2, 1, 1)
    assert counters["causes"] == {NOT_WRITTEN: 1}
    assert "No space left" in service.bus.last("problem", 9)[0].fields["line"]


class Transmitter:
    """The far end of the reports."""

    def __init__(self, address):
        self.heard = queue.Queue()
        self.client = ReportClient(address, self.heard.put)
        self.client.start()

    def next(self, kind):
        while True:
            report = self.heard.get(timeout=60)
            if isinstance(report, kind):
                return report

    def sent(self, session, image_id):
        self.client.send(
            Sent(session, image_id, f"{image_id}.png", "0" * 64, (96, 128, 3), "softcast",
                 None, None, 0.04, None, None, "it fits", 3)
        )  # fmt: skip


def test_a_transmitter_hears_what_is_measured_what_is_stored_and_what_is_lost(photo, tmp_path):
    config = config_of(
        tmp_path, loopback(photo, count=3, interval_s=0.3), reports=ReportConfig(address=FREE),
        deadlines=DeadlineConfig(announced_s=10.0),
    )  # fmt: skip
    service = Service(config)
    far = Transmitter(service.talk.address)
    session = service.sources[0].loopback.session
    closing = threading.Event()
    try:
        service.start()
        far.client.send(Hello(session, "balcony"))
        assert far.next(Hello).name == "receiver"
        for image_id in (0, 1, 2, 7):
            far.sent(session, image_id)
        fates, snrs_db = {}, []
        while len(fates) < 4:
            report = far.next((Snr, ImageReport))
            if isinstance(report, Snr):
                snrs_db.append(report.snr_db)
            elif report.fate != "damaged":
                fates[report.image_id] = report.fate
        assert snrs_db == pytest.approx([15.0] * len(snrs_db), abs=1.5)
        assert snrs_db
        assert fates == {0: "stored", 1: "stored", 2: "stored", 7: "lost"}
        far.client.send(Ask(session, (0, 2, 7, 9)))
        assert far.next(Have).ids == (0, 2)
        far.client.send(Bye(session, 4))
        closing.set()
    finally:
        service.close()
        far.client.close()
    assert closing.is_set()
    found = {r.image_id: r for r in check(config, service.counters())}
    assert (found[1].name, found[1].reason, found[1].peer) == ("1.png", "it fits", "balcony")
    assert found[1].choice["scheme"] == "softcast"
    assert (found[7].cause, found[7].name) == (NEVER_HEARD, "7.png")


def test_paused_no_image_is_bettered_and_every_one_is_stored(photo, tmp_path):
    service = Service(config_of(tmp_path, loopback(photo, count=2)))
    service.stages.by_name("refined").set_command(Command("stage_works:brighten", {}, "own"))
    service.controls.pause(True)
    counters = run(service)
    assert (counters["stored"], counters["bettered"]) == (2, {"refined": 0})


def test_a_refiner_that_is_not_there_is_refused_and_the_one_before_stays(photo, tmp_path):
    service = Service(config_of(tmp_path, loopback(photo, count=1)))
    with pytest.raises(UserError, match="nonesuch"):
        service.controls.set_refiner("nonesuch")
    assert service.state()["refiner"] == "none"
    run(service)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (SourceConfig("a", "file:/nonesuch/x.cfile"), "nonesuch"),
        (SourceConfig("a", "zmq:tcp://nowhere"), "nowhere"),
        (SourceConfig("a", "pdus:tcp://nowhere"), "nowhere"),
    ],
)
def test_a_source_that_cannot_be_opened_is_named_and_nothing_stays_open(tmp_path, source, line):
    config = config_of(tmp_path, source)
    for _ in range(2):  # the archive is free again
        with pytest.raises(UserError, match=line):
            Service(config)


def test_bursts_of_an_image_arrive_as_pdus_over_zeromq(recordings, tmp_path):
    from gensc.link.offset import receiver_config
    from gensc.link.radio import open_source
    from gnuradio import gensc, gr
    from gnuradio.gensc import zmq_pdu_sink

    config = config_of(tmp_path, SourceConfig("pdus", f"pdus:{FREE}", bind=True))
    service = Service(config)
    service.start()
    top = gr.top_block()
    source = open_source(Place("file", str(recordings / "1")), RadioSettings())
    receiver = gensc.burst_rx(receiver_config(1e6, None))
    sink = zmq_pdu_sink(service.sources[0].chain.source.address, False)
    top.connect(source, receiver)
    top.msg_connect((receiver, "fragment"), (sink, "in"))
    top.run()
    wait_for(lambda: service.ledger.sums()["stored"] == 3)
    service.close()
    found = check(config, service.counters())
    assert [r.image_id for r in found] == [2, 1, 0]
    assert np.isfinite([r.snr_db for r in found]).all()
