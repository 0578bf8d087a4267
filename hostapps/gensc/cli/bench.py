"""`gensc bench NAME`: measure, print, and leave JSON and plots."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from gensc.cli import options
from gensc.experiment.base import BenchResult
from gensc.system import terminal
from gensc.system.errors import UserError
from gensc.system.folders import writable_folder
from gensc.system.plain import json_text

Quick = Annotated[bool, typer.Option("--quick", help="A fraction of the work, under 60 s.")]
Json = Annotated[bool, typer.Option("--json", help="End with one JSON object on stdout.")]
Results = Annotated[
    Path | None,
    typer.Option(help="Folder for JSON and plots (default results/NAME; out/NAME with --quick)."),
]
Images = Annotated[
    list[str] | None,
    typer.Option(help="Photos: files, folders or globs (default: scikit-image's photos)."),
]
Limit = Annotated[int, typer.Option(min=0, help="At most so many photos; 0: all.")]
Cifar = Annotated[
    Path | None,
    typer.Option(help="CIFAR-10: folder of the official binary files, or a pack of JPEG files."),
]
CifarLimit = Annotated[
    int, typer.Option(min=0, help="So many test images of CIFAR-10; 0: 2000 (100 with --quick).")
]


def register(app: typer.Typer) -> None:
    """Add the group `bench` with one command per benchmark."""
    group = typer.Typer(no_args_is_help=True, help="Run a benchmark and keep its figures.")
    group.command("link")(link)
    group.command("radio")(radio)
    group.command("ldpc")(ldpc)
    group.command("codec")(codec)
    group.command("fidelity")(fidelity)
    group.command("mimo")(mimo)
    group.command("serve")(serve)
    group.command("transmitter")(transmitter)
    group.command("capacity")(capacity)
    group.command("robust")(robust)
    group.command("gsc")(gsc)
    group.command("cie")(cie)
    group.command("gened")(gened)
    group.command("soak")(soak)
    group.command("latency")(latency)
    app.add_typer(group, name="bench")


def link(quick: Quick = False, as_json: Json = False, results: Results = None) -> None:
    """The waveform: detection, EVM, SNR estimate and speed, beside stock GNU Radio OFDM."""
    from gensc.bench.link import run

    finish(lambda: run(quick), quick, as_json, results)


def radio(
    only: Annotated[
        str, typer.Option(help="Only the cases with this in their name; or load, or stream.")
    ] = "",
    quick: Quick = False,
    as_json: Json = False,
    results: Results = None,
) -> None:
    """The receiver under real oscillators, moving channels, interference and lost samples."""
    from gensc.bench.radio.run import run

    finish(lambda: run(quick, only), quick, as_json, results)


def ldpc(quick: Quick = False, as_json: Json = False, results: Results = None) -> None:
    """The digital chain: thresholds and share of the capacity, decoders beside other people's."""
    from gensc.bench.ldpc.run import run

    finish(lambda: run(quick), quick, as_json, results)


def codec(
    images: Images = None,
    model: options.Model = "",
    limit: Limit = 0,
    quick: Quick = False,
    as_json: Json = False,
    results: Results = None,
) -> None:
    """The codec against JPEG + LDPC + QAM and SoftCast, at the same count of channel symbols."""
    from gensc.bench.codec import run

    finish(lambda: run(quick, images, model, limit), quick, as_json, results)


def fidelity(
    images: Images = None,
    model: options.Model = "",
    limit: Limit = 0,
    quick: Quick = False,
    as_json: Json = False,
    results: Results = None,
) -> None:
    """The flowgraph against the torch-only channel, and what lost bursts cost."""
    from gensc.bench.fidelity import run

    finish(lambda: run(quick, images, model, limit), quick, as_json, results)


def mimo(
    model: options.Model = "", quick: Quick = False, as_json: Json = False, results: Results = None
) -> None:
    """Three users and three antennas: ZF and MMSE in torch, in NumPy and through GNU Radio."""
    from gensc.bench.mimo import run

    finish(lambda: run(quick, model), quick, as_json, results)


def serve(
    model: options.Model = "",
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Two local Ray nodes against one process instead.")
    ] = False,
    quick: Quick = False,
    as_json: Json = False,
    results: Results = None,
) -> None:
    """The receiver service against a plain loop; exactly once under killed workers."""
    if cluster:
        from gensc.bench.cluster import run
    else:
        from gensc.bench.serve.run import run

    finish(lambda: run(quick, model), quick, as_json, results)


def capacity(
    model: options.Model = "", quick: Quick = False, as_json: Json = False, results: Results = None
) -> None:
    """The receiver service on paper, held against the real one, then for 10^5 users."""
    from gensc.trials.capacity.run import run

    finish(lambda: run(quick, model), quick, as_json, results)


def transmitter(
    only: Annotated[str, typer.Option(help="Only kills, or adaptation.")] = "",
    count: Annotated[
        int, typer.Option(min=0, help="Kills, or images of the walk; 0: as planned.")
    ] = 0,
    quick: Quick = False,
    as_json: Json = False,
    results: Results = None,
) -> None:
    """The transmitter service: kill -9 under load, and adaptation beside an oracle."""
    from gensc.trials.transmitter.run import run

    if only not in ("", "kills", "adaptation"):
        raise UserError(f"--only {only!r}: there are kills and adaptation")
    finish(lambda: run(quick, only, count), quick, as_json, results)


