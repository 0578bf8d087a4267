"""`gensc train RECIPE`: train a model on one's own images; ends with weights that commands load."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gensc.system.errors import UserError
from gensc.system.folders import writable_folder

if TYPE_CHECKING:
    from gensc_models.training.options import RunSettings
    from gensc_models.training.run import TrainingRun


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(train)


def train(
    recipe: Annotated[str, typer.Argument(help="What to train; --list shows all.")] = "",
    data: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of photos, or pack; may be given several times."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of checkpoint, log, curve and weights.")
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0.001, help="Time to train over all resumptions (default: the recipe's)."),
    ] = None,
    name: Annotated[
        str, typer.Option(help="Of the weights (default: from recipe and folder).")
    ] = "",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="KEY=VALUE: an option of the recipe; RECIPE --list shows them."),
    ] = None,
    exclude_prefix: Annotated[
        list[str] | None, typer.Option(help="Photos whose names begin so are left out.")
    ] = None,
    precision: Annotated[str, typer.Option(help="float32 or bfloat16.")] = "float32",
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Of batches and channels.")] = 1,
    max_steps: Annotated[
        int | None, typer.Option(min=1, help="End after so many steps, if that is earlier.")
    ] = None,
    list_: Annotated[
        bool, typer.Option("--list", help="Show all recipes, or all options of one.")
    ] = False,
) -> None:
    """Train a codec, a refiner or another model, and leave weights that every command takes.

    Prints a JSON line per validation. Ctrl-C leaves a checkpoint that --resume goes on from.
    """
    from gensc_models.training.options import RunSettings

    if list_:
        _show(recipe, data or [])
        return
    missing = [
        text for text, value in (("RECIPE", recipe), ("--data", data), ("--out", out)) if not value
    ]
    if missing:
        raise UserError(f"train needs {' and '.join(missing)} (gensc train --list shows recipes)")
    assert out is not None
    settings = RunSettings(
        data=tuple(data or ()), out=out, name=name, minutes=minutes,
        exclude_prefix=tuple(exclude_prefix or ()), device=device, precision=precision,
        threads=threads, seed=seed, resume=resume, max_steps=max_steps,
    )  # fmt: skip
    run = _prepared(recipe, settings, set_ or [])
    writable_folder(out)
    from gensc_models.training.run import TooShortError

    try:
        weights = run.train()
    except TooShortError as error:
        raise UserError(str(error)) from error
    except OSError as error:
        raise UserError(f"{out}: {error}") from error
    print(f"weights: {weights}")
    print(f"try: {run.recipe.usage.format(weights)}")


def _prepared(recipe: str, settings: RunSettings, assignments: list[str]) -> TrainingRun[Any]:
    """The run, with its data loaded; what a user got wrong is one line."""
    from gensc_models.training.options import parse
    from gensc_models.training.recipes import find
    from gensc_models.training.run import TrainingRun
    from gensc_models.weights.hub import UnavailableError

    try:
        settings.check()
        kind = find(recipe)
        return TrainingRun(kind(settings, parse(kind.options_for(settings.data), assignments)))
    except (OSError, ValueError, UnavailableError) as error:
        raise UserError(str(error)) from error


def _show(recipe: str, data: list[Path]) -> None:
    from gensc.system import terminal
    from gensc_models.training.options import described
    from gensc_models.training.recipes import RECIPES, find

    table = terminal.table()
    if recipe:
        try:
            options = find(recipe).options_for(data)
        except ValueError as error:
            raise UserError(str(error)) from error
        headings = ("--set", "default", "what")
        rows = [(d.key, d.default, d.says) for d in described(options)]
    else:
        headings = ("recipe", "minutes", "what")
        kinds = [find(name) for name in RECIPES]
        rows = [(kind.name, f"{kind.OPTIONS().minutes:g}", kind.summary) for kind in kinds]
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    terminal.console().print(table)
