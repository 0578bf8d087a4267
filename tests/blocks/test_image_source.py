"""image_source: files in, numbered PDUs out, then the end."""

import os
import sys
import time

import pmt
import pytest
from PIL import Image

from gnuradio import gensc, gr
from gnuradio.gensc.metadata import read_image
from pdu_blocks import Collect, run, smooth_image

MODULE = sys.modules["gnuradio.gensc.image_source"]
"""The package has the block under the module's name."""


@pytest.fixture
def photos(tmp_path):
    for i in range(3):
        Image.fromarray(smooth_image(8 + i, 12, seed=i)).save(tmp_path / f"{i}.png")
    return tmp_path


def received(source):
    flowgraph, sink = gr.top_block(), Collect("image")
    flowgraph.msg_connect(source, "image", sink, "image")
    run(flowgraph)
    return [read_image(pdu) for pdu in sink.messages]


def test_every_file_comes_once_numbered_and_named(photos):
    images = received(gensc.image_source(str(photos), first_id=65535))
    assert [metadata.image_id for metadata, _ in images] == [65535, 0, 1]
    assert [metadata.name for metadata, _ in images] == ["0.png", "1.png", "2.png"]
    for i, (_, pixels) in enumerate(images):
        assert (pixels == smooth_image(8 + i, 12, seed=i)).all()


def test_the_count_goes_out_before_each_image(photos):
    source, flowgraph = gensc.image_source(str(photos)), gr.top_block()
    counts = Collect("count")
    flowgraph.msg_connect(source, "count", counts, "count")
    run(flowgraph)
    assert [pmt.to_python(message) for message in counts.messages] == [
        ("images", n) for n in range(3)
    ]


def test_a_broken_file_is_dropped_and_the_others_follow(photos):
    (photos / "1.png").write_bytes(b"broken")
    source = gensc.image_source(str(photos))
    assert [metadata.name for metadata, _ in received(source)] == ["0.png", "2.png"]
    assert source.dropped == 1


def test_images_can_be_made_smaller(photos):
    shapes = [
        metadata.shape for metadata, _ in received(gensc.image_source(str(photos), max_side=6))
    ]
    assert all(max(shape) == 6 for shape in shapes)


def test_an_interval_is_kept(photos):
    begin = time.monotonic()
    assert len(received(gensc.image_source(str(photos), interval_ms=150))) == 3
    assert time.monotonic() - begin >= 0.3


def test_a_repeating_source_starts_again_and_can_be_stopped(photos):
    source = gensc.image_source(str(photos / "0.png"), repeat=True)
    flowgraph, sink = gr.top_block(), Collect("image")
    flowgraph.msg_connect(source, "image", sink, "image")
    flowgraph.start()
    deadline = time.monotonic() + 10
    while len(sink.messages) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    begin = time.monotonic()
    flowgraph.stop()
    flowgraph.wait()
    assert len(sink.messages) >= 5
    assert time.monotonic() - begin < 2


def test_a_flowgraph_can_be_run_again(photos):
    source, sink, flowgraph = gensc.image_source(str(photos)), Collect("image"), gr.top_block()
    flowgraph.msg_connect(source, "image", sink, "image")
    run(flowgraph)
    run(flowgraph)
    assert len(sink.messages) == 6


def test_no_such_file_is_one_line():
    with pytest.raises(gensc.GenscError, match=r"^/nowhere\.png: no image there$"):
        gensc.image_source("/nowhere.png")


def test_a_name_that_is_no_utf8_is_sent_all_the_same(photos):
    os.rename(photos / "1.png", os.fsencode(photos) + b"/caf\xe9.png")
    names = [metadata.name for metadata, _ in received(gensc.image_source(str(photos)))]
    assert sorted(names) == ["0.png", "2.png", "caf\ufffd.png"]


def test_what_nobody_foresaw_costs_one_image(photos, monkeypatch):
    real = MODULE.read_image

    def reads(path, max_side):
        if path.endswith("1.png"):
            raise RuntimeError("out of luck")
        return real(path, max_side)

    monkeypatch.setattr(MODULE, "read_image", reads)
    source = gensc.image_source(str(photos))
    assert [metadata.name for metadata, _ in received(source)] == ["0.png", "2.png"]
    assert source.dropped == 1
    assert "out of luck" in str(source.last_error)
