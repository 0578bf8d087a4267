"""Schemes at equal symbols over equal channels, and what is noted of what they show."""

import json

import numpy as np
import pytest

from gened_sets import TITLE, Brighter, marked, schemes, scored, two_photos
from gensc.bench.gened.points import TORCH, Place, Points, Sweep, carry, mean, sweep
from gensc.bench.gened.schemes import EDITED, GENED, SOFTCAST
from gensc_models.metrics.fidelity import mask_psnr, psnr

HERE = Place(TITLE, "awgn", 64, 12.0)


@pytest.fixture(scope="module")
def swept():
    points = Points()
    plan = Sweep(("awgn", "rayleigh"), (64,), (0.0, 12.0), lambda p: False, lambda p: p == HERE)
    sweep(two_photos(), schemes().values(), plan, 1, points)
    return points


def test_all_schemes_send_the_same_number_of_symbols(swept):
    assert {p.symbols for p in swept.of()} == {6 * 8 * 64}
    assert len(swept.of()) == 3 * 2 * 2
    assert {p.images for p in swept.of()} == {2}


def test_caption_and_header_section_are_taken_from_the_images_symbols(swept):
    coarse, edited = (swept.of(scheme=s, channel="awgn", snr_db=12.0)[0] for s in (GENED, EDITED))
    for point in (coarse, edited):
        parts = point.foreground_symbols + point.background_symbols + point.side_symbols
        assert parts + point.text_symbols == point.symbols
        assert point.side_symbols > 0
        assert point.mask_bits > 0
    assert coarse.text_symbols == 0
    assert edited.text_symbols > 0


def test_a_one_stream_scheme_has_no_split(swept):
    (point, *_) = swept.of(scheme=SOFTCAST)
    assert point.foreground_symbols is None
    assert point.mask_iou is None
    assert point.side_symbols == 0


def test_captions_arrive_where_the_channel_lets_them(swept):
    by_snr = {p.snr_db: p.captions_exact for p in swept.of(scheme=EDITED, channel="awgn")}
    assert by_snr == {0.0: 0.0, 12.0: 1.0}


def test_the_editor_is_told_caption_mask_and_snr():
    editor = Brighter()
    scheme, image = schemes(editor)[EDITED], marked()
    carry(scheme.send(image, 64, 20.0), Place(TITLE, "awgn", 64, 20.0), 3)
    ((caption, mask, snr_db),) = editor.told
    assert caption == image.caption
    assert mask.shape == image.photo.shape[:2]
    assert snr_db == pytest.approx(20.0)


def test_the_edited_picture_is_shown():
    scheme = schemes()[EDITED]
    image = marked()
    sent = scheme.send(image, 64, 20.0)
    shown = carry(sent, Place(TITLE, "awgn", 64, 20.0), 3)
    scheme.editor = None
    coarse = carry(sent, Place(TITLE, "awgn", 64, 20.0), 3)
    assert shown.edit == "accepted"
    assert (shown.picture.astype(int) - coarse.picture).max() == 4


def test_pictures_are_kept_where_they_are_wanted(swept):
    places = {place for place, _, _ in swept.pictures}
    assert places == {HERE}
    kept = swept.pictures[HERE, GENED, "face"]
    assert kept.picture.shape == (96, 128, 3)
    assert kept.mask.shape == (96, 128)
    assert swept.pictures[HERE, SOFTCAST, "face"].mask is None


def test_figures_are_means_over_the_photos(swept):
    photos = two_photos().photos
    pictures = [swept.pictures[HERE, SOFTCAST, image.name].picture for image in photos]
    (point,) = swept.of(scheme=SOFTCAST, channel="awgn", snr_db=12.0)
    pairs = list(zip(photos, pictures, strict=True))
    assert point.psnr == pytest.approx(np.mean([psnr(i.photo, p) for i, p in pairs]))
    inside = [mask_psnr(i.photo, p, i.foreground) for i, p in pairs]
    assert point.foreground_psnr == pytest.approx(np.mean(inside))
    assert point.brisque is None


def test_a_photo_that_has_no_room_beside_the_caption_is_lost_and_grey():
    points = Points()
    sweep(two_photos(), [schemes()[EDITED]], Sweep(("awgn",), (1,), (0.0,), lambda p: False), 1,
          points)  # fmt: skip
    (point,) = points.of()
    assert (point.lost, point.images) == (2, 2)
    grey = np.full((96, 128, 3), 128, np.uint8)
    expected = np.mean([psnr(i.photo, grey) for i in two_photos().photos])
    assert point.psnr == pytest.approx(expected)


def test_places_looked_at_closely_have_lines_with_all_metrics():
    points = Points()
    plan = Sweep(("awgn",), (64,), (0.0, 12.0), lambda p: p.snr_db == 12.0)
    sweep(two_photos(), [schemes()[GENED]], plan, 1, points)
    assert {line.snr_db for line in points.lines} == {12.0}
    line = json.loads(json.dumps(points.lines[0].as_dict()))
    assert line["via"] == TORCH
    assert line["symbols"]["digital"] > 0
    assert 0 <= line["extra"]["foreground_symbols"] <= line["symbols"]["analog"]
    assert line["brisque"] is not None
    assert line["csi"] == "perfect"


def test_the_same_seed_gives_the_same_figures(swept):
    again = Points()
    plan = Sweep(("awgn", "rayleigh"), (64,), (12.0,), lambda p: False)
    sweep(two_photos(), [schemes()[SOFTCAST]], plan, 1, again)
    before = swept.of(scheme=SOFTCAST, snr_db=12.0)
    assert [p.psnr for p in again.of()] == [p.psnr for p in before]


def test_points_are_sorted_by_snr_and_counted_by_scheme():
    points = Points()
    for snr_db in (10, 0, 5):
        points.scored.append(scored(GENED, "awgn", 32, snr_db, 20.0 + snr_db))
    points.scored.append(scored(GENED, "awgn", 32, 5, 27.0, lost=True))
    found = points.of(scheme=GENED, rate=32)
    assert [p.snr_db for p in found] == [0, 5, 10]
    assert (found[1].foreground_psnr, found[1].lost, found[1].images) == (26.0, 1, 2)
    assert found[1].as_row()["cbr"] == pytest.approx(1 / 24)


def test_a_mean_leaves_out_what_is_not_there():
    assert mean([1.0, None, 3.0, float("inf")]) == 2.0
    assert mean([None]) is None
