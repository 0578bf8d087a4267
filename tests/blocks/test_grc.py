"""GRC definitions and flowgraphs: documented, compiled, run, and looked at."""

from __future__ import annotations

import dataclasses
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from gensc.data.images import fit, load_image
from gensc_models.metrics.fidelity import psnr
from gensc_models.semantics.captions import LayoutCaptioner
from gensc_phy.adaptation.rate_table import save_tables
from gensc_phy.coding.mcs import MCS_TABLE
from gnuradio import gensc
from gnuradio.gensc.image_files import image_paths, read_image
from pdu_blocks import free_address
from rate_tables import table
from small_hyperprior import photo, small_codec
from small_refiner import store

GUI_DRIVER = str(Path(__file__).parents[1] / "helpers" / "gui_driver.py")
FLOWGRAPHS = Path(__file__).parents[2] / "flowgraphs"
NAMES = ("loopback_awgn", "loopback_fading", "gsc_loopback", "gened_loopback",
         "gened_ofdm_fading", "adaptive_loop", "offline_tx", "offline_rx", "zmq_tx", "zmq_channel",
         "zmq_rx")  # fmt: skip
# The multi-user blocks have tests of their own.
BLOCKS = [path for path in sorted(gensc.grc_blocks_path().glob("*.block.yml"))
          if "mimo" not in path.name]  # fmt: skip
# What a flowgraph needs besides the blocks of this project; small and quick here.
SMALL = ("--model", "softcast", "--max-side", "128")


