"""Transmitter service and receiver service: what one calls stored, the other has on disk."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace

import pytest

from gensc.receiver.config import ReceiverConfig, ReportConfig, SourceConfig
from gensc.receiver.service import Service
from gensc.remote.keys import make_keys
from gensc.transmitter.config import AirSettings, ReportSettings
from gensc.transmitter.queue import Queue
from gensc.transmitter.service import Transmitter
from transmitting import photos, settings


@pytest.mark.parametrize("with_keys", [False, True])
def test_every_image_is_stored_at_both_ends(tmp_path, with_keys):
    folder, air = photos(tmp_path / "photos", 4), f"ipc://{tmp_path}/air"
    heard = ReportConfig(address="tcp://127.0.0.1:*")
    told = ReportSettings()
    if with_keys:
        ours, theirs = make_keys(tmp_path / "rx"), make_keys(tmp_path / "tx")
        heard = replace(heard, keys=str(ours[1]), trusted=(str(theirs[0]),))
        told = replace(told, keys=str(theirs[1]), receiver_key=str(ours[0]))
    receiver = Service(
        ReceiverConfig(
            archive=str(tmp_path / "archive"),
            reports=heard,
            sources=(SourceConfig(radio=f"zmq:{air}"),),
        )
    )
    with closing(receiver):
        receiver.start()
        assert receiver.talk is not None
        config = settings(
            folder, air=AirSettings(to=air), reports=replace(told, address=receiver.talk.address)
        )
        sums = Transmitter(config).run()
    counted = receiver.counters()
    assert (sums["images"], sums["stored"], sums["attempts"]) == (4, 4, 4), json.dumps(counted)
    assert sums["reports_dropped"] == 0
    with Queue(config.queue) as queue:
        sent = {item.sha256 for item in queue.items()}
    assert len(sent) == 4
    assert (counted["images"], counted["stored"]) == (4, 4)
