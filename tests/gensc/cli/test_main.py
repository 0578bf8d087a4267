"""The `gensc` command: what it lists, what it prints, and how it says no."""

import io
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import signals
from gensc.cli.main import run
from gensc.data.images import fit, load_image
from small_refiner import store

COMMANDS = (
    "demo",
    "send",
    "receive",
    "compare",
    "bench",
    "train",
    "models",
    "adapt",
    "grc",
    "grcc",
    "archive",
    "doctor",
    "keys",
)


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(fit(load_image("skimage:chelsea"), 64, 96)).save(path)
    return str(path)


@pytest.fixture
def refused(capsys):
    """Runs a command line that must end with status 2 and one line on stderr; gives the line."""

    def call(*argv):
        status = run(list(map(str, argv)))
        captured = capsys.readouterr()
        assert status == 2, captured
        lines = captured.err.strip().splitlines()
        assert len(lines) == 1
        assert lines[0].startswith("gensc: ")
        assert "Traceback" not in captured.err
        return lines[0]

    return call


def test_help_lists_every_command(capsys):
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    for command in COMMANDS:
        assert f" {command} " in text


@pytest.mark.parametrize(
    "argv", [[c] for c in COMMANDS] + [["bench", "codec"], ["bench", "link"], ["train", "jscc"]],
    ids=" ".join,
)  # fmt: skip
def test_every_command_explains_itself(capsys, argv):
    assert run([*argv, "--help"]) == 0
    assert "Usage: gensc" in capsys.readouterr().out


def test_nothing_asked_for_shows_the_help(capsys):
    assert run([]) == 0
    assert "Usage: gensc" in capsys.readouterr().out


def test_help_comes_without_torch_and_gnuradio():
    code = (
        "import sys; from gensc.cli.main import run; run(['--help'])\n"
        "sys.exit('torch' in sys.modules or 'gnuradio' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


# ---------------------------------------------------------------- mistakes: one line, status 2


@pytest.mark.parametrize("command", [["send", "--to", "x"], ["compare"], ["demo"]], ids=" ".join)
def test_no_such_file(refused, command, tmp_path):
    line = refused(*command, tmp_path / "nowhere.jpg")
    assert line.endswith("nowhere.jpg: no such file")


@pytest.mark.parametrize("command", [["send", "--to", "x"], ["compare"], ["demo"]], ids=" ".join)
def test_not_an_image(refused, command, tmp_path):
    (tmp_path / "a.png").write_text("<html>")
    assert "not an image" in refused(*command, tmp_path / "a.png")


def test_single_pixel(refused, tmp_path):
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    assert "1x1 is too small" in refused("send", tmp_path / "dot.png", "--to", tmp_path / "x")


def test_twelve_thousand_by_nine_thousand(refused, tmp_path):
    Image.new("1", (12000, 9000)).save(tmp_path / "wall.png")
    line = refused("send", tmp_path / "wall.png", "--to", tmp_path / "x")
    assert "12000x9000" in line
    assert "--max-side" in line


def test_twelve_thousand_by_nine_thousand_passes_scaled_down(tmp_path, capsys):
    Image.new("1", (12000, 9000)).save(tmp_path / "wall.png")
    argv = ["send", str(tmp_path / "wall.png"), "--to", str(tmp_path / "x"), "--max-side", "256"]
    assert run([*argv, "--model", "softcast"]) == 0
    assert "sent 1 image" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["alpha", "16 bit"])
def test_alpha_and_16_bit_images_are_sent(tmp_path, capsys, kind):
    rng = np.random.default_rng(0)
    if kind == "alpha":
        pixels = rng.integers(0, 256, (32, 32, 4)).astype(np.uint8)
    else:
        pixels = rng.integers(0, 65536, (32, 32)).astype(np.uint16)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    argv = ["send", str(tmp_path / "a.png"), "--to", str(tmp_path / "x"), "--model", "softcast"]
    assert run(argv) == 0


