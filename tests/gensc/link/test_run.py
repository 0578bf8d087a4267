"""The link runner: real flowgraphs that end by themselves and repeat exactly."""

import json
import threading

import numpy as np
import pytest

from gensc.data.images import fit, load_image
from gensc.link.run import LinkRunner
from gensc.system.errors import UserError
from gensc_models.restore.refiner import load_refiner
from gensc_phy.coding.mcs import nearest_mcs
from small_refiner import store

CAPTION = "Die Katze schläft – 猫"


@pytest.fixture(scope="module")
def photo():
    return fit(load_image("skimage:chelsea"), 96, 144)


@pytest.fixture(scope="module")
def runner():
    return LinkRunner("softcast", rate=64)


@pytest.fixture(scope="module")
def reception(runner, photo):
    return runner.send(photo, "chelsea", snr_db=12, text=CAPTION, seed=3)


def test_photo_crosses_the_flowgraph(runner, reception):
    result = runner.result(reception)
    assert result.received
    assert result.metrics["psnr"] > 24
    assert result.metrics["ssim"] > 0.6


def test_caption_arrives_exactly_beside_the_photo(reception):
    assert reception.text == CAPTION
    assert reception.text_ok


def test_receiver_measures_the_snr_asked_for(reception):
    assert reception.snr_measured_db == pytest.approx(12, abs=0.5)


