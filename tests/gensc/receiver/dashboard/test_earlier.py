"""Images of an earlier run are there again after a restart."""

import io
import json

import numpy as np
from PIL import Image

from gensc.receiver.archive import Archive
from gensc.receiver.archive.record import Record
from gensc.receiver.dashboard.earlier import MOST, earlier
from gensc.receiver.dashboard.feed import Feed
from gensc.receiver.dashboard.pictures import Pictures
from gensc.receiver.dashboard.snapshot import snapshot


def png():
    made = io.BytesIO()
    Image.fromarray(np.zeros((32, 48, 3), np.uint8)).save(made, "PNG")
    return made.getvalue()


def record(number, **others):
    told = dict(shape=(32, 48, 3), name=f"photo {number}", snr_db=9.5, metrics={"psnr": 27.0})
    return Record(7, number, 1000.0 + number, **{**told, **others})


def test_what_the_archive_has_becomes_events_oldest_first(tmp_path):
    with Archive(tmp_path) as archive:
        archive.store(record(0, caption="a cup", caption_state="exact"), png())
        archive.replace(
            archive.find()[0].key, "refined", png(), {"ms": 9, "metrics": {"psnr": 28.0}}
        )
        archive.lost(Record(7, 1, 1001.0, fate="lost", cause="never heard"))
        events = earlier(archive)
    assert [event.kind for event in events] == ["image", "text", "refined", "lost"]
    image, text, refined, lost = (event.fields for event in events)
    assert (image["psnr"], image["snr_db"], image["name"]) == (27.0, 9.5, "photo 0")
    assert (text["text"], refined["psnr"], lost["cause"]) == ("a cup", 28.0, "never heard")
    assert {event.number for event in events} == {0}


def test_only_the_newest_are_shown(tmp_path):
    with Archive(tmp_path) as archive:
        for number in range(MOST + 5):
            archive.store(record(number), png())
        shown = [event.fields["image_id"] for event in earlier(archive)]
    assert shown == list(range(5, MOST + 5))


def test_a_page_begins_with_them_and_their_pictures_are_found(receiver, photo):
    with Archive(receiver.folder) as archive:
        archive.store(record(0), png())
        before = earlier(archive)
    feed, pictures = Feed(receiver.bus), Pictures(receiver.bus, receiver.folder, before)
    receiver.receive(photo, 1, 10.0)
    told = snapshot(receiver, feed, before)
    json.dumps(told, allow_nan=False)
    keys = [event["key"] for event in told["events"] if event["kind"] == "image"]
    assert keys == [before[0].fields["key"], "a3f2-00001"]
    found = pictures.find(keys[0], "received")
    assert found is not None
    assert found[0].is_file()
    feed.close()
    pictures.close()


def test_without_an_archive_there_are_none():
    assert earlier(None) == []