def definition(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def block_class(path):
    return getattr(gensc, path.name.removesuffix(".block.yml").removeprefix("gensc_"))


# ---------------------------------------------------------------- definitions


@pytest.mark.parametrize("name", ["bits", "text", "cie"])
def test_schemes_are_listed_by_the_names_they_have(name):
    path = gensc.grc_blocks_path() / f"gensc_{name}_encoder.block.yml"
    (parameter,) = (p for p in definition(path)["parameters"] if p["id"] == "mcs")
    listed = [MCS_TABLE[int(index)] for index in parameter["options"]]
    assert parameter["option_labels"] == [f"{mcs.index}: {mcs.name}" for mcs in listed]
    assert f"<= {MCS_TABLE[-1].index} }}" in path.read_text(encoding="utf-8")


def test_every_block_has_a_definition():
    defined = {path.name.removesuffix(".block.yml").removeprefix("gensc_") for path in BLOCKS}
    public = {name for name in gensc.__all__ if inspect.isclass(getattr(gensc, name))}
    blocks = {name for name in public if name.islower() and "mimo" not in name}
    assert defined == blocks | {"waveform"}


@pytest.mark.parametrize("path", BLOCKS, ids=lambda path: path.name)
def test_a_definition_is_complete(path):
    block = definition(path)
    assert block["id"] == path.name.removesuffix(".block.yml")
    assert block["category"] == "[gensc]"
    text = block["documentation"]
    assert len(text) > 80
    for parameter in block.get("parameters", []):
        if parameter["id"] in ("value", "gui_hint"):
            continue
        short = re.sub(r" \(.*\)", "", parameter["label"])
        assert short in text, f"{parameter['label']} is not documented"
        assert f"${{{parameter['id']}}}" in str(block["templates"])


@pytest.mark.parametrize(
    "path", [p for p in BLOCKS if p.name != "gensc_waveform.block.yml"], ids=lambda path: path.name
)
def test_a_definition_fits_its_block(path):
    block, made = definition(path), block_class(path)
    wanted = list(inspect.signature(made.__init__).parameters)[1:]
    given = [p["id"] for p in block.get("parameters", []) if p["id"] != "gui_hint"]
    assert given == wanted
    for callback in block["templates"].get("callbacks", []):
        assert callable(getattr(made, callback.split("(")[0]))
    # The block's own documentation tells the same ports.
    ports = [p["id"] for side in ("inputs", "outputs") for p in block.get(side, [])
             if p["domain"] == "message"]  # fmt: skip
    own = {c.__module__ for c in made.__mro__ if c.__module__.startswith("gnuradio.gensc.")}
    own -= {"gnuradio.gensc.message_ports"}
    source = "".join(inspect.getsource(sys.modules[module]) for module in own)
    assert all(f'"{port}"' in source for port in ports)


def test_the_waveform_variable_has_every_field_and_its_default():
    fields = {f.name: f.default for f in dataclasses.fields(gensc.WaveformConfig)}
    given = {
        p["id"]: p["default"]
        for p in definition(gensc.grc_blocks_path() / "gensc_waveform.block.yml")["parameters"]
        if p["id"] != "value"
    }
    assert list(given) == list(fields)
    for name, default in given.items():
        if name != "sample_rate":  # the flowgraph's own
            assert eval(default) == fields[name], name


# ---------------------------------------------------------------- flowgraphs


def test_every_flowgraph_comes_in_two_forms_and_compiles(compiled):
    files = {path.stem for path in FLOWGRAPHS.glob("*.grc")}
    assert files >= set(NAMES) | {f"{name}_headless" for name in NAMES}
    assert {path.stem for path in compiled.glob("*.py")} == files


def start(compiled, name, *arguments):
    return subprocess.Popen(
        [sys.executable, str(compiled / f"{name}_headless.py"), *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def finish(process, timeout_s=240):
    """Its output; it must have ended well and without a traceback."""
    try:
        output, _ = process.communicate(timeout=timeout_s)
    finally:
        process.kill()
    assert process.returncode == 0, output
    assert "Traceback" not in output
    return output


def images(folder):
    lines = [json.loads(line) for line in (folder / "images.jsonl").read_text().splitlines()]
    for line in lines:
        assert np.asarray(Image.open(folder / line["file"])).shape == tuple(line["shape"])
    return lines


@pytest.mark.parametrize("kind", ["awgn", "fading"])
def test_the_loopback_runs_to_completion(compiled, tmp_path, kind):
    output = finish(start(compiled, f"loopback_{kind}", *SMALL, "--image", "skimage:",
                          "--snr-db", 20, "--cfo-hz", -800, "--out", tmp_path))  # fmt: skip
    received = images(tmp_path)
    assert [line["image_id"] for line in received] == [0, 1, 2, 3], output
    if kind == "awgn":
        assert all(abs(line["snr_db"] - 20) < 1.5 for line in received)
        assert all(abs(line["cfo_hz"] + 800) < 30 for line in received)
        assert all(line["fragments_received"] == line["fragments"] for line in received)


@pytest.fixture(scope="module")
def refiner(tmp_path_factory):
    """Folder of a refiner's weights."""
    return str(store(tmp_path_factory.mktemp("weights")))


def test_the_gsc_loopback_keeps_received_and_refined_images_over_every_channel(
    compiled, tmp_path, refiner
):
    kinds = ("awgn", "rayleigh", "fading")
    processes = [
        start(compiled, "gsc_loopback", *SMALL, "--image", "skimage:", "--refine", refiner,
              "--channel", kind, "--snr-db", 15, "--out", tmp_path / kind)
        for kind in kinds
    ]  # fmt: skip
    for process in processes:
        finish(process)
    for kind in kinds:
        received, refined = (images(tmp_path / kind / part) for part in ("received", "refined"))
        assert [line["image_id"] for line in received] == [0, 1, 2, 3]
        assert [line["refiner"] for line in received] == [None] * 4
        assert [line["refiner"] for line in refined] == ["small-refiner"] * 4
        # Everything else that is known about an image is known about the refined one.
        assert [line | {"refiner": None} for line in refined] == received
        one, other = (
            np.asarray(Image.open(next((tmp_path / kind / part).glob("*-00000.png"))))
            for part in ("received", "refined")
        )
        assert not np.array_equal(one, other)
    levels = [images(tmp_path / kind / "received")[0]["snr_db"] for kind in kinds]
    assert abs(levels[0] - 15) < 1
    assert len({round(level, 2) for level in levels}) == 3


@pytest.mark.parametrize(
    ("name", "psnr_db"), [("gened_loopback", 22.0), ("gened_ofdm_fading", 20.0)]
)
def test_foreground_and_background_make_an_image_and_its_caption_comes_with_it(
    compiled, tmp_path, name, psnr_db
):
    """With the weights that are shipped."""
    pace = ("--interval-ms", 1000) if name == "gened_ofdm_fading" else ()
    output = finish(start(compiled, name, "--image", "skimage:", "--max-side", 128, "--snr-db", 20,
                          "--out", tmp_path, *pace))  # fmt: skip
    sent = [read_image(path, max_side=128) for path in image_paths("skimage:")]
    routed, masked, received, edited = (
        images(tmp_path / part) for part in ("score", "mask", "received", "edited")
    )
    assert [line["image_id"] for line in routed] == [0, 1, 2, 3]
    assert [line["image_id"] for line in received] == [0, 1, 2, 3], output
    assert [line["edit"] for line in received] == [None] * 4
    assert [line["edit"] for line in edited] == ["accepted"] * 4, output
    for part, lines in (("received", received), ("edited", edited)):
        for line in lines:
            image = np.asarray(Image.open(tmp_path / part / line["file"]))
            assert psnr(sent[line["image_id"]], image) > psnr_db, line
    # What is foreground stays as it is in the picture of the mask; the rest is dark.
    for line in masked:
        shown = np.asarray(Image.open(tmp_path / "mask" / line["file"]))
        bright = (shown == sent[line["image_id"]]).all(axis=-1)
        assert 0 < bright.mean() < 1
    captions = [LayoutCaptioner().caption(image) for image in sent]
    texts = sorted((tmp_path / "captions").glob("*.txt"))
    assert [text.read_text() for text in texts] == captions
    # The encoder is told the SNR: by hand, or by the receiver once there is one.
    told = [line["snr_db"] for line in routed]
    assert told[0] == (10 if pace else 20)
    assert abs(told[-1] - 20) < 5
    assert (len(set(told)) > 1) == bool(pace)


@pytest.fixture(scope="module")
def adaptive(tmp_path_factory):
    """Arguments that give the adaptive loop a small codec bank, a table and small photos."""
    folder = tmp_path_factory.mktemp("adaptive")
    small_codec().save_pretrained(folder / "small-bank")
    rows = table(budget_bits=60_000.0, t_max_s=0.05)
    save_tables([rows], folder / "tables.json")
    (folder / "photos").mkdir()
    for n in range(12):
        Image.fromarray(photo(96, 128)).save(folder / "photos" / f"{n:02}.png")
    named = {"image": "photos", "bank": "small-bank", "table": "tables.json"}
    paths = [f"--{option}={folder}/{name}" for option, name in named.items()]
    return [*paths, "--importance=information", "--inpaint=smooth"]


def test_the_adaptive_loop_follows_the_channel_it_walks_over(compiled, tmp_path, adaptive):
    output = finish(start(compiled, "adaptive_loop", *adaptive, "--interval-ms", 250,
                          "--walk-s", 20, "--fading-hz", 0, "--feedback-address", free_address(),
                          "--out", tmp_path))  # fmt: skip
    received, inpainted = (images(tmp_path / part) for part in ("received", "inpainted"))
    # A choice may be a step behind the channel on a machine that is.
    assert len(received) == len(inpainted) >= 8, output
    snrs = [line["snr_db"] for line in received]
    assert snrs[0] > snrs[-1] + 3
    # Until the first report the most robust scheme, then the channel's.
    rates = [line["rate"] for line in received]
    assert rates[0] == table().choices[0].mcs
    assert max(rates) >= 4


def test_a_recording_is_made_and_received_whole_and_cut_short(compiled, tmp_path):
    recording = tmp_path / "recording"
    finish(start(compiled, "offline_tx", *SMALL, "--image", "skimage:", "--recording", recording))
    cut = tmp_path / "cut"
    shutil.copy(f"{recording}.sigmf-meta", f"{cut}.sigmf-meta")
    data = Path(f"{recording}.sigmf-data").read_bytes()
    Path(f"{cut}.sigmf-data").write_bytes(data[: len(data) // 2 + 3])
    receive = ("--snr-db", 20)
    both = [
        start(compiled, "offline_rx", "--recording", path, "--out", tmp_path / out, *receive)
        for path, out in ((recording, "all"), (cut, "some"))
    ]
    finish(both[0])
    output = finish(both[1])
    assert [line["image_id"] for line in images(tmp_path / "all")] == [0, 1, 2, 3]
    assert 1 <= len(images(tmp_path / "some")) <= 3
    assert output.count("cut in the middle of a sample") == 1


def test_three_processes_make_a_link(compiled, tmp_path):
    first, second = free_address(), free_address()
    receiver = start(compiled, "zmq_rx", "--from-address", second, "--out", tmp_path,
                     "--idle-s", 2)  # fmt: skip
    channel = start(compiled, "zmq_channel", "--from-address", first, "--to", second,
                    "--snr-db", 20, "--idle-s", 2)  # fmt: skip
    sender = start(compiled, "zmq_tx", *SMALL, "--image", "skimage:", "--to", first)
    assert f"samples go to {first}" in finish(sender)
    said = finish(channel)
    for line in ("waiting for a peer", "samples arrive from", "ended: silence for 2 s"):
        assert line in said
    assert f"waiting for a peer that sends to {second}" in finish(receiver)
    received = images(tmp_path)
    assert [line["image_id"] for line in received] == [0, 1, 2, 3]
    assert all(line["fragments_received"] == line["fragments"] for line in received)


@pytest.mark.parametrize(
    ("name", "arguments", "line"),
    [
        ("loopback_awgn", ["--image", "/nowhere.png"], "gensc: /nowhere.png: no image there"),
        ("loopback_awgn", ["--model", "nobody"], "gensc: model 'nobody'"),
        ("gsc_loopback", ["--refine", "nobody"], "gensc: refiner 'nobody'"),
        ("gened_loopback", ["--model", "softcast"], "gensc: model 'softcast'"),
        ("gened_ofdm_fading", ["--edit", "nobody"], "gensc: editor 'nobody'"),
        ("adaptive_loop", ["--bank", "nobody"], "gensc: bank 'nobody'"),
        ("gsc_loopback", ["--channel", "rician"], "gensc: --channel 'rician': there are awgn, "),
        ("offline_rx", ["--recording", "/nowhere"], "gensc: /nowhere.sigmf-meta: no such file"),
    ],
)
def test_a_users_mistake_is_one_line_and_status_2(compiled, name, arguments, line):
    process = start(compiled, name, *arguments)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2, output
    assert output.count("\n") == 1
    assert output.startswith(line)


def test_every_window_opens_and_shows_an_image(compiled, tmp_path, refiner, adaptive, gened_model):
    """Under a virtual X server; offscreen, where there is none."""
    first, second = free_address(), free_address()
    # Every flowgraph repeats its photo, as fast as all of them together can.
    Image.fromarray(fit(load_image("skimage:astronaut"), 192, 192)).save(tmp_path / "photo.png")
    small = f"--model softcast --image {tmp_path}/photo.png"
    two_streams = f"--model {gened_model} --image {tmp_path}/photo.png --edit {refiner}"
    recording = tmp_path / "recording"
    finish(start(compiled, "offline_tx", *SMALL, "--recording", recording))
    groups = [
        [f"loopback_awgn:{small}", f"loopback_fading:{small}",
         f"offline_rx:--recording {recording}", f"gsc_loopback:{small} --refine {refiner}",
         f"adaptive_loop:{' '.join(adaptive)} --feedback-address {free_address()}"],
        [f"zmq_tx:{small} --to {first}", f"zmq_channel:--from-address {first} --to {second}",
         f"zmq_rx:--from-address {second}", f"offline_tx:{small} --recording {tmp_path}/again",
         f"gened_loopback:{two_streams}", f"gened_ofdm_fading:{two_streams}"],
    ]  # fmt: skip
    screen = ["xvfb-run", "-a", "-s", "-screen 0 1280x1024x24"] if shutil.which("xvfb-run") else []
    env = os.environ | {"XDG_RUNTIME_DIR": str(tmp_path), "OMP_NUM_THREADS": "1"}
    if not screen:
        env["QT_QPA_PLATFORM"] = "offscreen"

    def show(group):
        return subprocess.run(
            [*screen, sys.executable, GUI_DRIVER, str(compiled),
             *group],
            env=env, capture_output=True, text=True, timeout=600,
        )  # fmt: skip

    with ThreadPoolExecutor(2) as pool:
        for result in pool.map(show, groups):
            assert result.returncode == 0, result.stdout + result.stderr
            assert "Traceback" not in result.stderr
    for name in NAMES:
        picture = np.asarray(Image.open(compiled / f"{name}.png").convert("RGB"))
        assert picture.std() > 10, f"{name}: an empty window"
