"""The transmitter service: every image answered for, whatever happens to it on its way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gensc.remote.sockets import ReportServer
from gensc.transmitter.config import ReportSettings, SourceSettings
from gensc.transmitter.queue import Queue
from gensc.transmitter.service import Transmitter
from gensc.transmitter.watch import ListSource, digest, enter
from gensc.trials.transmitter.answering import Answering
from transmitting import answered, photos, settings, until


@pytest.fixture
def folder(tmp_path):
    return photos(tmp_path / "photos", 3)


def books(config):
    with Queue(config.queue) as queue:
        return queue.items()


def test_what_arrives_is_stored_and_the_service_ends(folder):
    config = settings(folder)
    config = replace(config, reports=replace(config.reports, window=1))
    with answered(config) as (transmitter, ends):
        sums = transmitter.run()
    assert (sums["images"], sums["stored"], sums["attempts"]) == (3, 3, 3)
    assert sums["snr_reports"] == 3
    assert sorted(ends.stored.values()) == sorted(item.sha256 for item in books(config))
    sent = list(ends.announced.values())
    assert [one.name for one in sent] == ["photo-0.png", "photo-1.png", "photo-2.png"]
    assert {one.session for one in sent} == {transmitter.session}
    assert sent[0].shape == (32, 32, 3)
    assert sent[0].cbr == pytest.approx(128 / 768)
    alone = "the analog code alone: 128 symbols a block, for"
    assert sent[0].reason == f"{alone} 0.0 dB, as nothing is known"
    assert sent[1].reason == f"{alone} 30.0 dB"


def test_what_the_receiver_loses_is_sent_again_and_then_is_lost(folder):
    config = settings(folder)
    config = replace(config, reports=replace(config.reports, tries=2))
    ends = Answering(patience_s=0.2, deadline_s=0.4)
    with answered(config, lost=frozenset({0}), answering=ends) as (transmitter, _):
        sums = transmitter.run()
    ends.close()
    assert (sums["lost"], sums["attempts"], sums["stored"]) == (3, 6, 0)
    assert "0 of 1 bursts" in books(config)[0].cause


def test_reliable_mode_sends_the_missing_bursts_of_a_text_again(folder):
    config = settings(folder)
    config = replace(
        config,
        reports=replace(config.reports, resend=2),
        codec=replace(config.codec, caption="a cup of coffee"),
    )
    with answered(config, lost=frozenset({0}), section="text") as (transmitter, _):
        transmitter.start()
        until(lambda: transmitter.dropper.taken >= 3)
        transmitter.dropper.lost = frozenset()
        assert transmitter.wait(60)
        sums = transmitter.close_and_count()
    assert (sums["stored"], sums["attempts"]) == (3, 3)
    assert sums["retransmitted"] >= 3
    assert sums["bursts"] == 6 + sums["retransmitted"]


def test_a_picture_that_cannot_be_opened_or_has_changed_is_given_up_with_its_cause(folder):
    (folder / "broken.png").write_bytes(b"no picture")
    config = settings(folder)
    lines = []
    with answered(config, say=lines.append) as (transmitter, _):
        for source in transmitter._sources:
            enter(source, transmitter.queue, lines.append)
        (folder / "photo-0.png").unlink()
        (folder / "photo-1.png").write_bytes((folder / "photo-2.png").read_bytes())
        sums = transmitter.run()
    assert (sums["images"], sums["stored"], sums["given_up"]) == (4, 1, 3)
    causes = {item.name: item.cause for item in books(config)}
    assert "no such file" in causes["photo-0.png"]
    assert "no longer what was queued" in causes["photo-1.png"]
    assert "not an image" in causes["broken.png"]
    assert len(lines) == 3


def test_after_a_stop_the_receiver_is_asked_and_only_the_rest_is_sent_again(folder):
    config = settings(folder)
    with Queue(config.queue) as queue:
        enter(ListSource([str(folder)]), queue, print)
        for image_id, left in enumerate((True, True)):
            item = queue.next()
            queue.announce(item, 77, image_id, "")
            if left:
                queue.left(item, 77, image_id)
        known = queue.of(77, 0).sha256
    ends = Answering()
    ends.stored[77, 0] = known
    with answered(config, answering=ends) as (transmitter, _):
        sums = transmitter.run()
    ends.close()
    assert (sums["stored"], sums["attempts"]) == (3, 4)
    assert sorted(ends.stored.values()) == sorted(item.sha256 for item in books(config))
    assert transmitter.session != 77


def test_a_receiver_that_comes_back_is_asked_for_answers_that_were_lost(folder):
    config = settings(folder)
    with answered(config) as (transmitter, ends):
        ends.server.tell = lambda session, report: False
        transmitter.start()
        until(lambda: len(ends.stored) == 3)
        ends.server.close()
        ends.server = ReportServer(ends.server.address, ends._report)
        ends.server.start()
        assert transmitter.wait(30)
        sums = transmitter.close_and_count()
    assert (sums["stored"], sums["attempts"]) == (3, 3)


def test_while_the_receiver_is_away_nothing_is_sent(folder):
    config = settings(folder)
    config = replace(config, reports=ReportSettings(address="tcp://127.0.0.1:1"))
    transmitter = Transmitter(config, air=null())
    transmitter.start()
    until(lambda: transmitter.queue.path.exists())
    sums = transmitter.close_and_count()
    assert sums["attempts"] == 0
    assert sums["queued"] == sums["images"]


def test_without_reports_what_has_left_is_sent(folder):
    config = settings(folder)
    transmitter = Transmitter(replace(config, reports=ReportSettings()), air=null())
    sums = transmitter.run()
    assert (sums["sent"], sums["queued"], sums["bursts"]) == (3, 0, 3)
    again = Transmitter(replace(config, reports=ReportSettings()), air=null())
    assert again.run()["attempts"] == 3


def test_a_watched_folder_is_sent_as_it_fills(folder, tmp_path):
    source = SourceSettings(watch=str(folder), settle_s=0.0)
    with answered(settings(folder, source=source)) as (transmitter, ends):
        transmitter.start()
        until(lambda: len(ends.stored) == 3)
        photos(tmp_path / "more", 4)
        (tmp_path / "more" / "photo-3.png").rename(folder / "late.png")
        until(lambda: len(ends.stored) == 4)
        sums = transmitter.close_and_count()
    assert sums["stored"] == 4


def test_junk_from_the_receiver_is_counted(folder):
    config = settings(folder)
    with answered(config) as (transmitter, ends):

        def junk(peer, report):
            ends.server._post([peer, b"junk"])
            Answering._report(ends, peer, report)

        ends.server._tell = junk
        sums = transmitter.run()
    assert sums["stored"] == 3
    assert sums["reports_dropped"] >= 3  # one before each announcement is answered


def null():
    from gnuradio import blocks, gr

    return blocks.null_sink(gr.sizeof_gr_complex)


def test_a_service_that_nobody_listens_to_can_be_stopped_and_keeps_everything(folder, tmp_path):
    config = settings(folder, reports=ReportSettings())
    config = replace(config, air=replace(config.air, to=f"ipc://{tmp_path}/air"))
    transmitter = Transmitter(config)
    transmitter.start()
    assert not transmitter.wait(1.0)
    sums = transmitter.close_and_count()
    assert (sums["queued"], sums["sent"]) == (3, 0)


def test_stops_are_no_tries(folder):
    config = settings(folder)
    config = replace(config, reports=replace(config.reports, tries=1))
    with Queue(config.queue) as queue:
        queue.add(
            str(folder / "photo-0.png"), "photo-0.png", digest(str(folder / "photo-0.png"))[0]
        )
        for session in (5, 6, 7):
            item = queue.next()
            queue.announce(item, session, 0, "")
    with answered(config) as (transmitter, _):
        sums = transmitter.run()
    assert (sums["stored"], sums["given_up"], sums["attempts"]) == (3, 0, 6)


def test_a_caption_that_is_not_there_gives_the_image_up_and_the_others_follow(folder):
    (folder / "photo-1.txt").write_text("the second")
    config = settings(folder)
    config = replace(config, codec=replace(config.codec, caption="file"))
    with answered(config) as (transmitter, _):
        sums = transmitter.run()
    assert (sums["stored"], sums["given_up"]) == (1, 2)
