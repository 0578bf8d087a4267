"""No JSON that a package writes has NaN or Infinity in it, which is no JSON."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("gr-gensc/python", "models", "hostapps")


def careless(call):
    """Whether a call writes JSON and lets through what is none."""
    called = call.func
    if not (isinstance(called, ast.Attribute) and called.attr in ("dumps", "dump")):
        return False
    if getattr(called.value, "id", "") != "json":
        return False
    told = {keyword.arg: keyword.value for keyword in call.keywords}
    value = told.get("allow_nan")
    return not (isinstance(value, ast.Constant) and value.value is False)


def test_json_is_written_where_what_is_not_finite_is_refused_or_null():
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and careless(node)
    ]
    assert found == []


def test_what_is_careless_would_be_found():
    for line, bad in (
        ("json.dumps(x)", True),
        ("json.dump(x, file, indent=1)", True),
        ("json.dumps(x, allow_nan=True)", True),
        ("json.dumps(x, allow_nan=False)", False),
        ("json.loads(x)", False),
        ("meta.dumps(pretty=True)", False),
    ):
        assert careless(ast.parse(line).body[0].value) is bad, line
