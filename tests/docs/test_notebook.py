"""The notebook of the first hour runs from its first cell to its last."""

import json
from pathlib import Path

import matplotlib as mpl
import pytest

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebooks" / "first_hour.ipynb"


def cells():
    told = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return ["".join(c["source"]) for c in told["cells"] if c["cell_type"] == "code"]


def execute(cell, names):
    """A cell as Jupyter runs it; of its magic only %%writefile."""
    first, _, rest = cell.partition("\n")
    if first.startswith("%%writefile "):
        Path(first.split()[1]).write_text(rest, encoding="utf-8")
    else:
        exec(compile(cell, "<cell>", "exec"), names)


@pytest.fixture
def plots():
    from matplotlib import pyplot

    mpl.use("Agg")
    yield
    pyplot.close("all")


def test_every_cell_runs_and_what_is_sent_arrives(tmp_path, monkeypatch, plots):
    monkeypatch.chdir(tmp_path)
    names = {}
    for cell in cells():
        execute(cell, names)
    assert all(one.figures["psnr"] > 20 for one in names["got"].values())
    assert len(names["rows"]) == 12
    assert names["mine"].figures["psnr"] > 13
    assert names["flown"].image.shape == names["photo"].shape


def test_it_is_kept_without_what_a_run_left_in_it():
    told = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    code = [c for c in told["cells"] if c["cell_type"] == "code"]
    assert all(c["outputs"] == [] and c["execution_count"] is None for c in code)
