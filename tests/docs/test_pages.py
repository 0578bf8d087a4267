"""The documentation builds strictly, and what it tells people to type is taken as it stands."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml

from gensc.cli.main import app
from gensc.experiment.compare.settings import read
from gensc.receiver.archive import Archive

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
#: All that people read, but what is made from the commands themselves.
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(page for page in sorted(DOCS.rglob("*.md")) if page.parent != DOCS / "reference"),
]
#: A block of lines, in a list or not; its language may be left out.
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", flags=re.S | re.M)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def commands(page: Path) -> list[str]:
    """Lines of a page's shell blocks that begin with gensc, without what follows them."""
    found = [
        text for _, language, text in FENCE.findall(page.read_text(encoding="utf-8"))
        if language in ("", "sh", "bash", "console")
    ]  # fmt: skip
    lines = [
        re.split(r"  #| [>|] ", line)[0]
        for block in found
        for line in block.replace("\\\n", " ").splitlines()
    ]
    parts = [part.strip().removesuffix("&").strip() for line in lines for part in line.split("&&")]
    return [part for part in parts if part.startswith("gensc ")]


def mentions(page: Path) -> list[str]:
    """What stands between backticks in a page's sentences and tables and begins with gensc."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return sorted(set(re.findall(r"`(gensc [^`]+)`", text)))


ALL = [(page, line) for page in PAGES for line in commands(page)]
MENTIONED = [(page, line) for page in PAGES for line in mentions(page)]


def called(pairs):
    return [f"{name(page)}: {line}" for page, line in pairs]


def command_of(words: list[str]):
    """The command that words call, and its own ones."""
    command, rest = typer.main.get_command(app), list(words)
    while rest and rest[0] in getattr(command, "commands", {}):
        command = command.commands[rest.pop(0)]
    return command, rest


def test_there_are_commands_to_check():
    assert len(ALL) > 40
    assert len(MENTIONED) > 40


@pytest.mark.parametrize(("page", "line"), ALL, ids=called(ALL))
def test_a_command_of_the_documentation_is_one(page, line):
    command, words = command_of(shlex.split(line)[1:])
    # Arguments and options are parsed, and refused where there are none such; nothing is run.
    with command.make_context("gensc", words):
        pass


@pytest.mark.parametrize(("page", "line"), MENTIONED, ids=called(MENTIONED))
def test_a_command_of_a_sentence_is_one_and_has_the_options_named(page, line):
    command, words = command_of(line.split()[1:])
    placeholder = bool(words) and (words[0].isupper() or words[0] == "…")
    assert placeholder or not getattr(command, "commands", {}) or not words, line
    known = {option for p in command.params for option in (*p.opts, *p.secondary_opts)}
    assert [w for w in words if w.startswith("--") and w not in known | {"--help"}] == []


FLOWN = [(page, line) for page, line in ALL if "flowgraphs/" in line]


@pytest.mark.parametrize(("page", "line"), FLOWN, ids=called(FLOWN))
def test_a_flowgraph_of_the_documentation_is_there_and_has_the_options_given(page, line):
    words = shlex.split(line)
    (file,) = (ROOT / word for word in words if word.startswith("flowgraphs/"))
    made_of = yaml.safe_load(file.read_text(encoding="utf-8"))["blocks"]
    options = {f"--{b['name'].replace('_', '-')}" for b in made_of if b["id"] == "parameter"}
    behind = words[words.index("--") + 1 :] if "--" in words else []
    assert {w for w in behind if w.startswith("--")} <= options


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return [code for _, told, code in FENCE.findall(text) if told == language]


def test_every_example_in_python_belongs_to_a_page_whose_examples_are_run():
    """api.md and own-codec.md have tests of their own, archive.md the one below."""
    pages = {name(page) for page in PAGES if "```python" in page.read_text(encoding="utf-8")}
    assert pages == {"docs/api.md", "docs/archive.md", "docs/own-codec.md"}


def test_the_example_of_the_archive_runs(tmp_path, monkeypatch):
    with Archive(tmp_path / "out" / "archive"):
        pass
    monkeypatch.chdir(tmp_path)
    for code in blocks("archive.md", "python"):
        exec(compile(code, "docs/archive.md", "exec"), {})


def test_the_settings_of_a_comparison_are_taken_as_they_stand(tmp_path):
    (text,) = blocks("compare.md", "toml")
    (tmp_path / "first.toml").write_text(text, encoding="utf-8")
    settings, out = read(tmp_path / "first.toml")
    settings.checked()
    assert len(settings.schemes) == 3
    assert out == tmp_path / "out" / "first"


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


def quoted_messages() -> list[str]:
    """What troubleshooting says one sees, as far as it is words of a message."""
    page = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    seen = [text for row in rows for text in re.findall(r"`([^`]+)`", row.split(" | ")[0])]
    elsewhere = ("make ", "NameError", "Address already in use", "gnuradio.")
    return [text for text in seen if " " in text and not text.startswith(elsewhere)]


@pytest.fixture(scope="module")
def messages():
    """All that the sources may say, strings that go on in the next line joined."""
    files = [*ROOT.glob("scripts/*.sh"), *ROOT.glob("hostapps/**/*.py"),
             *ROOT.glob("models/gensc_models/**/*.py"), *ROOT.glob("gr-gensc/**/*.py")]  # fmt: skip
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return re.sub(r'"\s*\n\s*f?"', "", text)


@pytest.mark.parametrize("seen", quoted_messages())
def test_a_message_that_troubleshooting_explains_is_one(seen, messages):
    known = re.escape(seen).replace("1a2b", r"\{[^}]+\}")
    assert re.search(known, messages)


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 200


def test_the_site_builds_without_a_warning(tmp_path):
    subprocess.run([sys.executable, ROOT / "scripts" / "docs_reference.py"], check=True)
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", tmp_path / "site"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    shown = (tmp_path / "site" / "reference" / "blocks.html").read_text(encoding="utf-8")
    assert "Burst Receiver" in shown
    python = (tmp_path / "site" / "python.html").read_text(encoding="utf-8")
    assert 'id="gensc.send"' in python
    told = (tmp_path / "site" / "reference" / "commands.html").read_text(encoding="utf-8")
    assert "gensc bench radio" in told
    assert "gensc simulate" not in told  # the old name of compare, hidden
    assert (tmp_path / "site" / "figures" / "link" / "evm.png").exists()
