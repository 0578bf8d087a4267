"""The table of all weights is what the figures beside them and their cards say."""

import importlib.util
import json
import shutil
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "weights_table.py"


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("weights_table", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_table_is_the_one_that_the_command_writes(script):
    assert script.TABLE.read_text() == script.table(script.shipped_weights())


def test_every_card_says_what_its_training_took(script):
    for entry in script.shipped_weights():
        assert script.row_of_card(entry, "Core-hours") != "–", entry.name
        if not json.loads((entry.path / "figures.json").read_text())["psnr_db"]:
            assert script.row_of_card(entry, "Quality") != "–", entry.name


def test_what_has_changed_is_measured_and_nothing_else(script, tmp_path, monkeypatch):
    for name in ("softcast", "importance"):
        shutil.copytree(script.WEIGHTS / name, tmp_path / name)
    figures = tmp_path / "softcast" / "figures.json"
    figures.write_text(json.dumps(json.loads(figures.read_text()) | {"sha256": "other"}))
    monkeypatch.setattr(script, "WEIGHTS", tmp_path)
    monkeypatch.setattr(script, "TABLE", tmp_path / "README.md")
    measured = []

    def figures_of(folder):
        measured.append(folder.name)
        return {"sha256": script.info(folder).sha256, "psnr_db": {"x": 12.3456}, "parameters": 2e6,
                "million_macs": 1234.0, "processor_ms": 5.0}  # fmt: skip

    monkeypatch.setattr(script.shipped, "figures_of", figures_of)
    assert script.main([]) == 0
    assert measured == ["softcast"]
    (line,) = [s for s in (tmp_path / "README.md").read_text().splitlines() if "softcast" in s]
    assert "| 2.00 | " in line
    assert "| 1,234 | 5 | x 12.35 dB | 0: nothing is trained |" in line
    assert script.main([]) == 0
    assert script.main(["importance"]) == 0
    assert measured == ["softcast", "importance"]


def test_an_unknown_name_is_a_mistake(script, capsys):
    assert script.main(["nothing"]) == 2
    assert "no weights called nothing" in capsys.readouterr().err
