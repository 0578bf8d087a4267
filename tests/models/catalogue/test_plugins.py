"""Classes of other people by name: entry points and files, and one line for whatever is wrong."""

import sys

import numpy as np
import pytest

from gensc_models import Codec, WeightsError, load_codec
from gensc_models.catalogue import plugins
from gensc_models.catalogue.shared import shared_codec

CODEC = """
import numpy as np
from beside import LEVEL

class Flat:
    def encode_image(self, image, rate, snr_db):
        return np.ones(rate, complex)

    def decode_image(self, received):
        return np.full((received.height, received.width, 3), LEVEL, np.uint8)

class Raises:
    def __init__(self):
        raise RuntimeError("no such thing")
    encode_image = decode_image = None

class Half:
    def encode_image(self, image, rate, snr_db): ...

def make():
    flat = Flat()
    flat.name = "made"
    return flat
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "beside.py").write_text("LEVEL = 77\n")
    (tmp_path / "own.py").write_text(CODEC)
    yield tmp_path / "own.py"
    sys.modules.pop("beside", None)


@pytest.fixture
def package(tmp_path, monkeypatch, file):
    """An installed package with entry points."""
    info = tmp_path / "other-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[gensc.codecs]\nflat = own:Flat\nhalf = own:Half\nbroken = own:Missing\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("own", None)


def test_a_class_of_a_file_is_a_codec_and_may_import_what_lies_beside_it(file):
    codec = load_codec(f"{file}:Flat")
    assert isinstance(codec, Codec)
    assert codec.name == "Flat"
    sent = codec.encode_image(np.zeros((16, 16, 3), np.uint8), 4, 10.0)
    assert codec.decode_image(sent.received(sent.symbols, np.ones(4))).max() == 77
    assert str(file.parent) not in sys.path


def test_a_function_of_a_file_makes_a_codec(file):
    assert load_codec(f"{file}:make").name == "made"


def test_an_entry_point_of_an_installed_package_is_a_codec(package):
    assert load_codec("flat").name == "flat"
    assert set(plugins.installed(plugins.CODEC)) >= {"flat", "half", "broken"}


def test_all_who_name_the_same_share_one_and_a_changed_file_is_read_again(file):
    first = shared_codec(f"{file}:Flat")
    assert shared_codec(file.parent / "own.py:Flat") is first
    file.write_text(CODEC.replace("np.ones(rate", "np.ones(1"))
    second = shared_codec(f"{file}:Flat")
    assert second is not first
    assert second.sha256 != first.sha256


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (
            "own.py:Flatt",
            r"own\.py: no 'Flatt' in it \(there is .*own\.py:Flat, .*own\.py:Raises\)",
        ),
        ("own.py", r"own\.py: which class of it\? \(there is .*own\.py:Flat"),
        ("own.py:Raises", r"RuntimeError: no such thing \(own\.py, line 14\)$"),
        ("own.py:Half", "no method decode_image$"),
        ("none.py:Flat", r"none\.py: No such file or directory$"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line(file, name, line):
    with pytest.raises(WeightsError, match=line) as caught:
        load_codec(str(file.parent / name))
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_run_is_one_line_and_can_be_mended(file):
    file.write_text("import numpy\nimport nothing_of_this_name\n")
    with pytest.raises(WeightsError, match=r"own\.py: ModuleNotFoundError: .* \(own\.py, line 2\)"):
        load_codec(f"{file}:Flat")
    file.write_text("def f(:\n")
    with pytest.raises(WeightsError, match=r"own\.py: SyntaxError"):
        load_codec(f"{file}:Flat")
    file.write_text(CODEC)
    assert load_codec(f"{file}:Flat").name == "Flat"


def test_what_is_wrong_with_a_package_is_one_line(package):
    with pytest.raises(WeightsError, match="codec 'broken' of own:Missing: AttributeError"):
        load_codec("broken")
    with pytest.raises(WeightsError, match="codec 'half': no method decode_image"):
        load_codec("half")


def test_a_misspelt_name_lists_what_there_is(package):
    with pytest.raises(WeightsError, match=r"no codec called 'flatt' .*softcast.* flat, half"):
        load_codec("flatt")
