"""Every file that a package writes is there as a whole or not at all: `gensc_phy.atomic`."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("gr-gensc/python", "models", "hostapps")
#: Files that grow while they are read, or that nobody but their writer sees, and what they are.
OTHERS = {
    "gensc_phy/atomic.py": "the one way itself",
    "gensc_models/training/log.py": "lines, one at a time",
    "gnuradio/gensc/image_sink.py": "lines, one at a time",
    "gensc/experiment/rows.py": "lines, one at a time",
    "gensc/receiver/writer.py": "lines, one at a time",
    "gensc/demo/run.py": "lines, one at a time",
    "gensc/system/locks.py": "a lock, empty",
    "gensc/receiver/dashboard/token.py": "secret from the first byte",
    "gensc/remote/keys.py": "secret from the first byte, and never in place of another",
    "gnuradio/gensc/sigmf_sink.py": "nothing: sees whether it could be written",
    "gensc/api/recordings.py": "in a temporary folder",
    "gensc/experiment/baselines/ldpc_decoders.py": "in a temporary folder",
}
#: Benchmarks stage their runs in temporary folders; results leave by `gensc.experiment.output`.
STAGED = "gensc/bench/", "gensc/trials/"
#: Methods that write a file of the name they are given.
BY_NAME = {"write_text", "write_bytes", "tofile"}
#: Functions that take a name or an open file: only a name is a fault.
EITHER = {"savefig", "save", "savez", "savez_compressed", "save_file", "savetxt", "dump"}
OPEN_FILES = {"file", "buffer", "out", "stream", "png", "data"}


def mode_of(call):
    """The mode of a call of `open`, as far as it is written down."""
    told = [*call.args, *(k.value for k in call.keywords if k.arg == "mode")]
    found = [a.value for a in told if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    return next((text for text in found if set(text) <= set("rwxabt+")), "r")


def writes(call):
    """Whether a call writes a file by its name."""
    called = call.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    if name == "open":
        return set(mode_of(call)) & set("wxa+") != set()
    if name in BY_NAME:
        return isinstance(called, ast.Attribute)
    if name in EITHER and isinstance(called, ast.Attribute) and call.args:
        first = call.args[0]
        module = getattr(called.value, "id", "")
        if module in ("torch", "np", "json") or name == "savefig":
            return not any(getattr(a, "id", "") in OPEN_FILES for a in call.args)
        by_name = isinstance(first, ast.JoinedStr | ast.BinOp) or getattr(first, "id", "") == "path"
        return name == "save_file" or (name == "save" and by_name)
    return False


def written_by_name():
    found = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and writes(node):
                    name = path.relative_to(ROOT / package).as_posix()
                    found.setdefault(name, []).append(node.lineno)
    return found


def test_files_are_written_by_the_one_helper_or_named_here_with_the_reason():
    found = written_by_name()
    others = {
        name: lines
        for name, lines in found.items()
        if name not in OTHERS and not name.startswith(STAGED)
    }
    assert others == {}
    assert OTHERS.keys() - found.keys() == set(), "named here, but write nothing by name"


def test_what_writes_by_name_would_be_found():
    for line in (
        "p.write_text('x')",
        "open(p, 'w')",
        "p.open('xb')",
        "p.open(mode='a')",
        "fig.savefig(path)",
        "torch.save(state, path)",
        "np.savez(path, a=1)",
        "Image.fromarray(x).save(folder / 'x.png')",
    ):
        assert writes(ast.parse(line).body[0].value), line
    for line in (
        "write_text(p, 'x')",
        "p.open('rb')",
        "fig.savefig(file)",
        "x.save(buffer, 'PNG')",
    ):
        assert not writes(ast.parse(line).body[0].value), line
