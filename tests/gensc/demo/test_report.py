"""The report holds everything itself and says what was asked for, measured and received."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from gensc.demo.report import Case, Source, render, write_report
from gensc.link.reception import Reception
from gensc.results.result import Result, Symbols
from gensc.system.weights import Weights

VOID = {"meta", "img", "br", "link", "input", "circle", "line", "polyline"}


def case(snr_db=5.0, *, received=True, channel="awgn", name="cat", text="a <b>cat</b>", ok=True):
    rng = np.random.default_rng(int(snr_db))
    original = rng.integers(0, 256, (32, 48, 3), dtype=np.uint8)
    symbols = Symbols(analog=1536, text=96, overhead=700)
    reception = Reception(
        name=name,
        original=original,
        image=original if received else None,
        channel=channel,
        snr_db=snr_db,
        symbols=symbols,
        seed=1,
        snr_measured_db=snr_db + 0.31 if received else None,
        constellation=np.ones(10 if received else 0, np.complex64),
        fragments=4,
        fragments_lost=0 if received else 4,
        text_sent=text,
        text=text if received else None,
        text_ok=ok and received,
        latency_ms={"encode": 12.0},
    )
    result = Result(
        image=name,
        shape=original.shape,
        scheme="softcast",
        channel=channel,
        via="flowgraph",
        symbols=symbols,
        metrics={"psnr": 27.125, "ssim": 0.812} if received else {},
    )
    return Case(reception, result)


def refined(made, *, gain_db=0.5, failed=False):
    """The same case behind a refiner that gains so much, or that failed."""
    reception, result = made.reception, made.result
    metrics = {"psnr": result.metrics["psnr"] + gain_db, "ssim": 0.9}
    if not failed:
        reception.refined = 255 - reception.original
    return Case(
        reception,
        result,
        replace(
            result,
            scheme="softcast+fine",
            refiner=Weights("fine", "cd" * 32),
            metrics={} if failed else metrics,
            reasons={"psnr": "the refinement failed"} if failed else {},
            latency_ms={"encode": 12.0, "refine": 400.0},
        ),
    )


def edited(made, fate="accepted", reason=None, gain_db=-0.25):
    """The same case behind an editor whose edit had that fate."""
    reception, result = made.reception, made.result
    changed = fate in ("accepted", "blended")
    reception.edited = 255 - reception.original if changed else reception.image
    reception.edit, reception.edit_reason = fate, reason
    metrics = {"psnr": result.metrics["psnr"] + gain_db, "ssim": 0.85}
    return replace(
        made,
        edited=replace(
            result,
            scheme="softcast+edit",
            metrics=metrics if changed else result.metrics,
            latency_ms={"encode": 12.0, "edit": 900.0},
            extra={"editor": "a <pipeline>", "edit": fate},
        ),
    )


class Tree(HTMLParser):
    """Checks that every tag that opens is closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.attributes = [], []

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page():
    return render([case(0.0), case(5.0), case(10.0, channel="fading")], "softcast", 32)


def test_page_is_well_formed(page):
    tree = Tree()
    tree.feed(page)
    assert tree.open == []


def test_page_refers_to_nothing_outside_itself(page):
    tree = Tree()
    tree.feed(page)
    links = [value for _, key, value in tree.attributes if key in ("src", "href")]
    assert links
    assert all(value.startswith("data:") for value in links)
    assert not re.search(r"url\(|@import", page)


def test_no_placeholder_is_left(page):
    assert "{{" not in page


def test_snr_asked_and_measured_quality_and_symbols_are_shown(page):
    for text in ("5 dB", "measured 5.3", "27.12 dB", "0.812 SSIM", "1536", "96", "700"):
        assert text in page


def test_each_case_shows_received_image_error_map_and_constellation(page):
    for kind in ("received at", "error map", "received analog symbols"):
        assert page.count(f'alt="{kind}') == 3


def test_captions_are_escaped(page):
    assert "<b>cat</b>" not in page
    assert "a &lt;b&gt;cat&lt;/b&gt;" in page


def test_page_serves_light_and_dark(page):
    assert "prefers-color-scheme: dark" in page


def test_lost_image_is_said_to_be_lost():
    page = render([case(0.0, received=False), case(5.0)], "softcast", 32)
    assert "nothing received" in page
    assert "0/4 bursts" in page


def test_damaged_caption_is_shown_as_damaged():
    assert "caption damaged" in render([case(0.0, ok=False)], "softcast", 32)


def test_report_is_written_to_a_folder_that_is_made(tmp_path):
    write_report(tmp_path / "out" / "report.html", [case()], "softcast", 32)
    assert (tmp_path / "out" / "report.html").read_text().startswith("<!doctype html>")


@pytest.fixture(scope="module")
def refined_page():
    cases = [case(0.0), case(5.0), case(15.0), case(5.0, channel="fading")]
    return render([refined(c) for c in cases], "softcast", 32)


def test_refined_pictures_are_shown_beside_the_received_ones(refined_page):
    tree = Tree()
    tree.feed(refined_page)
    assert tree.open == []
    assert refined_page.count('alt="received at') == refined_page.count('alt="refined at') == 4
    assert refined_page.count("<b>27.12 dB</b> PSNR · 0.812 SSIM") == 5
    assert refined_page.count("<b>27.62 dB</b> refined (+0.50) · 0.900 SSIM") == 4


