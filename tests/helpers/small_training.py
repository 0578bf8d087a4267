"""Data and networks small enough to train every recipe for a few steps in a test."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from skimage.data import astronaut, chelsea, coffee

from gensc_models.codecs.jscc import CodecConfig, JsccCodec
from gensc_models.data.cifar import BINARY_FILES
from gensc_models.restore.refiner import Refiner
from gensc_models.training.options import RunSettings, parse
from gensc_models.training.recipes import find
from gensc_models.training.run import TrainingRun
from small_gened import small_codec
from small_hyperprior import SMALL as SMALL_BANK
from small_importance import CLASSES, CLASSIFIER, SALIENCY, Classifier, SaliencyNetwork
from small_network import SMALL
from small_packs import write_pack

PHOTO_NETWORK = tuple(
    f"network.{key}={value}" for key, value in vars(SMALL).items() if key != "residual"
)
SWIN_NETWORK = (
    "network.widths=4,8", "network.depths=1,1", "network.heads=2,2", "network.condition=8",
    "network.detail_width=4", "network.detail_depth=1",
)  # fmt: skip
REFINER_NETWORK = (
    "network.widths=4,8", "network.heads=1,2", "network.blocks=1,1", "network.prior_channels=2",
    "network.prior_width=4", "network.prior_blocks=1", "network.condition=4",
)  # fmt: skip
BANK_NETWORK = tuple(
    f"network.{key}={value}" for key, value in vars(SMALL_BANK).items() if key != "learned_analysis"
)
BACKBONE = ("stem=4", "widths=4,8", "blocks=1,1")
SALIENCY_NETWORK = (*(f"network.{size}" for size in BACKBONE), "network.head=4", "network.side=48")
CODEC = ("statistics_crops=30", "validation_photos=2", "crop_shapes=((32,4,1.0),)",
         "validation_points=((32,5.0),)", "warmup_steps=1")  # fmt: skip


def store(folder: Path) -> Path:
    """Photos with maps, CIFAR-10, a pack of classes, and small weights to start from."""
    for name in ("photos", "maps", "more", "cifar"):
        (folder / name).mkdir(parents=True)
    for i, image in enumerate((astronaut(), chelsea(), coffee())):
        for j in range(2):
            part = image[40 * j : 40 * j + 176, 60 * j : 60 * j + 208]
            grey = np.zeros(part.shape[:2], np.uint8)
            grey[40:110, 50 + 10 * i : 150] = 255
            Image.fromarray(part).save(folder / "photos" / f"{i}{j}.png")
            Image.fromarray(grey).save(folder / "maps" / f"{i}{j}.png")
    Image.fromarray(astronaut()[200:296, 100:228]).save(folder / "more" / "n01440764_tench.png")
    random = np.random.default_rng(0)
    for name in BINARY_FILES["train"]:
        corners = random.integers(0, 480, (16, 2))
        images = np.stack([astronaut()[y : y + 32, x : x + 32] for y, x in corners])
        planes = images.transpose(0, 3, 1, 2).reshape(16, -1)
        np.concatenate([np.zeros((16, 1), np.uint8), planes], axis=1).tofile(
            folder / "cifar" / name
        )
    labels = np.arange(40) % 3
    colours = np.eye(3)[labels] * 160 + 40
    coloured = colours[:, None, None] + random.integers(-30, 30, (40, 24, 24, 3))
    boxes, classes = np.tile([8, 8, 15, 15], (40, 1)), np.array(CLASSES)
    write_pack(folder / "pack.npz", coloured.astype(np.uint8), labels, classes=classes, boxes=boxes)
    torch.manual_seed(0)
    JsccCodec(CodecConfig("trunk", network=SMALL)).save_pretrained(folder / "trunk")
    small_codec().save_pretrained(folder / "gened")
    Refiner("refiner", refiner_config()).save_pretrained(folder / "refiner")
    Classifier(CLASSIFIER).save_pretrained(folder / "classifier")
    SaliencyNetwork(SALIENCY).save_pretrained(folder / "importance")
    return folder


def refiner_config() -> Any:
    return parse(find("refiner").OPTIONS, REFINER_NETWORK).network


def spelled(recipe: str, folder: Path) -> tuple[Path, tuple[str, ...]]:
    """The data of a recipe below :func:`store`'s folder, and what makes it small."""
    photos, cifar = folder / "photos", folder / "cifar"
    known: dict[str, tuple[Path, tuple[str, ...]]] = {
        "softcast": (photos, CODEC),
        "photo": (photos, (*CODEC, *PHOTO_NETWORK)),
        "swin": (photos, (*CODEC, *SWIN_NETWORK, "network.window=8")),
        "deepjscc": (
            cifar,
            ("snrs_db=4,10", "validation_images=10", "batch=8", "warmup_steps=1"),
        ),
        "bank": (
            photos,
            (*BANK_NETWORK, "crop=64", "decoder_crop=64", "decoder_batch=2", "statistics_crops=8",
             "entropy_first=0.2", "entropy_every=2", "validation_photos=1",
             "validation_points=3,15", "warmup_steps=1"),
        ),
        "gened": (
            photos,
            (f"maps={folder / 'maps'}", f"start={folder / 'trunk'}", "network.width=8",
             "network.heads=2", "network.condition=8", "network.score_width=8", "features=none",
             "held_out=3", "batch=2", "side=48", "wholes=2", "whole_size=48,64", "draws.rates=48",
             "warmup_steps=1", "validation_photos=1"),
        ),
        "refiner": (
            photos,
            ("codec=softcast", *REFINER_NETWORK, "first_fraction=0.5", "picture=64", "tile=32",
             "batch=4", "warmup_steps=1", "validation_images=2", "pool_pixels=65536",
             "start_pixels=16384", "filter_pixels=32768", "calibration_pixels=16384",
             "links.rates=32,64"),
        ),
        "editor": (
            photos,
            (f"codec={folder / 'gened'}", f"refiner={folder / 'refiner'}", "rates=64,96",
             f"classifier={folder / 'classifier'}", "picture=96", "tile=48", "batch=2", "pool=16",
             "start=8", "held_out=2", "warmup_steps=1"),
        ),
        "inpainter": (
            photos,
            ("network.widths=4,8", "network.depths=1,1", "network.condition=4", "batch=5",
             "held_out=1", "warmup_steps=1", "scale_patches=4"),
        ),
        "classifier": (
            folder / "pack.npz",
            (f"validation={folder / 'pack.npz'}", *BACKBONE, "sizes=((0.0,16),)", "batch=20",
             "warmup_steps=5", "ema=0.9", "learning_rate=2e-2", "muon_rate=3e-2"),
        ),
        "importance": (
            photos,
            (f"maps={folder / 'maps'}", *SALIENCY_NETWORK, "held_out=3", "batch=4",
             "warmup_steps=5", "ema=0.9", "learning_rate=1e-2", "muon_rate=2e-2"),
        ),
    }  # fmt: skip
    return known[recipe]


def prepared(
    recipe: str, folder: Path, out: Path, *assignments: str, data: Path | None = None, **settings
) -> TrainingRun:
    """A small run of a recipe, ready to train; later assignments win."""
    usual, small = spelled(recipe, folder)
    settings = {"max_steps": 10, "minutes": 30.0, "threads": 1, "resume": True} | settings
    told = RunSettings(data=(data or usual,), out=out, **settings)
    kind = find(recipe)
    return TrainingRun(kind(told, parse(kind.options_for(told.data), (*small, *assignments))))
