"""Sources of importance of other people, by the name of their file."""

import numpy as np
import pytest

from gensc_models.catalogue.importance import choices, load_importance, names_a_source

SOURCES = """
import numpy as np

class Red:
    def __call__(self, image):
        return image[..., 0]

class Thin:
    def __call__(self, image):
        return np.ones(3)

class Fails:
    def __call__(self, image):
        return image["red"]
"""


@pytest.fixture
def named(tmp_path):
    (tmp_path / "own.py").write_text(SOURCES)
    return lambda name: f"{tmp_path}/own.py:{name}"


def test_a_map_of_any_range_is_brought_to_0_to_1(named):
    image = np.zeros((16, 32, 3), np.uint8)
    image[:8, :, 0] = 200
    source = load_importance(named("Red"))
    assert source.name == "Red"
    values = source(image)
    assert values.dtype == np.float32
    assert np.array_equal(values, np.repeat(np.float32([[1], [0]]), 8, axis=0).repeat(32, axis=1))
    assert names_a_source(named("Red"))
    assert "file.py:NAME" in choices()


@pytest.mark.parametrize(
    ("name", "line"), [("Thin", r"\(3,\) or not finite"), ("Fails", r"IndexError: .*own\.py, line")]
)
def test_what_returns_no_map_is_one_line(named, name, line):
    with pytest.raises(ValueError, match=f"^importance '{name}'.*{line}"):
        load_importance(named(name))(np.zeros((16, 32, 3), np.uint8))
