"""Whether the environment has what pyproject.toml asks for; says what it lacks, exits 1 then."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pip's own environment has none: setuptools brings it

from packaging.requirements import Requirement

EXTRAS = ("test", "foundation", "pretrained")


def lacking(project: dict) -> list[str]:
    """Requirements that no installed package meets."""
    named = list(project["dependencies"])
    for extra in EXTRAS:
        named += project["optional-dependencies"].get(extra, [])
    missing = []
    for text in named:
        requirement = Requirement(text)
        elsewhere = requirement.marker is not None and not requirement.marker.evaluate()
        if requirement.name == project["name"] or elsewhere:
            continue
        try:
            there = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            there = ""
        if not there or not requirement.specifier.contains(there, prereleases=True):
            missing.append(f"{text} (there is {there or 'none'})")
    return missing


if __name__ == "__main__":
    file = Path(__file__).parents[1] / "pyproject.toml"
    found = lacking(tomllib.loads(file.read_text(encoding="utf-8"))["project"])
    for line in found:
        print(f"setup: lacks {line}", file=sys.stderr)
    sys.exit(1 if found else 0)
