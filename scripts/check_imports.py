#!/usr/bin/env python3
"""Holds the project's imports against the contracts in pyproject.toml, and finds circles of files.

``lint-imports`` alone would not do: `gnuradio` is GNU Radio's own package elsewhere on the path,
and `gnuradio.gensc` joins it from here. For this process it is a namespace with only ours in it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from importlib.machinery import ModuleSpec
from pathlib import Path

import grimp
from importlinter.api import read_configuration
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[1]
SOURCES = tuple(ROOT / folder for folder in ("gr-gensc/python", "models", "hostapps"))


class _OurGnuRadio:
    """Finds the package `gnuradio` in the project's sources only."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != "gnuradio":
            return None
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(folder / name) for folder in SOURCES]
        return spec


def circle(packages: Sequence[str]) -> list[str]:
    """Files of the packages that import each other in a circle, first and last the same.

    Imports inside functions and those for types only count, too. Empty where there is none.
    """
    graph = grimp.build_graph(*packages, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def main() -> int:
    """Exit status 0 where all contracts are kept and there is no circle."""
    sys.meta_path.insert(0, _OurGnuRadio)
    sys.path[:0] = map(str, SOURCES)
    settings = str(ROOT / "pyproject.toml")
    status = lint_imports(settings, no_cache=True, no_logo=True)
    found = circle(read_configuration(settings)["session_options"]["root_packages"])
    print(f"Circles between files: {' -> '.join(found) or 'none'}.")
    return 1 if found else status


if __name__ == "__main__":
    sys.exit(main())
