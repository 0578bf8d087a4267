"""sigmf_sink and sigmf_source: recordings that other tools read, and damaged ones."""

import json
from dataclasses import replace

import numpy as np
import pmt
import pytest
import sigmf

from gnuradio import blocks, gensc, gr
from gnuradio.gensc.burst_tags import BurstLog
from gnuradio.gensc.metadata import make_pdu, read_pdu
from pdu_blocks import CONFIG, Feed, analog_section, run
from waveform import payload

RATE = 1e6
SAMPLES = payload(10_000, seed=4)


@pytest.fixture
def recording(tmp_path):
    flowgraph = gr.top_block()
    path = str(tmp_path / "new" / "take1")
    sink = gensc.sigmf_sink(path, RATE, center_frequency=433e6, description="a test")
    flowgraph.connect(blocks.vector_source_c(SAMPLES.tolist()), sink)
    run(flowgraph)
    assert sink.samples == SAMPLES.size
    return path


def play(source, n=None):
    flowgraph, sink = gr.top_block(), blocks.vector_sink_c()
    if n:
        flowgraph.connect(source, blocks.head(gr.sizeof_gr_complex, n), sink)
    else:
        flowgraph.connect(source, sink)
    run(flowgraph)
    return np.array(sink.data(), np.complex64)


@pytest.mark.parametrize("suffix", ["", ".sigmf-data", ".sigmf-meta"])
def test_what_was_recorded_is_played(recording, suffix):
    np.testing.assert_array_equal(play(gensc.sigmf_source(recording + suffix, RATE)), SAMPLES)


def test_the_reference_implementation_reads_it(recording):
    other = sigmf.sigmffile.fromfile(recording + ".sigmf-meta")
    other.validate()
    np.testing.assert_array_equal(other.read_samples(), SAMPLES)
    assert other.get_global_info()["core:sample_rate"] == RATE
    assert other.get_captures()[0]["core:frequency"] == 433e6
    assert "core:sha512" in other.get_global_info()


@pytest.mark.parametrize(
    ("where", "field", "value"),
    [
        ("global", "core:num_channels", 2),
        ("global", "core:metadata_only", True),
        ("global", "core:dataset", "elsewhere.bin"),
        ("global", "core:trailing_bytes", 16),
        ("captures", "core:header_bytes", 8),
        ("global", "core:extensions", [{"name": "odd", "version": "1.0.0", "optional": False}]),
    ],
)
def test_what_says_where_the_samples_lie_is_refused_by_name(recording, where, field, value):
    path = recording + ".sigmf-meta"
    with open(path) as file:
        meta = json.load(file)
    (meta["captures"][0] if where == "captures" else meta["global"])[field] = value
    with open(path, "w") as file:
        json.dump(meta, file)
    with pytest.raises(gensc.GenscError, match=field):
        gensc.sigmf_source(recording)


@pytest.mark.parametrize("keep_going", [True, False])
def test_a_full_disk_ends_a_recording_that_can_be_read(tmp_path, full_at, keep_going):
    samples = np.arange(1000, dtype=np.complex64)
    sink = gensc.sigmf_sink(str(tmp_path / "full"), RATE)
    sink.keep_going = keep_going
    top = gr.top_block()
    top.connect(blocks.vector_source_c(samples.tolist()), sink)
    full_at(4001)
    top.run()
    assert (sink.samples, sink.error) == (500, "File too large")
    source = gensc.sigmf_source(str(tmp_path / "full"))
    np.testing.assert_array_equal(play(source), samples[:500])


def test_a_recording_that_is_replaced_while_it_is_played_is_played_to_its_end(recording):
    source = gensc.sigmf_source(recording, RATE)
    sink = gensc.sigmf_sink(recording, RATE)
    sink.start()
    sink.write(SAMPLES[:10])
    sink.stop()
    np.testing.assert_array_equal(play(source), SAMPLES)
    assert len(play(gensc.sigmf_source(recording, RATE))) == 10


@pytest.mark.parametrize("repeat", [False, True])
def test_a_recording_that_is_cut_while_it_is_played_ends_there(recording, repeat):
    source = gensc.sigmf_source(recording, RATE, repeat)
    with open(recording + ".sigmf-data", "r+b") as file:
        file.truncate(8 * 1234 + 3)
    np.testing.assert_array_equal(play(source), SAMPLES[:1234])


def test_a_recording_can_be_read_while_it_is_made(tmp_path):
    sink = gensc.sigmf_sink(str(tmp_path / "live"), RATE)
    sink.start()
    sink.write(SAMPLES[:100])
    np.testing.assert_array_equal(play(gensc.sigmf_source(str(tmp_path / "live"))), SAMPLES[:100])
    sink.stop()


def test_a_repeated_recording_starts_again(recording):
    twice = play(gensc.sigmf_source(recording, repeat=True), n=2 * SAMPLES.size)
    np.testing.assert_array_equal(twice, np.tile(SAMPLES, 2))


