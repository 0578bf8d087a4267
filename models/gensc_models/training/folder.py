"""From a run to a weights folder that every command can load, under a name of its own."""

from __future__ import annotations

import platform
import re
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import torch

from gensc_models.training.options import RunSettings, changed
from gensc_models.training.recipe import Figures, Product, Recipe
from gensc_models.weights import store
from gensc_phy.atomic import beside, write_text

LOG = "log.jsonl"
CURVE = "curve.png"

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def shipped() -> set[str]:
    """Names of the weights that come with the package."""
    here = Path(store.__file__).parent
    return {config.parent.name for config in here.glob(f"*/{store.CONFIG}")}


def name_for(recipe: str, settings: RunSettings) -> str:
    """What the weights of a run are called: as asked, or after recipe, folder and perhaps date.

    Raises
    ------
    ValueError
        Not a name, or that of shipped weights.
    """
    if settings.name:
        if not NAME.fullmatch(settings.name):
            raise ValueError(f"--name {settings.name}: letters, digits, dots, dashes only")
        if settings.name in shipped():
            raise ValueError(
                f"--name {settings.name}: shipped weights are called so; choose another"
            )
        return settings.name
    folder = re.sub(r"[^A-Za-z0-9._-]+", "-", settings.out.resolve().name).strip("-._")
    name = (folder if recipe in folder else f"{recipe}-{folder}")[:50]
    return f"{name}-{date.today():%Y%m%d}" if name in shipped() else name


@dataclass(frozen=True)
class Done:
    """What a run has come to: its time in minutes, used and given, and what it measured."""

    name: str
    steps: int
    minutes: float
    limit: float
    device: str
    figures: Figures


def write(recipe: Recipe[Any, Any, Any], done: Done, product: Product) -> Path:
    """Writes ``out/NAME``: weights, log, curve and model card; returns it."""
    out = recipe.settings.out
    folder = out / done.name
    product.save_pretrained(folder)
    for made, name in ((LOG, "training.jsonl"), (CURVE, "training.png")):
        with beside(folder / name) as part:
            shutil.copyfile(out / made, part)
    write_text(folder / "README.md", card(recipe, done, folder))
    return folder


def command(recipe: Recipe[Any, Any, Any], done: Done) -> str:
    """The command line that trains anew."""
    settings = recipe.settings
    words = ["gensc train", recipe.name, *(f"--data {path}" for path in settings.data)]
    words += [f"--exclude-prefix {prefix}" for prefix in settings.exclude_prefix]
    words += [f"--set {key}={value}" for key, value in changed(recipe.options).items()]
    words += [f"--out DIR --minutes {max(done.limit, done.minutes):.3g} --seed {settings.seed}"]
    words += [f"--precision {settings.precision}"] * (settings.precision != "float32")
    return " ".join(words)


def card(recipe: Recipe[Any, Any, Any], done: Done, folder: Path) -> str:
    """The model card: what it is, how it was trained, what was measured."""
    settings = recipe.settings
    size = (folder / store.TENSORS).stat().st_size / 2**20
    rows = {
        "What": recipe.summary,
        "Size": f"{size:.1f} MiB, matrices float16",
        "Data": ", ".join(path.name for path in settings.data),
        "Training": f"{done.steps} steps, {done.minutes:.1f} minutes",
        "Hardware": f"{hardware(done.device, settings.threads)}, {settings.precision}",
        "Date": f"{date.today():%Y-%m-%d}",
    }
    lines = [f"# {done.name}", "", "| | |", "|---|---|"]
    lines += [f"| {key} | {value} |" for key, value in rows.items()]
    lines += [
        "",
        f"`{command(recipe, done)}` trains anew,",
        f"`{recipe.usage.format(done.name)}` uses it.",
    ]
    lines += ["", "## Measured", "", "| on data held out | | |", "|---|---|---|"]
    lines += [
        f"| {quantity} | {label} | {value:g} |"
        for quantity, values in done.figures.items()
        for label, value in values.items()
    ]
    return "\n".join([*lines, "", "![against minutes of training](training.png)", ""])


def hardware(device: str, threads: int) -> str:
    """What it was trained on, in words."""
    if device == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU ({platform.machine()}), {threads} thread{'s' * (threads > 1)}"
