"""Schemes at equal symbols over equal channels, and what is noted of what they show."""

import json
from dataclasses import replace

import numpy as np
import pytest

from gened_sets import TITLE, Brighter, marked, schemes, two_photos
from gensc.bench.gened.quality import points, row, trained_steps
from gensc.bench.gened.schemes import EDITED, GENED, SOFTCAST
from gensc.experiment.grid import Grid, budget_of, collect
from gensc.experiment.rows import of
from gensc.experiment.ways import load_way
from gensc.system.errors import UserError
from gensc_models.metrics.fidelity import mask_psnr, psnr

WAY = load_way("torch")
GRID = Grid(list(schemes().values()), ("awgn", "rayleigh"), (64,), (0.0, 12.0),
            kept=lambda p, picture: p.snr_db == 12.0)  # fmt: skip


def measure(grid):
    outcomes = collect(grid, two_photos().photos, WAY)
    return outcomes, points(row(outcome, WAY, TITLE) for outcome in outcomes)


@pytest.fixture(scope="module")
def swept():
    return measure(GRID)


def test_all_schemes_send_the_same_number_of_symbols(swept):
    found = swept[1]
    assert {p["symbols"] for p in found} == {6 * 8 * 64}
    assert len(found) == 3 * 2 * 2
    assert {(p["images"], p["dataset"], p["via"]) for p in found} == {(2, TITLE, "torch")}
    assert {p["cbr"] for p in found} == {64 / 768}


def test_caption_and_header_section_are_taken_from_the_images_symbols(swept):
    coarse, edited = (of(swept[1], scheme=s, channel="awgn", snr_db=12.0)[0]
                      for s in (GENED, EDITED))  # fmt: skip
    for point in (coarse, edited):
        parts = point["foreground_symbols"] + point["background_symbols"] + point["side_symbols"]
        assert parts + point["text_symbols"] == point["symbols"]
        assert point["side_symbols"] > 0
        assert point["mask_bits"] > 0
        assert 0 <= point["mask_iou"] <= 1
    assert coarse["text_symbols"] == 0
    assert coarse["captions_exact"] is coarse["edits_shown"] is None
    assert edited["text_symbols"] > 0
    assert edited["edits_shown"] == 1.0


def test_a_one_stream_scheme_has_no_split(swept):
    (point, *_) = of(swept[1], scheme=SOFTCAST)
    assert point["foreground_symbols"] is point["mask_iou"] is None
    assert point["side_symbols"] == 0


def test_captions_arrive_where_the_channel_lets_them(swept):
    found = of(swept[1], scheme=EDITED, channel="awgn")
    assert {p["snr_db"]: p["captions_exact"] for p in found} == {0.0: 0.0, 12.0: 1.0}


def test_the_editor_is_told_caption_mask_and_snr():
    editor = Brighter()
    scheme, image = schemes(editor)[EDITED], marked()
    sent = scheme.send(image, budget_of(image.pixels, 64), 20.0)
    shown = scheme.receive(WAY.carry(sent, "awgn", 20.0, 3).sections)
    ((caption, mask, snr_db),) = editor.told
    assert caption == image.caption
    assert np.array_equal(mask > 0.5, sent.mask)
    assert snr_db == pytest.approx(20.0)
    assert shown.events["edit"] == "accepted"


def test_figures_are_means_over_the_photos(swept):
    outcomes, found = swept
    place = SOFTCAST, "awgn", 12.0
    kept = {
        o.picture.name: o.received.image
        for o in outcomes
        if (o.point.scheme, o.point.channel, o.point.snr_db) == place
    }
    (point,) = of(found, scheme=SOFTCAST, channel="awgn", snr_db=12.0)
    pairs = [(i, kept[i.name]) for i in two_photos().photos]
    whole = np.mean([psnr(i.pixels, p) for i, p in pairs])
    inside = np.mean([mask_psnr(i.pixels, p, i.foreground) for i, p in pairs])
    assert point["psnr"] == pytest.approx(whole, abs=1e-3)
    assert point["foreground_psnr"] == pytest.approx(inside, abs=1e-3)
    assert point["brisque"] is None


def test_a_photo_that_has_no_room_beside_the_caption_is_lost_and_grey():
    grid = replace(GRID, schemes=[schemes()[EDITED]], channels=("awgn",), rates=(1,))
    _, (point, _) = measure(grid)
    assert (point["lost"], point["images"]) == (2, 2)
    grey = np.full((96, 128, 3), 128, np.uint8)
    expected = np.mean([psnr(i.pixels, grey) for i in two_photos().photos])
    assert point["psnr"] == pytest.approx(expected, abs=1e-3)


def test_steps_come_from_the_last_record_of_a_log_and_a_broken_one_is_named(tmp_path):
    assert trained_steps(tmp_path) is None
    log = tmp_path / "training.jsonl"
    log.write_text("".join(json.dumps({"step": n}) + "\n" for n in (5, 10)) + "\n")
    assert trained_steps(tmp_path) == 10
    log.write_text("no record")
    with pytest.raises(UserError, match=r"training\.jsonl"):
        trained_steps(tmp_path)