def test_original_received_and_refined_stand_side_by_side_near_5_db(refined_page):
    assert "AWGN at 5 dB, side by side" in refined_page
    row = refined_page.split("side by side</h3>")[1].split("</h3>")[0]
    pictures = re.findall(r'alt="(original|received|refined)"', row)
    assert pictures == ["original", "received", "refined"]


def test_the_page_says_what_the_refiner_gained_and_took(refined_page):
    assert "<b>+0.50 dB</b><span>PSNR gained by the refiner" in refined_page
    assert "<b>0.40 s</b><span>of that refining" in refined_page
    assert "<b>0.41 s</b><span>image to image" in refined_page
    assert refined_page.count("stroke-dasharray") == 2
    assert "Weights fine, SHA-256 cdcdcdcdcdcdcdcd" in refined_page


def test_without_a_refiner_the_page_speaks_of_none(page):
    assert "refine" not in page.split("<main>")[1]
    assert "side by side" not in page


def test_a_failed_refinement_is_said_and_the_received_picture_stays():
    page = render([refined(case(5.0), failed=True), refined(case(0.0))], "softcast", 32)
    assert "the refinement failed" in page
    assert page.count('alt="received at') == 2
    assert page.count('alt="refined at') == 1


@pytest.fixture(scope="module")
def edited_page():
    cases = [
        edited(refined(case(5.0))),
        edited(refined(case(10.0)), "blended", "colours strayed"),
        edited(refined(case(15.0)), "rejected", "another <scene>"),
    ]
    return render(cases, "softcast", 32)


def test_edited_pictures_are_shown_beside_the_refined_ones(edited_page):
    tree = Tree()
    tree.feed(edited_page)
    assert tree.open == []
    assert edited_page.count('alt="refined at') == 3
    assert edited_page.count('alt="edited at') == 2
    assert edited_page.count("<b>26.88 dB</b> edited (-0.25) · 0.850 SSIM") == 2
    assert '--columns:4"' in edited_page
    titles = re.findall(r'alt="(original|received|refined|edited)"', edited_page)
    assert titles == ["original", "original", "received", "refined", "edited"]


def test_what_became_of_each_edit_is_said(edited_page):
    for fate in (
        'edit <span class="good">accepted</span>',
        'edit <span class="">blended</span>: colours strayed',
        'edit <span class="bad">rejected</span>: another &lt;scene&gt;',
    ):
        assert fate in edited_page
    assert "<b>2 / 3</b><span>edits shown" in edited_page
    assert "<b>0.90 s</b><span>per edit" in edited_page
    assert "<b>a &lt;pipeline&gt;</b> edits every picture" in edited_page


def test_an_editor_needs_no_refiner_to_be_shown():
    page = render([edited(case(5.0))], "softcast", 32)
    assert re.findall(r'alt="(original|received|edited)"', page) == [
        "original", "original", "received", "edited"
    ]  # fmt: skip
    assert "refiner" not in page.split("<main>")[1]


def test_without_an_editor_the_page_speaks_of_none(refined_page):
    assert "edit" not in refined_page.split("<main>")[1]


def test_a_picture_whose_every_edit_failed_has_no_row_side_by_side():
    page = render([edited(case(5.0), "failed", "no answer within 1 s")], "softcast", 32)
    assert "side by side" not in page
    assert "no answer within 1 s" in page


def test_the_foreground_of_a_scheme_that_knows_one_is_shown():
    made = case(5.0)
    made.reception.foreground = np.eye(2, 3, dtype=bool)
    page = render([made, case(0.0)], "gened", 32)
    assert 'alt="foreground at 5 dB"' in page
    assert "33% of the blocks" in page
    assert "foreground" not in render([case(5.0)], "softcast", 32)


def test_the_blocks_of_the_codec_are_drawn():
    page = render([case(5.0)], "gened", 32, (("router", "a"),), (("merger", "b"),))
    stages = re.findall(r"<li><b>(.*?)</b>", page)
    assert stages[:2] == ["photo", "router"]
    assert stages[-2:] == ["merger", "photo"]


@pytest.mark.parametrize(("snrs", "columns"), [(1, 3), (4, 4), (21, 6)])
def test_few_pictures_are_not_blown_up_and_many_are_not_squeezed(snrs, columns):
    page = render([case(float(snr_db)) for snr_db in range(snrs)], "softcast", 32)
    assert set(re.findall(r'--columns:(\d+)"', page)) == {str(columns)}


def test_whose_photos_they_are_and_what_was_done_to_them_is_said():
    sources = [Source("cat", "scaled down from 4000×3000"), Source("coffee", is_sample=True)]
    page = render([case(), case(name="coffee")], "softcast", 32, sources=sources)
    assert page.count("scaled down from 4000×3000") == 1
    assert "Photos: your own (cat), samples of scikit-image (coffee)." in page
    own = render([case()], "softcast", 32, sources=sources[:1])
    assert "scikit-image (" not in own
