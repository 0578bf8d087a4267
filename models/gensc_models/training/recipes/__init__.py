"""Recipes of the training engine, one file a model."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from gensc_models.training.recipe import Recipe

# Name on the command line, which is also the module's, and class.
RECIPES = {
    "softcast": "Softcast",
    "photo": "Photo",
    "swin": "Swin",
    "deepjscc": "DeepJscc",
    "bank": "Bank",
    "gened": "Gened",
    "refiner": "Refiner",
    "editor": "Editor",
    "inpainter": "Inpainter",
    "classifier": "Classifier",
    "importance": "Importance",
}


def find(name: str) -> type[Recipe[Any, Any, Any]]:
    """The recipe of that name.

    Raises
    ------
    ValueError
        There is none; the message lists those that there are.
    """
    if name not in RECIPES:
        raise ValueError(f"no recipe called '{name}': must be one of {', '.join(RECIPES)}")
    module = import_module(f"{__name__}.{name}")
    recipe: type[Recipe[Any, Any, Any]] = getattr(module, f"{RECIPES[name]}Recipe")
    return recipe