def robust(
    only: Annotated[str, typer.Option(help="archive, messages or recordings alone.")] = "",
    quick: Quick = False,
    as_json: Json = False,
    results: Results = None,
) -> None:
    """Killed writers of the archive, hostile messages at every port, damaged recordings."""
    from gensc.trials.robust.run import run

    finish(lambda: run(quick, only), quick, as_json, results)


def gsc(
    cifar: Cifar = None,
    images: Images = None,
    limit: CifarLimit = 0,
    quick: Quick = False,
    as_json: Json = False,
    results: Results = None,
) -> None:
    """GSC and MU-GSC against NGF, DeepJSCC and JPEG + LDPC + QAM: the paper's figures and table."""
    from gensc.bench.gsc.run import run

    finish(lambda: run(quick, cifar, images, limit), quick, as_json, results)


def cie(
    images: Images = None,
    model: options.Model = "",
    limit: Limit = 0,
    importance: Annotated[
        str, typer.Option(help="What matters in an image, as `gensc adapt` takes it.")
    ] = "",
    inpainter: Annotated[
        str,
        typer.Option(help="Fills in: weights, mean, smooth, biharmonic, diffusers:NAME or none."),
    ] = "",
    text_to_image: Annotated[
        str, typer.Option(help="Diffusers pipeline of the baseline that sends text alone.")
    ] = "",
    quick: Quick = False,
    as_json: Json = False,
    results: Results = None,
) -> None:
    """GVIF-CIE against JPEG 2000, the codec without filtering, and text alone: all figures."""
    from gensc.bench.cie.run import run

    finish(
        lambda: run(quick, images, model, limit, importance, inpainter, text_to_image),
        quick,
        as_json,
        results,
    )


def gened(
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            help="duts:PATH, voc:PATH, PATH (folder or glob) or PATH+MASKS; a second one is "
            "Figure 7's (default: scikit-image's photos)."
        ),
    ] = None,
    images: Images = None,
    model: options.Model = "",
    limit: Limit = 0,
    ablations: Annotated[
        Path | None,
        typer.Option(help="Folder of the variants' weights: full, single-branch, swin-both …"),
    ] = None,
    edit: Annotated[
        str, typer.Option(help="Editor behind the receiver, as --edit of gensc receive takes it.")
    ] = "",
    generator: Annotated[
        str,
        typer.Option(help="Of the generative baselines: diffusers:NAME[,steps=…] or sgdjscc:DIR."),
    ] = "",
    quick: Quick = False,
    as_json: Json = False,
    results: Results = None,
) -> None:
    """GenED-SC against SwinJSCC, its single branch and others: the paper's figures and tables."""
    from gensc.bench.gened.run import run

    finish(
        lambda: run(quick, dataset, images, limit, model, ablations, edit, generator),
        quick,
        as_json,
        results,
    )


def soak(
    minutes: Annotated[float, typer.Option(min=0.1, help="That images are sent for.")] = 30.0,
    count: Annotated[int, typer.Option("--images", min=1, help="How many.")] = 2000,
    channel: Annotated[str, typer.Option(help="By name, as gensc demo --channel.")] = "fading",
    lowest: Annotated[float, typer.Option(help="Es/N0 walks from here, dB,")] = 3.0,
    highest: Annotated[float, typer.Option(help="to here.")] = 18.0,
    walk: Annotated[float, typer.Option(min=0.1, help="Seconds of a walk there and back.")] = 60.0,
    scheme: Annotated[str, typer.Option(help="auto, analog or bank.")] = "auto",
    quick: Quick = False,
    as_json: Json = False,
    results: Results = None,
) -> None:
    """Transmitter, channel and receiver as three processes: every image accounted for, memory."""
    from gensc.trials.soak.run import Soak, run

    told = Soak(minutes, count, channel, lowest, highest, walk, scheme)
    finish(lambda: run(quick, told), quick, as_json, results)


def latency(quick: Quick = False, as_json: Json = False, results: Results = None) -> None:
    """From the last sample of a burst to the coarse image on disk, by step of the receiver."""
    from gensc.trials.latency import run

    finish(lambda: run(quick), quick, as_json, results)


def finish(
    measure: Callable[[], BenchResult], quick: bool, as_json: bool, folder: Path | None
) -> None:
    """Run `measure`, print its tables, write its files; exit status 0 whatever the figures."""
    from gensc.experiment.output import as_object, print_tables, write

    # With --json stdout carries the object alone.
    console = terminal.console(stderr=as_json)
    if folder is not None:
        writable_folder(folder, "--results")
    started = time.monotonic()
    result = measure()
    obj = as_object(result, quick=quick, seconds=time.monotonic() - started)
    print_tables(result, console)
    # A quick look never overwrites the figures of a full run.
    target = folder or Path("out" if quick else "results") / result.bench
    for path in write(result, obj, target):
        console.print(f"wrote {path}", markup=False, soft_wrap=True)
    if as_json:
        print(json_text(obj))
