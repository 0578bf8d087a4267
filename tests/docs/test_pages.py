"""The documentation builds strictly, and what it tells people to type is taken as it stands."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from gensc.cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands(page: Path) -> list[str]:
    """Lines of a page's shell blocks that begin with gensc, without what follows them."""
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.S)
    lines = [
        line.split("  #")[0] for block in blocks for line in block.replace("\\\n", " ").splitlines()
    ]
    parts = [part.strip().removesuffix("&").strip() for line in lines for part in line.split("&&")]
    return [part for part in parts if part.startswith("gensc ")]


ALL = [(page.name, line) for page in PAGES for line in commands(page)]


def test_there_are_commands_to_check():
    assert len(ALL) > 20


@pytest.mark.parametrize(("page", "line"), ALL, ids=[f"{p}: {c}" for p, c in ALL])
def test_a_command_of_the_documentation_is_one(page, line):
    words = shlex.split(line)[1:]
    command = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    # Arguments and options are parsed, and refused where there are none such; nothing is run.
    with command.make_context("gensc", words):
        pass


def test_links_of_the_readme_lead_somewhere():
    links = re.findall(r"\]\(([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    local = [link.split("#")[0] for link in links if "://" not in link]
    assert len(local) > 10
    assert [link for link in local if not (ROOT / link).exists()] == []


def test_every_module_that_the_papers_are_mapped_to_is_there():
    text = (ROOT / "docs" / "papers.md").read_text(encoding="utf-8")
    modules = set(re.findall(r"`(gensc(?:_models|_phy)?\.[\w.]+)`", text))
    roots = [ROOT / part for part in ("models", "hostapps", "gr-gensc/python")]
    missing = [
        module
        for module in modules
        if not any(
            (root / f"{module.replace('.', '/')}{end}").exists()
            for root in roots
            for end in (".py", "/__init__.py")
        )
    ]
    assert len(modules) > 30
    assert missing == []


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 200


def test_the_site_builds_without_a_warning(tmp_path):
    subprocess.run([sys.executable, ROOT / "scripts" / "docs_reference.py"], check=True)
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", tmp_path / "site"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    blocks = (tmp_path / "site" / "reference" / "blocks.html").read_text(encoding="utf-8")
    assert "Burst Receiver" in blocks
    assert (tmp_path / "site" / "figures" / "link" / "evm.png").exists()
