"""Every example of docs/api.md runs, as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gensc

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^## ([^\n]*)|^```python\n(.*?)^```", PAGE, re.S | re.M)


def examples() -> list[Any]:
    """Each with the title above it."""
    found, title = [], ""
    for heading, code in EXAMPLES:
        if code:
            found.append(pytest.param(code, id=f"{title} {len(found)}"))
        title = heading or title
    return found


@pytest.mark.parametrize("code", examples())
def test_an_example_runs(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(code, "docs/api.md", "exec"), names)
    if "got" in names:
        assert names["got"].image.dtype == np.uint8
        assert names["got"].figures["received"]
    if "noise_var" in names and "x" in names:
        assert names["symbols"].shape == names["x"].shape
        assert type(names["noise_var"]) is type(names["x"])
    if "rows" in names:
        assert all(row["psnr"] > 10 for row in names["rows"])


def test_the_page_names_all_that_there_is() -> None:
    table = PAGE[PAGE.index("## The names") :]
    assert set(re.findall(r"`(\w+)`", table)) - {"ValueError", "events"} == set(gensc.__all__)
