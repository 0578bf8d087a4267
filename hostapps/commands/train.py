"""`gensc train NAME`: train a codec on one's own photos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from gensc_host.errors import UserError


def register(app: typer.Typer) -> None:
    """Add the group `train` with one command per model family."""
    group = typer.Typer(no_args_is_help=True, help="Train a codec on a folder of photos.")
    group.command("jscc")(jscc)
    app.add_typer(group, name="train")


def jscc(
    data: Annotated[list[Path], typer.Option(help="Folder of photos; may be given several times.")],
    out: Annotated[Path, typer.Option(help="Folder for checkpoint, log and weights.")],
    minutes: Annotated[float, typer.Option(min=0, help="Time to train.")] = 60.0,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 2,
    seed: Annotated[int, typer.Option(help="Seed of batches and channels.")] = 1,
) -> None:
    """The SNR- and rate-adaptive DeepJSCC; resumes from the checkpoint in --out."""
    for folder in data:
        if not folder.is_dir():
            raise UserError(f"{folder}: no such folder of photos")
    from gensc_models.train_jscc import TrainConfig, train

    config = TrainConfig(data=tuple(data), out=out, minutes=minutes, threads=threads, seed=seed)
    try:
        train(config)
    except ValueError as error:
        raise UserError(str(error)) from error
