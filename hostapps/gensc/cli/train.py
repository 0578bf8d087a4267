"""`gensc train NAME`: train on one's own images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gensc.system.errors import UserError
from gensc.training.analog import Part
from gensc.training.cie import CiePart
from gensc.training.gened import Variant

Out = Annotated[Path, typer.Option(help="Folder of checkpoint and log; a run there is resumed.")]
ExcludePrefix = Annotated[
    list[str] | None, typer.Option(help="Photos whose names begin so are left out.")
]
Minutes = Annotated[float, typer.Option(min=0.01, help="Time to train, over all resumptions.")]
Threads = Annotated[int, typer.Option(min=1, help="CPU threads.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of batches and channels.")]


def register(app: typer.Typer) -> None:
    """Add the group `train` with one command per model family."""
    group = typer.Typer(no_args_is_help=True, help="Train a codec or a refiner on images.")
    group.command("jscc")(jscc)
    group.command("gsc")(gsc)
    group.command("cie")(cie)
    group.command("gened")(gened)
    group.command("editor")(editor)
    app.add_typer(group, name="train")


def jscc(
    data: Annotated[list[Path], typer.Option(help="Folder of photos; may be given several times.")],
    out: Out,
    minutes: Minutes = 60.0,
    threads: Threads = 2,
    seed: Seed = 1,
) -> None:
    """The SNR- and rate-adaptive convolutional codec for photos."""
    for folder in data:
        if not folder.is_dir():
            raise UserError(f"{folder}: no such folder of photos")
    from gensc.training.analog import Request, plan_jscc, start

    start(plan_jscc(Request(tuple(data), out, minutes, threads=threads, seed=seed)))


def gsc(
    part: Annotated[
        Part, typer.Option(help="Swin JSCC codec, its baseline DeepJSCC, or the diffusion refiner.")
    ],
    data: Annotated[
        list[Path],
        typer.Option(
            help="CIFAR-10 (folder of its .bin files, or .npz pack), or a folder of photos, "
            "which may be given several times."
        ),
    ],
    out: Out,
    minutes: Minutes = 60.0,
    codec: Annotated[
        str, typer.Option(help="Refiner: codec it learns behind (default swin-cifar, swin-photo).")
    ] = "",
    start: Annotated[
        str, typer.Option(help="Codec, DeepJSCC: weights to go on from, by name or folder.")
    ] = "",
    exclude_prefix: ExcludePrefix = None,
    threads: Threads = 2,
    seed: Seed = 1,
) -> None:
    """A part of GSC (Swin JSCC and diffusion refiner), for CIFAR-10 or photos as the data are.

    Logs one JSON line per validation. `python -m gensc_models.training.export.swin`,
    `.export_deepjscc` and `.export_refiner` make weights of the checkpoint.
    """
    from gensc.training import analog as training

    prefixes = tuple(exclude_prefix or ())
    request = training.Request(tuple(data), out, minutes, codec, start, prefixes, threads, seed)
    training.start(training.plan_gsc(part, request))


def cie(
    part: Annotated[
        CiePart,
        typer.Option(
            help="Codec bank, classifier of class activation maps, learned importance, inpainter."
        ),
    ],
    data: Annotated[
        list[Path],
        typer.Option(
            help="A pack of small JPEG files (.npz) for the classifier, else a folder of photos, "
            "which may be given several times."
        ),
    ],
    out: Out,
    minutes: Minutes = 60.0,
    maps: Annotated[
        Path | None,
        typer.Option(
            help="Importance: folder of greyscale maps named like the photos. Inpainter: of maps "
            "whose shapes half of the holes get."
        ),
    ] = None,
    validation: Annotated[
        Path | None, typer.Option(help="Classifier: pack to measure its accuracy on.")
    ] = None,
    start_from: Annotated[
        str, typer.Option("--start", help="Importance: classifier that it begins with.")
    ] = "",
    exclude_prefix: ExcludePrefix = None,
    threads: Threads = 2,
    seed: Seed = 1,
) -> None:
    """A part of GVIF-CIE: the codec bank, which parts of an image matter, filling in the others.

    Logs one JSON line per validation. `python -m gensc_models.training.export.importance`, for the
    codec `.hyperprior.export`, for the inpainter `.export_inpainter`, makes weights of the
    checkpoint.
    """
    from gensc.training.analog import Request, start
    from gensc.training.cie import plan_cie

    prefixes = tuple(exclude_prefix or ())
    request = Request(
        tuple(data), out, minutes, exclude_prefix=prefixes, threads=threads, seed=seed
    )
    start(plan_cie(part, request, maps, validation, start_from))


def gened(
    data: Annotated[list[Path], typer.Option(help="Folder of photos.")],
    maps: Annotated[Path, typer.Option(help="Folder of their saliency, named like them (.png).")],
    out: Out,
    minutes: Minutes = 60.0,
    variant: Annotated[
        Variant, typer.Option(help="All of it, or without a part, as the ablation tables have it.")
    ] = Variant.full,
    photos: Annotated[
        list[Path] | None, typer.Option(help="Folder of photos without maps, for --importance.")
    ] = None,
    importance: Annotated[
        str, typer.Option(help="Weights of a saliency network that makes maps for --photos.")
    ] = "",
    codec: Annotated[
        str, typer.Option(help="Photo codec whose networks it starts from.")
    ] = "deepjscc-photo",
    clip: Annotated[
        str, typer.Option(help="Model of open_clip whose score map is followed; none without.")
    ] = "",
    features: Annotated[
        str,
        typer.Option(help="Contextual loss on vgg19, a classifier, none, or auto: what there is."),
    ] = "auto",
    prefix: Annotated[
        list[str] | None, typer.Option(help="Only photos with maps whose names begin so.")
    ] = None,
    bfloat16: Annotated[bool, typer.Option(help="Networks in bfloat16.")] = False,
    threads: Threads = 2,
    seed: Seed = 1,
) -> None:
    """The dual-branch codec of GenED-SC: foreground and background with symbols of their own.

    Logs one JSON line per validation. `python -m gensc_models.training.export.gened` makes weights
    of the checkpoint.
    """
    from gensc.training.analog import Request, start
    from gensc.training.gened import plan_gened

    request = Request(tuple(data), out, minutes, codec, threads=threads, seed=seed)
    prefixes = tuple(prefix or ("",))
    start(
        plan_gened(
            request,
            maps,
            variant,
            tuple(photos or ()),
            importance,
            clip,
            features,
            prefixes,
            bfloat16,
        )
    )


def editor(
    data: Annotated[list[Path], typer.Option(help="Folder of photos; may be given several times.")],
    out: Out,
    minutes: Minutes = 60.0,
    codec: Annotated[
        str, typer.Option(help="Dual-branch codec whose images it learns on.")
    ] = "gened-photo",
    refiner: Annotated[str, typer.Option(help="Weights that it starts from.")] = "refiner-photo",
    exclude_prefix: ExcludePrefix = None,
    bfloat16: Annotated[bool, typer.Option(help="Network in bfloat16.")] = False,
    threads: Threads = 2,
    seed: Seed = 1,
) -> None:
    """The compact editor of GenED-SC: a refiner that learns from a critic what photos look like.

    Logs one JSON line per validation. `python -m gensc_models.training.export.editor` makes weights
    of the checkpoint, which `--edit` takes.
    """
    from gensc.training.analog import Request, start
    from gensc.training.gened import plan_editor

    prefixes = tuple(exclude_prefix or ())
    request = Request(
        tuple(data), out, minutes, codec, exclude_prefix=prefixes, threads=threads, seed=seed
    )
    start(plan_editor(request, refiner, bfloat16))
