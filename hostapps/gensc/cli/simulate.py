"""`gensc simulate`: sweeps of a codec over a torch-only channel."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gensc.cli import options
from gensc.results.quality import Effort
from gensc.system import terminal
from gensc.system.errors import UserError


def register(app: typer.Typer) -> None:
    """Add `simulate`."""
    app.command("simulate")(simulate)


def simulate(
    images: Annotated[
        list[str] | None, typer.Argument(help="Files, folders, globs, skimage:NAME.")
    ] = None,
    model: Annotated[str, typer.Option(help="Codec: name or folder of weights.")] = "",
    channel: Annotated[str, typer.Option(help="Channels, separated by commas.")] = "awgn",
    snr: Annotated[str, typer.Option(help="Es/N0 in dB: 0,5,10 or 0:20:5.")] = "0:20:5",
    rate: Annotated[str, typer.Option(help="Channel symbols per 16x16 block.")] = "32",
    refine: options.Refine = "none",
    max_side: Annotated[int, typer.Option(min=0, help="Scale larger pictures down.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Of channel and noise.")] = 1,
    repeat: Annotated[int, typer.Option(min=1, help="Realisations per point.")] = 1,
    metrics: Annotated[
        Effort, typer.Option(help="How many; perceptual: LPIPS, CLIP-Score and BRISQUE too, slow.")
    ] = "fidelity",
    out: Annotated[Path | None, typer.Option(help="File for the result lines.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Result lines on stdout.")] = False,
) -> None:
    """Sweep a codec over channels, SNRs and rates without a waveform, with perfect CSI."""
    from gensc.data.images import display_name, expand, load_image
    from gensc.data.samples import caption_of
    from gensc.experiment.simulate import Sweep, run_sweep
    from gensc.link.schemes import load_scheme
    from gensc.results.result import write_line, write_results
    from gensc.results.summary import missing, table_of
    from gensc.system import codecs
    from gensc.system.progress import progress
    from gensc.system.ranges import parse_numbers
    from gensc_models.channels.single import CHANNELS
    from gensc_phy.channel.profiles import PROFILES

    channels = channel.split(",")
    for name in channels:
        if name not in (*CHANNELS, *PROFILES):
            raise UserError(f"--channel {name!r}: there are {', '.join((*CHANNELS, *PROFILES))}")
    paths = expand(images or ["skimage:"])
    scheme = load_scheme(model)
    refiner = codecs.load_refiner(refine)
    rates = [codecs.check_rate(value) for value in parse_numbers(rate, "--rate")]
    snrs = codecs.check_snrs(parse_numbers(snr, "--snr"))
    sweep = Sweep(channels, snrs, rates, seed, repeat, metrics)
    results = []
    with progress("simulate", len(paths) * len(sweep)) as reporter:
        for path in paths:
            image, name = load_image(path, max_side), display_name(path)
            for result in run_sweep(scheme, name, image, sweep, refiner, caption_of(path)):
                results.append(result)
                if result.refiner is None:
                    reporter.step(f"{result.image} {result.channel}")
    if out:
        write_results(out, results)
    if as_json:
        import sys

        for result in results:
            write_line(sys.stdout, result)
        return
    console = terminal.console()
    console.print(table_of(results, f"{scheme.codec.name}, torch-only channel, perfect CSI"))
    for line in missing(results):
        console.print(line)
    if out:
        console.print(f"wrote {out}")