@pytest.mark.parametrize(
    ("datatype", "values", "wanted"),
    [
        ("ci16_le", np.array([[16384, -32768]], "<i2"), 0.5 - 1j),
        ("ci8", np.array([[64, -128]], "i1"), 0.5 - 1j),
        ("cu8", np.array([[255, 0]], "u1"), 1 - 1j),
        ("cf64_le", np.array([[0.5, -1]], "<f8"), 0.5 - 1j),
    ],
)
def test_integer_recordings_are_scaled_to_one(tmp_path, datatype, values, wanted):
    (tmp_path / "x.sigmf-data").write_bytes(values.tobytes())
    meta = {"global": {"core:datatype": datatype, "core:version": "1.0.0"},
            "captures": [{"core:sample_start": 0}], "annotations": []}  # fmt: skip
    (tmp_path / "x.sigmf-meta").write_text(json.dumps(meta))
    np.testing.assert_allclose(play(gensc.sigmf_source(str(tmp_path / "x"))), [wanted], atol=1e-6)


@pytest.mark.parametrize(("left", "whole"), [(80_000 - 800, 9900), (4001, 500), (7, 0), (0, 0)])
def test_a_recording_cut_short_is_played_as_far_as_it_goes(recording, left, whole):
    with open(recording + ".sigmf-data", "r+b") as data:
        data.truncate(left)
    source = gensc.sigmf_source(recording)
    assert "cut" in source.recording.damage
    np.testing.assert_array_equal(play(source), SAMPLES[:whole])


def test_missing_files_are_named(tmp_path, recording):
    with pytest.raises(gensc.GenscError, match=r"nothing\.sigmf-meta: no such file$"):
        gensc.sigmf_source(str(tmp_path / "nothing"))
    (tmp_path / "new" / "take1.sigmf-data").unlink()
    with pytest.raises(gensc.GenscError, match=r"take1\.sigmf-data: no such file$"):
        gensc.sigmf_source(recording)


@pytest.mark.parametrize(
    "meta",
    [b"", b"not json", b"\xff\xfe", b"[]", b"{}", b'{"global": {}, "captures": []}',
     b'{"global": {"core:datatype": "cf32_le"}, "captures": 5, "annotations": []}'],
)  # fmt: skip
def test_metadata_that_is_not_sigmf_is_one_line(recording, meta):
    with open(recording + ".sigmf-meta", "wb") as file:
        file.write(meta)
    with pytest.raises(gensc.GenscError, match="not valid SigMF metadata") as error:
        gensc.sigmf_source(recording)
    assert "\n" not in str(error.value)


def test_samples_of_an_unknown_type_are_refused(recording):
    with open(recording + ".sigmf-meta", encoding="utf-8") as file:
        meta = json.load(file)
    meta["global"]["core:datatype"] = "rf32_le"
    with open(recording + ".sigmf-meta", "w", encoding="utf-8") as file:
        json.dump(meta, file)
    with pytest.raises(gensc.GenscError, match="rf32_le"):
        gensc.sigmf_source(recording)


def test_another_sample_rate_is_refused(recording):
    with pytest.raises(gensc.GenscError, match=r"1e\+06 samples/s, the flowgraph expects 2e\+06"):
        gensc.sigmf_source(recording, 2e6)


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(gensc.GenscError, match="file"):
        gensc.sigmf_sink(str(tmp_path / "file" / "take"), RATE)


def test_what_a_transmitter_sent_is_annotated(tmp_path):
    path = str(tmp_path / "sent")
    section, _ = read_pdu(analog_section(image_id=9, n=10_000)[0], np.complex64)
    told = replace(section, name="cat.png", codec="softcast", sha256="ab" * 32, session=0xA3F2)
    pdus = [make_pdu(replace(told, image_id=i), payload(10_000, i)) for i in (9, 10)]
    flowgraph = gr.top_block()
    feed, cut, sink = Feed("section", pdus), gensc.fragmenter(CONFIG), gensc.sigmf_sink(path, RATE)
    transmitter = gensc.burst_tx(CONFIG, tail=0)
    flowgraph.msg_connect(feed, "section", cut, "section")
    flowgraph.msg_connect(cut, "fragment", transmitter, "fragment")
    flowgraph.connect(transmitter, sink)
    run(flowgraph)
    other = sigmf.sigmffile.fromfile(path + ".sigmf-meta")
    other.validate()
    first, second = other.get_annotations()
    assert {k: v for k, v in first.items() if k.startswith("gensc:")} == {
        "gensc:image": "cat.png", "gensc:session": "a3f2", "gensc:image_id": 9,
        "gensc:section": "analog", "gensc:codec": "softcast", "gensc:weights_sha256": "ab" * 32,
        "gensc:rate": 32, "gensc:symbols": 10_000, "gensc:bursts": 3,
        "gensc:cbr": pytest.approx(10_000 / (3 * 256 * 256)),
    }  # fmt: skip
    parts = 3 * CONFIG.gap + sum(CONFIG.burst_len(n) for n in (3333, 3333, 3334))
    assert first["core:sample_start"] == 0
    assert second["core:sample_start"] == parts
    assert first["core:sample_count"] == parts - CONFIG.gap


def test_tags_of_others_are_no_bursts():
    log = BurstLog()
    tag = gr.tag_t()
    for key, value in (("burst", pmt.PMT_T), ("burst", pmt.cons(pmt.PMT_T, pmt.PMT_T)),
                       ("rx_time", pmt.from_long(1))):  # fmt: skip
        tag.key, tag.value, tag.offset = pmt.intern(key), value, 3
        log.add([tag])
    assert log.annotations() == []
