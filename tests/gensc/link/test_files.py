"""files: recordings as GNU Radio's File Sink writes them."""

import numpy as np
import pytest

from gensc.link.files import Recording, raw_sink, raw_source, recording
from gensc.system.errors import UserError
from gnuradio import blocks, gr

SAMPLES = (np.arange(-500, 500) / 1000 * (1 - 0.5j)).astype(np.complex64)


def played(source):
    top, sink = gr.top_block(), blocks.vector_sink_c()
    top.connect(source, sink)
    top.run()
    return np.array(sink.data(), np.complex64)


def recorded(sink, samples=SAMPLES):
    top = gr.top_block()
    top.connect(blocks.vector_source_c(samples.tolist()), sink)
    top.run()


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.cfile", "cf32"), ("a.fc32", "cf32"), ("a.raw", "cf32"), ("A.IQ", "cf32"),
        ("a.ci16", "ci16"), ("a.sc16", "ci16"), ("a.sigmf-data", "sigmf"), ("a", "sigmf"),
    ],
)  # fmt: skip
def test_the_ending_says_what_the_samples_are(name, format):
    assert recording(name, reading=False).format == format


def test_what_is_told_counts_more_and_metadata_beside_it_more_than_the_ending(tmp_path):
    assert recording("a.cfile", reading=True, told="ci16").format == "ci16"
    (tmp_path / "a.cfile.sigmf-meta").touch()
    assert recording(str(tmp_path / "a.cfile"), reading=True).format == "sigmf"


def test_a_file_that_nothing_is_known_of_is_refused_with_the_way_out(tmp_path):
    path = tmp_path / "capture.xyz"
    path.write_bytes(bytes(80))
    with pytest.raises(UserError, match=r"capture.xyz: no SigMF.*--format cf32 or ci16"):
        recording(str(path), reading=True)
    with pytest.raises(UserError, match="'wav'"):
        recording(str(path), reading=True, told="wav")


def test_floats_are_what_file_sink_writes_and_file_source_reads(tmp_path):
    file = Recording(str(tmp_path / "new" / "a.cfile"), "cf32")
    recorded(raw_sink(file))
    np.testing.assert_array_equal(np.fromfile(file.path, np.complex64), SAMPLES)
    np.testing.assert_array_equal(played(raw_source(file)), SAMPLES)


def test_integers_are_pairs_of_16_bits_of_full_scale_one(tmp_path):
    file = Recording(str(tmp_path / "a.ci16"), "ci16")
    recorded(raw_sink(file))
    pairs = np.fromfile(file.path, "<i2").reshape(-1, 2)
    np.testing.assert_allclose(pairs / 32767, SAMPLES.view(np.float32).reshape(-1, 2), atol=4e-5)
    np.testing.assert_allclose(played(raw_source(file)), SAMPLES, atol=4e-5)


@pytest.mark.parametrize(("format", "bytes_"), [("cf32", 8), ("ci16", 4)])
def test_a_file_cut_in_the_middle_of_a_sample_is_read_up_to_it(tmp_path, format, bytes_):
    path = tmp_path / "a"
    path.write_bytes(bytes(5 * bytes_ + 3))
    assert len(played(raw_source(Recording(str(path), format)))) == 5


@pytest.mark.parametrize(("content", "told"), [(None, "no such file"), (b"abc", "no sample")])
def test_a_file_without_samples_is_named(tmp_path, content, told):
    path = tmp_path / "a.cfile"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=f"a.cfile: {told}"):
        raw_source(Recording(str(path), "cf32"))


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file"):
        raw_sink(Recording(str(tmp_path / "file" / "a.cfile"), "cf32"))


@pytest.mark.parametrize("format", ["cf32", "ci16"])
def test_a_full_disk_ends_the_file_with_a_whole_sample_and_is_said(
    tmp_path, format, full_at, capfd
):
    full_at(1001)
    sink = raw_sink(Recording(str(tmp_path / "a"), format))
    recorded(sink)
    each = 8 if format == "cf32" else 4
    assert (tmp_path / "a").stat().st_size == sink.samples * each
    assert sink.samples == 1001 // each
    assert sink.error == "File too large"
    assert f"a: File too large; {sink.samples} samples are in it" in capfd.readouterr()[0]


def test_a_recording_that_is_replaced_is_said_and_who_reads_the_old_one_keeps_it(tmp_path, capfd):
    path = tmp_path / "a.cfile"
    path.write_bytes(b"old")
    with path.open("rb") as old:
        recorded(raw_sink(Recording(str(path), "cf32")))
        assert old.read() == b"old"
    assert "a.cfile: is replaced" in capfd.readouterr()[0]
