"""The report holds everything itself and says what was asked for, measured and received."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from gensc_host.reception import Reception
from gensc_host.report import Case, render, write_report
from gensc_host.results import Result, Symbols

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
