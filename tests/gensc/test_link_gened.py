"""The dual-branch codec over the link: flowgraph, demo, recording and receiver."""

import json

import numpy as np
import pytest
from PIL import Image

from gensc.cli.main import run
from gensc.link.radio import Place, RadioSettings
from gensc.link.run import LinkRunner
from gensc.receiver.run import ReceiveSettings, receive_images
from gensc.system.errors import UserError
from gensc.transmitter.run import SendSettings, send_images
from gensc_phy.adaptation.side_link import side_symbols
from gensc_phy.waveform.config import WaveformConfig, header_symbols_for
from pdu_blocks import smooth_image
from small_refiner import store

IMAGE = smooth_image(96, 128)
RATE, BLOCKS = 100, 6 * 8
RADIO = RadioSettings()


@pytest.fixture(scope="module")
def runner(gened_model):
    return LinkRunner("tiny-gened", RATE)


@pytest.fixture(scope="module")
def reception(runner):
    return runner.send(IMAGE, "ramp", snr_db=12, seed=3, text="A ramp.")


def test_without_noise_the_picture_is_what_the_codec_decodes(runner):
    out = runner.send(IMAGE, "ramp", snr_db=0, channel="none", design_snr_db=15.0)
    sent = runner.codec.encode_image(IMAGE, RATE, 15.0, side_cost=side_symbols)
    noise = np.full(sent.symbols.size, 10**-4.5, np.float32)
    expected = runner.codec.decode_image(sent.received(sent.symbols, noise))
    error = np.abs(out.image.astype(int) - expected)
    assert error.max() <= 3
    assert error.mean() < 0.5
    assert np.array_equal(out.foreground, sent.importance.mask)


def test_both_streams_are_analog_symbols_and_the_header_section_is_digital(runner, reception):
    s = reception.symbols
    sent = runner.codec.encode_image(IMAGE, RATE, 12.0, side_cost=side_symbols)
    assert s.analog == sent.symbols.size
    assert s.digital == sent.side_symbols
    assert s.analog + s.digital == RATE * BLOCKS
    assert s.text > 0


def test_the_caption_comes_after_the_last_section(reception):
    assert reception.text == "A ramp."
    assert reception.text_ok
    assert reception.counters["bursts_sent"] == reception.fragments + 2


def test_the_header_section_that_goes_twice_carries_one_caption(runner):
    out = runner.send(IMAGE, "ramp", snr_db=1, seed=3, text="A ramp.")
    assert out.image is not None
    assert out.counters["bursts_sent"] == out.fragments + 3
    assert out.symbols.analog + out.symbols.digital == RATE * BLOCKS


def test_the_result_line_names_the_scheme_and_measures_both_streams(runner, reception):
    line = runner.result(reception).as_dict()
    assert (line["scheme"], line["weights"]) == ("tiny-gened", "tiny-gened")
    assert line["cbr"] == pytest.approx((RATE * BLOCKS + reception.symbols.text) / IMAGE.size)
    assert line["snr_measured_db"] == pytest.approx(12, abs=0.7)
    assert line["latency_ms"].keys() == {"encode", "air", "decode"}
    assert line["extra"]["images_lost"] == 0


def same_but_for_rounding(one, other):
    """A level here and there, no more."""
    off = np.abs(one.astype(int) - other)
    return off.max() <= 1 and off.mean() < 0.01


def test_same_seed_gives_the_same_picture(runner, reception):
    """But for rounding: sums over the stream are begun where the scheduler happens to cut it."""
    again = runner.send(IMAGE, "ramp", snr_db=12, seed=3, text="A ramp.")
    assert same_but_for_rounding(again.image, reception.image)
    assert again.snr_measured_db == pytest.approx(reception.snr_measured_db, abs=1e-5)


def test_without_its_header_section_no_image_comes_out_and_it_is_counted(runner):
    gone = runner.send(IMAGE, "ramp", snr_db=12, seed=3, lost=[0], lost_section="bits")
    assert gone.image is None
    assert gone.foreground is None
    assert gone.fragments_lost == 0
    assert gone.counters["images_lost"] == 1
    line = runner.result(gone).as_dict()
    assert not line["received"]
    assert line["not_computed"]["psnr"] == "nothing received"


def test_lost_bursts_cost_quality_not_the_picture(runner):
    large = smooth_image(192, 256)
    whole, part = (runner.send(large, "ramp", snr_db=12, seed=3, lost=lost) for lost in ((), (1,)))
    assert 0 < part.fragments_lost < part.fragments
    assert part.counters["images_lost"] == 0
    assert not np.array_equal(part.image, whole.image)


def test_an_image_of_which_both_streams_are_lost_is_counted(runner):
    gone = runner.send(IMAGE, "ramp", snr_db=12, seed=3, lost=range(9))
    assert gone.image is None
    assert gone.fragments_lost == gone.fragments
    assert gone.counters["images_lost"] == 1


def test_a_refiner_behind_two_streams(gened_model, tmp_path, reception):
    refining = LinkRunner("tiny-gened", RATE, refine=str(store(tmp_path)))
    out = refining.send(IMAGE, "ramp", snr_db=12, seed=3, text="A ramp.")
    assert same_but_for_rounding(out.image, reception.image)
    assert not np.array_equal(out.refined, out.image)
    assert refining.refined_result(out).scheme == "tiny-gened+small-refiner"


