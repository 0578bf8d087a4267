"""The results in the documentation come from the JSON of the benchmarks and from nowhere else."""

import importlib.util
import json
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "results_pages.py"

CHECK = {"name": "lead", "value": 1.25, "unit": "dB", "op": ">=", "target": 0.0, "reference": ""}
MACHINE = {"cpu": "A processor", "cores": 2}


def row(scheme, snr_db, psnr, failed=0, **others):
    base = {"via": "bursts", "design_snr_db": None, "channel": "awgn", "rate": 32, "photos": 8}
    return base | {"scheme": scheme, "snr_db": snr_db, "psnr": psnr, "failed": failed} | others


@pytest.fixture
def script(tmp_path, monkeypatch):
    """The script, working on a page and results of its own."""
    spec = importlib.util.spec_from_file_location("results_pages", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    rows = [
        row("jscc", 0, 22.0),
        row("jscc", 5, 24.5),
        row("jpeg", 0, 12.0, failed=8),
        row("jpeg", 5, 25.0),
        row("jpeg", 5, 1.0, via="flowgraph"),
    ]
    folder = tmp_path / "results" / "codec"
    folder.mkdir(parents=True)
    result = {"rows": rows, "checks": [CHECK], "machine": MACHINE, "seconds": 61.0}
    (folder / "codec.json").write_text(json.dumps(result))
    (tmp_path / "docs" / "results").mkdir(parents=True)
    (tmp_path / "docs" / "results" / "codec.md").write_text(
        "before\n<!-- results:codec -->\nold\n<!-- /results:codec -->\nafter\n"
        "<!-- results:link -->\nkept\n<!-- /results:link -->\n"
    )
    return module


def readme(script):
    script.main()
    return (script.ROOT / "docs" / "results" / "codec.md").read_text()


def test_tables_hold_the_figures_of_the_file(script):
    text = readme(script)
    assert "| jscc | 22.00 | 24.50 |" in text
    assert "| jpeg | 12.00 (8 lost) | 25.00 |" in text
    assert "| lead | 1.25 dB | ≥ 0 dB |" in text
    assert "A processor, 2 cores" in text
    assert "old" not in text


def test_text_around_and_blocks_without_a_file_stay(script):
    text = readme(script)
    assert text.startswith("before\n")
    assert "\nafter\n" in text
    assert "\nkept\n" in text


def test_writing_twice_changes_nothing(script):
    assert readme(script) == readme(script)


def test_the_link_table_sets_our_bursts_beside_the_stock_ones(script):
    detection = {"what": "detection", "channel": "awgn", "snr_db": 3.0, "stock_0.9": 0.0}
    rows = [
        detection | {"bursts": 1000, "ours": 1.0, "stock_0.4": 0.031},
        detection | {"bursts": 200, "ours": 0.5, "stock_0.4": 0.5},
    ]
    result = {"rows": rows, "checks": [CHECK], "machine": MACHINE, "seconds": 1.0}
    lines = list(script.render("link", result))
    assert "| awgn | 3 dB | 1000 | 100.0 % | 3.1 % | 0.0 % |" in lines
    assert not any("| 200 |" in line for line in lines)


def test_the_ldpc_tables_say_which_thresholds_were_measured_again(script):
    scheme = {"what": "scheme", "bits_per_symbol": 2.0, "share_of_capacity": 0.857}
    rows = [
        scheme | {"mcs": 39, "name": "16-QAM", "threshold_db": 6.06, "measured_db": 6.01},
        scheme | {"mcs": 40, "name": "64-QAM", "threshold_db": 6.44, "measured_db": None},
        {"what": "decoder", "name": "ours", "rule": "r", "ms_per_word": 0.1, "times_slower": 1.0},
    ]
    result = {"rows": rows, "checks": [CHECK], "machine": MACHINE, "seconds": 1.0}
    lines = list(script.render("ldpc", result))
    assert "| 39 | 16-QAM | 2.00 | 6.06 dB | 6.01 dB | 86 % |" in lines
    assert "| 40 | 64-QAM | 2.00 | 6.44 dB |  | 86 % |" in lines
    assert "| ours | r | 0.10 | 1 |" in lines


def gsc_result(rows):
    settings = {
        "cifar": "CIFAR-10, JPEG-stored copy",
        "ms_ssim": "CIFAR-10: MS-SSIM (2 of 5 scales); photos: MS-SSIM",
    }
    base = {"checks": [CHECK], "machine": MACHINE, "seconds": 1.0}
    return base | {"rows": rows, "settings": settings}


def test_the_gsc_tables_have_a_line_per_scheme_with_gsc_first(script):
    point = {"experiment": "cifar", "channel": "awgn", "rate": 128, "images": 2000}
    rows = [
        point | {"scheme": "softcast", "snr_db": 0, "psnr": 21.2, "ms_ssim": 0.8},
        point | {"scheme": "softcast", "snr_db": 15, "psnr": 33.2, "ms_ssim": 0.99},
        point | {"scheme": "gsc", "snr_db": 15, "psnr": 35.0, "ms_ssim": 0.995},
        point | {"scheme": "gsc", "snr_db": 0, "psnr": 24.0, "ms_ssim": 0.9},
    ]
    lines = list(script.render("gsc", gsc_result(rows)))
    assert "PSNR in dB, CIFAR-10, JPEG-stored copy, awgn, CBR 1/6, 2000 images:" in lines
    first = lines.index("| gsc | 24.00 | 35.00 |")
    assert lines[first + 1] == "| softcast | 21.20 | 33.20 |"
    assert "| gsc | 0.900 | 0.995 |" in lines
    assert any(line.startswith("MS-SSIM (2 of 5 scales), CIFAR-10") for line in lines)


def test_what_a_reader_can_do_without_is_folded(script):
    rows = [
        {"experiment": "cifar", "channel": channel, "rate": 128, "images": 9, "scheme": "gsc",
         "snr_db": 0, "psnr": 24.0, "ms_ssim": 0.9}
        for channel in ("awgn", "rayleigh")
    ]  # fmt: skip
    lines = list(script.render("gsc", gsc_result(rows)))
    opened, closed = (
        next(i for i, line in enumerate(lines) if line.startswith(tag))
        for tag in ("<details>", "</details>")
    )
    titles = [i for i, line in enumerate(lines) if "CIFAR-10, JPEG-stored copy" in line]
    assert [i < opened for i in titles] == [True, True, False, False]
    assert max(titles) < closed < lines.index("| measured | value | asked |")


def test_the_gsc_table_of_costs_sets_batch_beside_queue(script):
    cost = {"experiment": "complexity", "scheme": "gsc", "size": "32x32"}
    rows = [
        cost | {"part": "decoder", "parameters": 1_250_000, "macs": 43_000_000, "ms": 6.25},
        cost | {"part": "receiver", "users": 32, "way": "serial", "ms": 12.0},
        cost | {"part": "receiver", "users": 32, "way": "batched", "ms": 4.0},
    ]
    lines = list(script.render("gsc", gsc_result(rows)))
    assert "| decoder | 1.25 M | 43.0 M | 6.2 |" in lines
    assert "| receiver, 32 users one after another | | | 12.0 |" in lines
    assert "| receiver, 32 users in one batch | | | 4.0 |" in lines


def test_the_cie_block_tells_each_account_apart(script):
    def choice(scheme, transport, gvif):
        return {"experiment": "adaptation", "scheme": scheme, "transport": transport,
                "t_max_ms": 20.0, "snr_db": -2.0, "point": 9, "alpha": 0.4, "mask_psnr_db": 31.0,
                "gvif_within_limits": gvif}  # fmt: skip

    rows = [
        {"experiment": "rate-distortion", "scheme": "hyperprior", "level": 7, "bpp": 0.5,
         "psnr": 32.0},
        {"experiment": "rate-distortion", "scheme": "jpeg2000", "level": 7, "bpp": 0.5,
         "psnr": 31.5},
        {"experiment": "codec time", "size": "256x256", "threads": 1, "encode_ms": 40.4,
         "decode_ms": 50.0},
        choice("cie", "capacity", 0.25),
        choice("codec without filtering", "capacity", 0.0),
        choice("cie", "burst", 0.125),
        choice("codec without filtering", "burst", 0.0),
        {"experiment": "link", "scheme": "cie", "t_max_ms": 60.0, "snr_db": 5.0, "images": 3,
         "delivered": 100.0, "mask_psnr": 33.0},
        {"experiment": "link", "scheme": "jpeg2000", "t_max_ms": 60.0, "snr_db": 5.0, "images": 3,
         "delivered": 66.7, "mask_psnr": 20.0},
        {"experiment": "distance", "metric": "m", "scheme": "GVIF-CIE", "images": 2, "alpha": 0.5,
         "distance": 1.5},
        {"experiment": "distance", "metric": "m", "scheme": "text only", "images": 2,
         "alpha": None, "distance": 9.0},
        {"experiment": "loop", "transport": "burst"},
    ]  # fmt: skip
    text = "\n".join(script.render("cie", {"rows": rows, "checks": [CHECK], "machine": MACHINE,
                                           "seconds": 5.0}))  # fmt: skip
    assert "| 7 | 0.500 | 32.00 dB | 31.50 dB |" in text
    assert "| 256x256, threads: 1 | 40 ms | 50 ms |" in text
    assert "T_max 20 ms, 1 MHz, capacity, Eq. 8:" in text
    assert "| -2 dB | 9 | 0.40 | 31.0 dB | 0.250 | 0.000 |" in text
    assert "T_max 20 ms, 1 MHz, burst waveform:" in text
    assert "| jpeg2000 | 20.0 (67 %) |" in text
    assert "| GVIF-CIE | 1.500 |" in text
    assert "| text only | 9.000 |" in text


def test_the_capacity_block_has_the_model_beside_the_service_and_many_users(script):
    held = {"part": "held against", "case": "32×32, 3 users", "p50_ms": 5.0, "p95_ms": 9.0,
            "batch": 2.5, "others": 0.1}  # fmt: skip
    load = {"users": 1000, "fronts": 1, "replicas": 4, "images_per_s": 16.6, "of_asked": 0.996,
            "p50_ms": 60.0, "p99_ms": 250.0, "front_busy": 0.04, "replicas_busy": 0.2,
            "fairness": 0.9991, "images_per_s_a_replica": 4.15}  # fmt: skip
    rows = [
        {"part": "stages", "side": 256, "stage": "pass", "images": 2, "ms": 94.4},
        {"part": "replica", "rss_mib": 300.4, "start_s": 4.25},
        held | {"how": "service", "images_per_s": 200.0},
        held | {"how": "model", "images_per_s": 210.0, "images_per_s_error": 5.0},
        load | {"part": "on paper"},
        load | {"part": "floods", "p99_ms": 1250.0},
    ]
    result = {"rows": rows, "checks": [CHECK], "machine": MACHINE, "seconds": 1.0}
    lines = list(script.render("capacity", result))
    assert "| 256×256, pass | 2 | 94.40 |" in lines
    assert "A replica takes 300 MiB and 4.2 s to start." in lines
    assert "| 32×32, 3 users | model | 210.0 (+5.0 %) | 5 ms | 9 ms | 2.5 | 0.10 |" in lines
    waits = ("0.06 s | 0.25 s", "0.06 s | 1.25 s")
    for wait in waits:
        line = f"| 1000 | 1 | 4 | 17 | 100 % | {wait} | 4 % | 20 % | 0.999 | 4.2 |"
        assert line in lines


def gened_row(scheme, snr_db, foreground_psnr, **others):
    base = {"experiment": "quality", "via": "torch", "dataset": "set", "channel": "awgn",
            "rate": 32, "images": 3, "lost": 0, "psnr": 20.0, "brisque": None, "ms_ssim": None,
            "lpips": None, "clip_score": None}  # fmt: skip
    return base | {"scheme": scheme, "snr_db": snr_db, "foreground_psnr": foreground_psnr} | others


def test_the_gened_block_has_both_ways_ablations_counts_and_times(script):
    rows = [
        *(gened_row("gened", s, 25.0 + s) for s in (0, 5)),
        gened_row("swinjscc", 0, 24.0),
        gened_row("full", 0, 26.0),
        gened_row("full", 5, 27.0),
        *(gened_row("gened", s, 22.0 + s, via="flowgraph", lost=s // 5) for s in (0, 5)),
        gened_row("gened", 4, 30.0, rate=128),
        gened_row("full", 4.0, 26.5, experiment="ablation", table="I", steps=800, mask_iou=0.5),
        {"experiment": "importance", "name": "learned", "f_measure": 0.6, "iou": 0.5, "mae": 0.1,
         "images": 9},
        {"experiment": "counts", "image": "mean", "size": "256x256", "foreground": 4000.4,
         "background": 3000.0, "side": 500.0, "mask_bits": 150.0, "text": 600.0,
         "text_bytes": 140.0, "total": 8192.0},
        {"experiment": "speed", "scheme": "gened", "size": "256x256", "threads": 2,
         "precision": "float32", "encode_ms": 100.4, "decode_ms": 90.0},
    ]  # fmt: skip
    text = "\n".join(script.render("gened", {"rows": rows, "checks": [CHECK], "machine": MACHINE,
                                             "seconds": 5.0}))  # fmt: skip
    assert "PSNR of the foreground in dB, awgn, CBR 1/24, 3 photos of set:" in text
    assert "| gened | 25.00 | 30.00 |" in text
    assert "| swinjscc | 24.00 | – |" in text
    assert "| gened | 22.00 | 27.00 (1 lost) |" in text
    assert "CBR 1/6" not in text, "a single SNR is no curve"
    assert "| full | 26.00 |" not in text, "variants have a table of their own"
    assert "Table I, 4 dB, AWGN, CBR 1/24:" in text
    assert "| full | 26.50 | 20.00 | – | – | 0.500 | 800 |" in text
    assert "| learned | 0.600 | 0.500 | 0.100 |" in text
    assert "| 256x256 | 4000 | 3000 | 500 | 150 | 600 | 140 | 8192 |" in text
    assert "| gened | float32 | 100 ms | 90 ms |" in text
    assert "BRISQUE, lower" not in text


def test_the_page_about_speed_has_the_checks_about_speed_and_their_commands(script):
    speed = CHECK | {"name": "receiver, noise alone", "value": 33.2, "unit": "Msps"}
    for name in ("radio", "link", "ldpc", "serve", "gsc", "cie"):
        folder = script.ROOT / "results" / name
        folder.mkdir(exist_ok=True)
        result = {"rows": [], "checks": [CHECK, speed], "machine": MACHINE, "seconds": 1.0}
        (folder / f"{name}.json").write_text(json.dumps(result))
    page = script.ROOT / "docs" / "performance.md"
    page.write_text("before\n<!-- speeds -->\n<!-- /speeds -->\nafter\n")
    script.main()
    text = page.read_text()
    told = "| receiver, noise alone | 33.2 Msps | `gensc bench radio` | A processor, 2 cores |"
    assert told in text
    assert "lead" not in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")