def test_symbols_on_the_air_are_counted_by_kind(reception):
    s = reception.symbols
    assert s.analog == (96 // 16) * (144 // 16) * 64
    assert s.digital == 0
    assert s.text > 0
    assert s.overhead > 0


def test_constellations_have_the_power_of_signal_and_noise(reception):
    power = np.mean(np.abs(reception.constellation) ** 2)
    assert power == pytest.approx(1 + 10**-1.2, rel=0.15)
    assert reception.text_constellation.size > 0


def test_every_stage_has_a_latency(reception):
    assert reception.latency_ms.keys() == {"encode", "air", "decode"}
    assert all(ms > 0 for ms in reception.latency_ms.values())


def test_result_line_is_plain_json_with_weights_named(runner, reception):
    line = json.loads(json.dumps(runner.result(reception).as_dict(), allow_nan=False))
    assert line["weights"] == "softcast"
    assert len(line["weights_sha256"]) == 64
    assert line["via"] == "flowgraph"
    assert line["csi"] == "estimated"


@pytest.mark.parametrize("channel", ["awgn", "fading", "multipath"])
def test_same_seed_gives_the_same_picture_to_the_bit(runner, photo, channel):
    first, second = (
        runner.send(photo, "a", snr_db=8, channel=channel, seed=5, text="x") for _ in range(2)
    )
    assert np.array_equal(first.image, second.image)
    assert first.snr_measured_db == second.snr_measured_db


def test_another_seed_gives_other_noise(runner, photo):
    first, second = (runner.send(photo, "a", snr_db=8, seed=seed) for seed in (5, 6))
    assert not np.array_equal(first.image, second.image)


def test_lost_fragments_cost_quality_not_the_picture(runner):
    photo = fit(load_image("skimage:chelsea"), 256, 384)
    whole = runner.result(runner.send(photo, "a", snr_db=10, seed=2), effort="psnr")
    part = runner.send(photo, "a", snr_db=10, seed=2, lost=[1])
    assert part.fragments_lost == 1
    lesser = runner.result(part, effort="psnr")
    assert 12 < lesser.metrics["psnr"] < whole.metrics["psnr"]
    assert lesser.extra["sections_incomplete"] == 1


def test_losing_every_fragment_is_a_clear_outcome(runner, photo):
    gone = runner.send(photo, "a", snr_db=10, lost=range(100), text="still here")
    assert gone.image is None
    assert gone.fragments_lost == gone.fragments
    assert gone.text == "still here"
    result = runner.result(gone)
    assert not result.received
    assert result.as_dict()["not_computed"]["psnr"] == "nothing received"


def test_noise_far_above_the_signal_loses_everything_without_a_crash(runner, photo):
    gone = runner.send(photo, "a", snr_db=-25, text="gone")
    assert gone.image is None
    assert gone.text is None
    assert gone.text_ok is False


def test_without_noise_nothing_is_lost(runner, photo):
    clean = runner.send(photo, "a", snr_db=0, channel="none")
    assert clean.fragments_lost == 0
    assert clean.snr_measured_db > 40
    assert runner.result(clean).as_dict()["snr_db"] is None


def test_bytes_cross_the_same_flowgraph(runner):
    payload = bytes(range(256)) * 3
    got = runner.send_bytes(payload, mcs=nearest_mcs(4, 0.5).index, snr_db=10)
    assert got.crc_ok
    assert got.payload == payload
    assert got.symbols.digital > 0
    assert got.symbols.analog == 0


def test_bytes_below_the_threshold_are_known_to_be_damaged(runner):
    assert not runner.send_bytes(bytes(500), mcs=nearest_mcs(6, 0.67).index, snr_db=6).crc_ok


@pytest.fixture(scope="module")
def refining(tmp_path_factory):
    return LinkRunner("softcast", rate=64, refine=str(store(tmp_path_factory.mktemp("weights"))))


def test_a_refiner_behind_the_decoder_leaves_the_received_image_alone(refining, runner, photo):
    plain = runner.send(photo, "a", snr_db=8, seed=5)
    both = refining.send(photo, "a", snr_db=8, seed=5)
    assert np.array_equal(both.image, plain.image)
    refiner = load_refiner(refining._refine)
    assert np.array_equal(both.refined, refiner.refine(both.image, both.snr_measured_db))
    assert plain.refined is None
    assert runner.refined_result(plain) is None


def test_received_and_refined_image_have_lines_of_their_own(refining, photo):
    reception = refining.send(photo, "a", snr_db=8)
    plain, refined = refining.result(reception), refining.refined_result(reception)
    assert (plain.scheme, refined.scheme) == ("softcast", "softcast+small-refiner")
    assert plain.refiner is None
    assert refined.as_dict()["refiner_sha256"] == load_refiner(refining._refine).sha256
    assert plain.symbols == refined.symbols
    assert plain.metrics["psnr"] != refined.metrics["psnr"]
    assert refined.latency_ms.keys() - plain.latency_ms.keys() == {"refine"}


def test_an_image_that_cannot_be_refined_is_received_all_the_same(refining):
    small = np.zeros((8, 40, 3), np.uint8)
    reception = refining.send(small, "small", snr_db=10)
    assert reception.image is not None
    assert reception.refined is None
    assert refining.result(reception).metrics
    refined = refining.refined_result(reception).as_dict()
    assert refined["psnr"] is None
    assert refined["not_computed"]["psnr"] == "the refinement failed"


class Editor:
    """Answers with whatever it is given to answer."""

    name = "fake"

    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def edit(self, image, caption, mask=None, snr_db=None, seed=0):
        self.asked.append((caption, mask, snr_db))
        return self.answer(image)


def brighter(image):
    return np.minimum(image, 253) + np.uint8(2)


@pytest.fixture
def editing(monkeypatch):
    """A runner whose editor answers so."""

    def make(answer, **settings):
        editor = Editor(answer)
        monkeypatch.setattr("gensc.link.run.choose_editor", lambda name: editor)
        return LinkRunner("softcast", rate=64, edit="fake", **settings), editor

    return make


def test_an_editor_is_told_the_caption_that_arrived_and_the_snr(editing, runner, photo):
    edits, editor = editing(brighter)
    out = edits.send(photo, "a", snr_db=8, seed=5, text=CAPTION)
    assert editor.asked == [(CAPTION, None, out.snr_measured_db)]
    assert np.array_equal(out.image, runner.send(photo, "a", snr_db=8, seed=5, text=CAPTION).image)
    assert np.array_equal(out.edited, brighter(out.image))
    assert out.edit == "accepted"


def test_the_edited_image_has_a_line_of_its_own(editing, photo):
    edits, _ = editing(brighter)
    out = edits.send(photo, "a", snr_db=8)
    plain, edited = edits.result(out), edits.edited_result(out)
    assert (plain.scheme, edited.scheme) == ("softcast", "softcast+edit")
    assert (edited.extra["editor"], edited.extra["edit"]) == ("fake", "accepted")
    assert "edit" not in plain.extra
    assert plain.metrics["psnr"] != edited.metrics["psnr"]
    assert edited.latency_ms.keys() - plain.latency_ms.keys() == {"edit"}


def test_a_rejected_edit_leaves_the_received_image_and_says_why(editing, photo):
    edits, _ = editing(lambda image: 255 - image)
    out = edits.send(photo, "a", snr_db=8)
    assert out.edit == "rejected"
    assert np.array_equal(out.edited, out.image)
    line = edits.edited_result(out).as_dict()
    assert line["extra"]["edit_reason"]
    assert line["psnr"] == edits.result(out).as_dict()["psnr"]


def test_refiner_and_editor_both_start_from_the_received_image(editing, photo, tmp_path):
    edits, _ = editing(brighter, refine=str(store(tmp_path)))
    out = edits.send(photo, "a", snr_db=8)
    assert np.array_equal(out.edited, brighter(out.image))
    assert not np.array_equal(out.refined, out.image)
    assert "edit" not in edits.refined_result(out).latency_ms
    assert "refine" not in edits.edited_result(out).latency_ms


def test_an_edit_that_takes_too_long_is_given_up(editing, photo):
    done = threading.Event()

    def never(image):
        done.wait(60)
        return image

    edits, editor = editing(never, edit_limit_s=0.2)
    first, second = (edits.send(photo, "a", snr_db=8) for _ in range(2))
    done.set()
    assert (first.edit, second.edit) == ("failed", "failed")
    assert "0.2 s" in first.edit_reason
    assert "earlier image" in second.edit_reason
    assert len(editor.asked) == 1
    assert np.array_equal(first.edited, first.image)


def test_without_an_editor_there_is_no_line_of_one(runner, reception):
    assert runner.edited_result(reception) is None
    assert reception.edited is None


def test_unknown_editor_is_named():
    with pytest.raises(UserError, match=r"--edit nowhere: .*softcast"):
        LinkRunner("softcast", edit="nowhere")


def test_unknown_refiner_is_named():
    with pytest.raises(UserError, match=r"--refine nowhere: .*softcast"):
        LinkRunner("softcast", refine="nowhere")
    with pytest.raises(UserError, match=r"--refine softcast: .*kind"):
        LinkRunner("softcast", refine="softcast")


def test_unknown_model_is_named():
    with pytest.raises(UserError, match=r"'nowhere'.*softcast"):
        LinkRunner("nowhere")


def test_picture_with_too_many_symbols_is_refused(runner):
    with pytest.raises(UserError, match="max-side"):
        LinkRunner("softcast", rate=128).send(np.zeros((4000, 4000, 3), np.uint8), "big", snr_db=10)
