#!/usr/bin/env python3
"""Writes docs/reference/: blocks from their yml, commands from what `gensc` says, the notebook."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import typer
import yaml

ROOT = Path(__file__).parents[1]


def main() -> None:
    """All pages."""
    out = ROOT / "docs" / "reference"
    out.mkdir(exist_ok=True)
    (out / "blocks.md").write_text(blocks(ROOT / "gr-gensc" / "grc"), encoding="utf-8")
    (out / "commands.md").write_text(commands(), encoding="utf-8")
    notebook = ROOT / "docs" / "notebooks" / "first_hour.ipynb"
    (out / "first-hour.md").write_text(first_hour(notebook), encoding="utf-8")


def first_hour(notebook: Path) -> str:
    """The notebook's text and cells, to be read without Jupyter."""
    parts = []
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        text = "".join(cell["source"])
        parts.append(text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```")
    parts.append("[The notebook itself](../notebooks/first_hour.ipynb)")
    return "\n\n".join(parts) + "\n"


def blocks(folder: Path) -> str:
    """One section per block: what it does, its ports and its parameters."""
    pages = [yaml.safe_load(f.read_text(encoding="utf-8")) for f in sorted(folder.glob("*.yml"))]
    lines = ["# Blocks", "", "Made from the blocks' own descriptions in `gr-gensc/grc/`.", ""]
    for block in sorted(pages, key=lambda b: b["label"]):
        lines += [f"## {block['label']}", "", f"`{block['id']}`", ""]
        lines += [_prose(block.get("documentation", "")), ""]
        ports = [_port(p, way) for way in ("inputs", "outputs") for p in block.get(way) or []]
        if ports:
            lines += ["| port | way | kind |", "|---|---|---|", *ports, ""]
        shown = [p for p in block.get("parameters") or [] if p.get("hide") != "all"]
        if shown:
            lines += ["| parameter | default |", "|---|---|"]
            lines += [
                f"| {p.get('label', p['id'])} | {_cell(p.get('default', ''))} |" for p in shown
            ]
            lines += [""]
    return "\n".join(lines)


def _prose(text: str) -> str:
    """A description as Markdown: angle brackets and square ones are no markup here."""
    return text.strip().replace("<", "&lt;").replace("[", r"\[").replace("]", r"\]")


def _port(port: dict[str, Any], way: str) -> str:
    kind = port.get("domain", "stream")
    name = port.get("id", port.get("label", "stream"))
    return f"| {name} | {way[:-1]} | {kind}{' ' + str(port['dtype']) if 'dtype' in port else ''} |"


def _cell(value: object) -> str:
    text = str(value).replace("|", r"\|").replace("\n", " ")
    return f"`{text}`" if text else ""


def commands() -> str:
    """Every command, its arguments and options, as typer tells them; no hidden ones."""
    from gensc.cli.main import app

    told = subprocess.run(
        [sys.executable, "-m", "typer", "gensc.cli.main", "utils", "docs",
         "--name", "gensc", "--title", "Commands"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    text = told.stdout
    for name, command in typer.main.get_command(app).commands.items():
        if command.hidden:
            text = re.sub(rf"^\* `{name}`:.*\n", "", text, flags=re.M)
            text = re.sub(rf"^## `gensc {name}`\n.*?(?=^## |\Z)", "", text, flags=re.M | re.S)
    return text


if __name__ == "__main__":
    main()