@pytest.mark.parametrize(
    "command",
    [["send", "skimage:coffee", "--to", "x"], ["compare", "skimage:coffee"], ["demo"],
     ["receive", "--from", "tcp://127.0.0.1:1"], ["bench", "codec", "--quick"]],
    ids=lambda c: c[0],
)  # fmt: skip
def test_unknown_model(refused, command):
    line = refused(*command, "--model", "nowhere")
    assert "'nowhere'" in line
    assert "softcast" in line


def test_damaged_weights(refused, tmp_path):
    from gensc_models import available

    (path,) = (info.path for info in available() if info.name == "softcast")
    folder = shutil.copytree(path, tmp_path / "broken")
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    assert "damaged" in refused("compare", "skimage:coffee", "--model", folder)


def test_recording_without_a_burst(refused, tmp_path, photo):
    capture = tmp_path / "capture"
    assert run(["send", photo, "--to", str(capture), "--model", "softcast"]) == 0
    capture.with_suffix(".sigmf-data").write_bytes(bytes(80_000))
    # The line about the altered file is GNU Radio's log; the verdict is ours.
    status = subprocess.run(
        [sys.executable, "-m", "gensc.cli.main", "receive", "--from", str(capture),
         "--out", str(tmp_path / "out")], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert status.returncode == 2
    assert "no image in 10000 samples" in status.stderr
    assert "Traceback" not in status.stderr


def test_recording_cut_short_still_gives_its_images(tmp_path, photo, capsys):
    capture = tmp_path / "capture"
    run(["send", photo, photo, "--to", str(capture), "--model", "softcast"])
    data = capture.with_suffix(".sigmf-data")
    data.write_bytes(data.read_bytes()[: data.stat().st_size * 6 // 10 + 1])
    capsys.readouterr()
    assert run(["receive", "--from", str(capture), "--out", str(tmp_path / "out"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["images"] >= 1


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["compare", "--snr", "loud"], "--snr"),
        (["compare", "--snr", "200"], "--snr"),
        (["compare", "--rate", "500"], "--rate"),
        (["compare", "--channel", "rician"], "rician"),
        (["compare", "--metrics", "all"], "--metrics"),
        (["demo", "--channel", "rician"], "rician"),
        (["demo", "--rate", "0"], "--rate"),
        (["demo", "--model", "deepjscc-cifar"], "no other, not 32: --rate 128"),
        (["send", "skimage:coffee", "--to", "/proc/x", "--model", "deepjscc-cifar"], "--rate 128"),
        (["demo", "--refine", "nobody"], "--refine nobody: no weights called 'nobody'"),
        (["demo", "--edit", "nobody"], "--edit nobody: no weights called 'nobody'"),
        (["compare", "--scheme", "softcast+softcast"], "--scheme softcast+softcast: "),
        (["send", "skimage:coffee"], "--to"),
        (["send", "skimage:coffee", "--to", "a", "--sdr", "uhd"], "--sdr"),
        (["send", "skimage:coffee", "--sdr", "lime"], "lime"),
        (["send", "skimage:coffee", "--to", "tcp://nowhere:x"], "tcp://nowhere:x"),
        (["receive", "--from", "nowhere"], "nowhere"),
        (["grcc", "nowhere.grc"], "nowhere.grc"),
        (["models", "nowhere"], "nowhere"),
        (["train", "jscc", "--data", "nowhere", "--out", "x"], "nowhere"),
        (["bench", "codec", "--images", "nowhere.jpg"], "nowhere.jpg"),
        (["demo", "--rate", "many"], "--rate"),
        (["frobnicate"], "frobnicate"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "",
)
def test_mistakes_on_the_command_line_are_named(refused, argv, named):
    assert named in refused(*argv)


# ---------------------------------------------------------------- what the commands do


def test_demo_leaves_a_report_and_results(tmp_path, photo, capsys):
    argv = ["demo", photo, "--snr", "5,15", "--channel", "awgn,fading", "--model", "softcast"]
    assert run([*argv, "--refine", "none", "--out", str(tmp_path / "out")]) == 0
    *_, report, live = capsys.readouterr().out.splitlines()
    assert str(tmp_path / "out" / "report.html") in report
    assert "gensc demo --live" in live
    results = [json.loads(x) for x in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    assert [(r["channel"], r["snr_db"]) for r in results] == [
        ("awgn", 5), ("awgn", 15), ("fading", 5), ("fading", 15)
    ]  # fmt: skip
    assert all(r["via"] == "flowgraph" for r in results)
    assert "<!doctype html>" in (tmp_path / "out" / "report.html").read_text()


def test_demo_keeps_the_shape_of_photos_and_says_what_it_changed(tmp_path, capsys):
    for folder, size in (("a", (96, 40)), ("b", (40, 96))):
        (tmp_path / folder).mkdir()
        Image.new("RGB", size, "grey").save(tmp_path / folder / "photo.png")
    (tmp_path / "a" / "broken.png").write_text("<html>")
    argv = ["demo", str(tmp_path), "--snr", "5", "--channel", "awgn", "--model", "softcast"]
    out = tmp_path / "out"
    assert run([*argv, "--refine", "none", "--max-side", "64", "--out", str(out)]) == 0
    said = capsys.readouterr().err
    assert "broken.png: not an image" in said
    assert "a/photo: scaled down from 96×40" in said
    lines = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert {line["image"]: line["shape"][:2] for line in lines} == {
        "a/photo": [27, 64],
        "b/photo": [64, 27],
    }


def test_demo_refines_and_shows_both(tmp_path, photo):
    argv = ["demo", photo, "--snr", "5", "--channel", "awgn", "--model", "softcast"]
    assert run([*argv, "--refine", str(store(tmp_path)), "--out", str(tmp_path / "out")]) == 0
    results = [json.loads(x) for x in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    assert [r["scheme"] for r in results] == ["softcast", "softcast+small-refiner"]
    assert results[0]["psnr"] != results[1]["psnr"]
    assert "AWGN at 5 dB, side by side" in (tmp_path / "out" / "report.html").read_text()


def test_demo_edits_and_says_what_became_of_the_edit(tmp_path, photo):
    argv = ["demo", photo, "--snr", "5", "--channel", "awgn", "--model", "softcast"]
    argv += ["--refine", "none", "--edit", str(store(tmp_path)), "--edit-limit", "100"]
    assert run([*argv, "--out", str(tmp_path / "out")]) == 0
    results = [json.loads(x) for x in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    assert [r["scheme"] for r in results] == ["softcast", "softcast+edit"]
    fate = results[1]["extra"]["edit"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert f">{fate}</span>" in page
    assert "<b>small-refiner</b> edits every picture" in page


def test_ctrl_c_ends_the_demo_and_keeps_what_is_done(tmp_path, photo):
    command = [sys.executable, "-m", "gensc.cli.main", "demo", photo, "--model", "softcast",
               "--snr", "0:60:0.1", "--out", str(tmp_path)]  # fmt: skip
    demo = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, preexec_fn=signals.heed_ctrl_c
    )
    results, deadline = tmp_path / "results.jsonl", time.monotonic() + 60
    while not (results.exists() and results.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    demo.send_signal(signal.SIGINT)
    try:
        _, stderr = demo.communicate(timeout=120)
    finally:
        demo.kill()
    assert demo.returncode == 130
    assert stderr.splitlines()[-1] == "gensc: stopped"
    assert all(json.loads(line)["received"] for line in results.read_text().splitlines())


def test_compare_prints_a_line_of_json_per_point(photo, capsys):
    argv = ["compare", photo, "--snr", "0:10:5", "--rate", "16,32", "--model", "softcast"]
    assert run([*argv, "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == 6
    assert {r["csi"] for r in rows} == {"perfect"}


def test_models_lists_name_size_and_sha256(capsys):
    assert run(["models", "--json"]) == 0
    listed = {m["name"]: m for m in json.loads(capsys.readouterr().out)}
    assert len(listed["softcast"]["sha256"]) == 64
    assert run(["models"]) == 0
    assert listed["softcast"]["sha256"][:16] in capsys.readouterr().out


def test_doctor_prints_a_line_per_check_and_one_json_object(capsys):
    assert run(["doctor"]) == 0
    text = capsys.readouterr().out
    assert all(line.split()[0] in ("ok", "missing", "optional") for line in text.splitlines())
    assert run(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is True
    assert {"GNU Radio", "block path", "torch", "weights"} <= {c["name"] for c in report["checks"]}


def test_bench_ends_with_one_json_object(capsys, tmp_path, monkeypatch):
    from gensc.bench import codec
    from gensc.experiment.base import BenchResult, Check

    done = BenchResult("codec", rows=[{"a": 1}], checks=[Check("x", 0.0, "", ">=", 1.0)])
    monkeypatch.setattr(codec, "run", lambda *arguments: done)
    argv = ["bench", "codec", "--json", "--results", str(tmp_path / "r")]
    assert run(argv) == 0, "a benchmark measures, it does not judge"
    obj = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (obj["bench"], obj["rows"], obj["quick"]) == ("codec", [{"a": 1}], False)
    assert json.loads((tmp_path / "r" / "codec.json").read_text()) == obj


FLOWGRAPHS = Path(__file__).parents[3] / "flowgraphs"


def test_grcc_compiles_and_runs_with_options_and_without_a_home(tmp_path, photo, monkeypatch):
    monkeypatch.setenv("HOME", "/proc/nowhere")
    flowgraph = FLOWGRAPHS / "loopback_awgn_headless.grc"
    argv = ["grcc", "-r", str(flowgraph), "-o", str(tmp_path / "programs"), "--"]
    told = ["--image", photo, "--model", "softcast", "--snr-db", "31", "--out", str(tmp_path)]
    assert run([*argv, *told]) == 0
    (program,) = (tmp_path / "programs").glob("*.py")
    assert "gensc.burst_rx" in program.read_text()
    (line,) = (tmp_path / "images.jsonl").read_text().splitlines()
    assert abs(json.loads(line)["snr_db"] - 31) < 2


def test_options_for_a_program_that_is_not_run_are_refused(refused):
    flowgraph = FLOWGRAPHS / "loopback_awgn_headless.grc"
    assert "add -r" in refused("grcc", flowgraph, "--", "--snr-db", "5")


def test_a_file_that_is_no_flowgraph_is_called_so(refused, tmp_path):
    (tmp_path / "a.grc").write_text("[1, 2]")
    assert "not a flowgraph" in refused("grcc", "-r", tmp_path / "a.grc")


@pytest.mark.parametrize(
    "argv", [["grc"], ["grcc", "-r", str(FLOWGRAPHS / "loopback_awgn.grc")]], ids=lambda a: a[0]
)
def test_a_display_that_does_not_answer_is_named(refused, monkeypatch, argv):
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":7777")
    assert "':7777' does not answer" in refused(*argv)


@pytest.mark.parametrize(
    "argv",
    [
        ["demo"],
        ["receive", "--from", "tcp://127.0.0.1:1"],
        ["compare", "skimage:coffee", "--model", "softcast"],
        ["adapt"],
    ],
    ids=lambda a: a[0],
)
def test_a_folder_that_cannot_be_written_to_is_named(refused, tmp_path, argv):
    (tmp_path / "taken").write_text("a file")
    assert f"--out {tmp_path}/taken/x: " in refused(*argv, "--out", tmp_path / "taken" / "x")


def test_a_file_of_someone_else_is_one_line(refused, tmp_path):
    # A folder stands where the file would: root may write to any file.
    (tmp_path / "results.jsonl").mkdir()
    assert "results.jsonl: Is a directory" in refused("demo", "--out", tmp_path)


def test_grc_without_a_display_says_so(refused, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert "display" in refused("grc")


def test_the_version_is_said(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("gensc ")


def test_a_terminal_that_cannot_show_a_sign_gets_another(monkeypatch):
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert run(["models"]) == 0
    assert run(["demo", "--help"]) == 0