def test_an_editor_is_told_the_foreground(gened_model, monkeypatch):
    asked = []

    class Editor:
        name = "fake"

        def edit(self, image, caption, mask=None, snr_db=None, seed=0):
            asked.append((caption, mask))
            return image

    monkeypatch.setattr("gensc.link.run.choose_editor", lambda name: Editor())
    out = LinkRunner("tiny-gened", RATE, edit="fake").send(
        IMAGE, "ramp", snr_db=12, seed=3, text="A ramp."
    )
    ((caption, mask),) = asked
    assert caption == "A ramp."
    assert np.array_equal(mask > 0, out.foreground.repeat(16, axis=0).repeat(16, axis=1))
    assert out.edit == "untouched"


def test_a_picture_that_leaves_no_symbol_beside_the_header_section_is_refused(runner):
    with pytest.raises(UserError, match="dot: tiny-gened sends no 32x32 at --rate 100"):
        runner.send(IMAGE[:32, :32], "dot", snr_db=0)


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photo") / "ramp.png"
    Image.fromarray(IMAGE).save(path)
    return str(path)


def lines(out):
    return [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]


def record(path, photo, model, **settings):
    settings = {"rate": RATE, "snr_db": 15.0, "caption": "A ramp."} | settings
    return send_images(
        SendSettings([photo, photo], model, **settings), Place("file", str(path)), RADIO
    )


def test_a_recording_gives_images_and_captions_back(gened_model, photo, tmp_path):
    report = record(tmp_path / "x", photo, "tiny-gened")
    assert report.images == 2
    got = receive_images(
        ReceiveSettings(tmp_path / "out"), Place("file", str(tmp_path / "x")), RADIO
    )
    assert (got.images, got.texts, got.incomplete) == (2, 2, 0)
    assert got.counters["images_lost"] == got.counters["sections_dropped"] == 0
    first, second = lines(tmp_path / "out")
    # As `send` does for 15 dB: short headers.
    config = WaveformConfig(header_symbols=header_symbols_for(15.0))
    runner = LinkRunner("tiny-gened", RATE, config)
    link = runner.send(IMAGE, "ramp", snr_db=0, channel="none", design_snr_db=15.0)
    for line in (first, second):
        assert (line["scheme"], line["weights"]) == ("tiny-gened", "tiny-gened")
        symbols = line["symbols"]
        assert (symbols["analog"], symbols["digital"]) == (
            link.symbols.analog, link.symbols.digital
        )  # fmt: skip
        assert symbols["overhead"] == pytest.approx(link.symbols.overhead, rel=0.05)
        received = np.asarray(Image.open(tmp_path / "out" / line["image"]))
        assert np.abs(received.astype(int) - link.image).mean() < 1


def both(tmp_path, photo):
    """A recording of images by either kind of codec, one after the other."""
    record(tmp_path / "a", photo, "softcast", rate=64)
    record(tmp_path / "b", photo, "tiny-gened", first_id=10)
    joined = b"".join((tmp_path / f"{name}.sigmf-data").read_bytes() for name in "ab")
    (tmp_path / "c.sigmf-data").write_bytes(joined)
    (tmp_path / "c.sigmf-meta").write_text((tmp_path / "a.sigmf-meta").read_text())
    return Place("file", str(tmp_path / "c"))


def test_images_of_both_kinds_of_codec_come_out_side_by_side(gened_model, photo, tmp_path):
    place = both(tmp_path, photo)
    got = receive_images(ReceiveSettings(tmp_path / "out"), place, RADIO)
    assert (got.images, got.counters["sections_dropped"]) == (4, 0)
    schemes = {line["image_id"]: line["scheme"] for line in lines(tmp_path / "out")}
    assert schemes == {0: "softcast", 1: "softcast", 10: "tiny-gened", 11: "tiny-gened"}


def test_without_their_weights_streams_and_header_section_are_kept_and_decoded_later(
    gened_model, photo, tmp_path, monkeypatch
):
    place = both(tmp_path, photo)
    monkeypatch.delenv("GENSC_WEIGHTS")
    got = receive_images(ReceiveSettings(tmp_path / "out"), place, RADIO)
    kept = sorted((tmp_path / "out").glob("*.npz"))
    assert (got.images, got.texts, len(kept), got.counters["sections_kept"]) == (2, 4, 2, 6)
    settings = ReceiveSettings(tmp_path / "later", models=(gened_model,))
    later = receive_images(settings, Place("sections", str(tmp_path / "out")), RADIO)
    assert (later.images, later.incomplete, later.counters["sections_kept"]) == (2, 0, 0)
    assert {line["scheme"] for line in lines(tmp_path / "later")} == {"tiny-gened"}


def test_an_image_that_cannot_be_sent_is_not_counted_as_sent(gened_model, tmp_path):
    Image.fromarray(IMAGE[:32, :32]).save(tmp_path / "dot.png")
    report = record(tmp_path / "x", str(tmp_path / "dot.png"), "tiny-gened", rate=4)
    assert (report.images, report.bursts) == (0, 0)


def test_the_demo_shows_foreground_and_blocks(gened_model, photo, tmp_path):
    argv = ["demo", photo, "--snr", "12", "--channel", "awgn", "--model", "tiny-gened"]
    assert run([*argv, "--refine", "none", "--out", str(tmp_path)]) == 0
    (line,) = lines(tmp_path)
    assert line["scheme"] == "tiny-gened"
    assert line["symbols"]["digital"] > 0
    page = (tmp_path / "report.html").read_text()
    assert "<b>semantic router</b>" in page
    assert 'alt="foreground at 12 dB"' in page
    assert f"<dt>digital</dt><dd>{line['symbols']['digital']}</dd>" in page


def test_compare_takes_the_dual_branch_codec(gened_model, photo, capsys):
    argv = ["compare", photo, "--snr", "0,10", "--rate", str(RATE), "--model", "tiny-gened"]
    assert run([*argv, "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["scheme"] for row in rows] == ["tiny-gened"] * 2
    assert all(row["symbols"]["digital"] > 0 for row in rows)
