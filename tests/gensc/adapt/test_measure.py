"""gensc.adapt.measure, importance and family_file: real bytes, real pixels, once."""

import numpy as np
import pytest
from PIL import Image

from gensc.adapt.family_file import load_family, save_family
from gensc.adapt.importance import InformationImportance, MapFolder
from gensc.adapt.measure import measure
from gensc.system.errors import UserError
from gensc_models.semantics.filtering import on_blocks
from pdu_blocks import smooth_image
from small_bank import SmallBank

BANK = SmallBank()
ALPHAS = (0.0, 0.25, 0.5, 0.75)


class Ramp:
    """Importance rising from left to right."""

    name = "ramp"

    def __call__(self, image, stem):
        return np.tile(np.arange(image.shape[1] // 16, dtype=float), (image.shape[0] // 16, 1))


def photo(seed=0):
    noise = np.random.default_rng(seed).integers(0, 40, (48, 80, 3))
    return (smooth_image(48, 80, seed).astype(int) * 3 // 4 + noise).astype(np.uint8)


PHOTOS = [("a", photo(1)), ("b", photo(2))]


@pytest.fixture(scope="module")
def measured():
    return measure(BANK, Ramp(), PHOTOS, BANK.points, ALPHAS)


def test_bits_are_those_of_the_containers(measured):
    keep = Ramp()(PHOTOS[1][1], "b") / 4 >= 0.5
    assert measured.bits[1, 2, 2] == 8 * len(BANK.encode(PHOTOS[1][1], 3, keep).data)
    assert measured.bits[0, 0, 0] == 8 * len(BANK.encode(PHOTOS[0][1], 1).data)
    assert (np.diff(measured.expected_bits, axis=1) < 0).all()


def test_errors_are_those_of_the_pixels_sent(measured):
    image = PHOTOS[0][1]
    decoded = BANK.decode(BANK.encode(image, 2).data).image[:, 48:].astype(float)
    assert measured.mse[0, 1, 3] == pytest.approx(np.square(decoded - image[:, 48:]).mean())
    assert (np.diff(measured.mse.mean(axis=0)[:, 0]) > 0).all()


def test_gvif_is_1_for_everything_at_the_finest_point_and_falls_with_both(measured):
    assert measured.gvif[:, 0, 0] == pytest.approx(1.0)
    assert (np.diff(measured.gvif, axis=1) < 0).all()
    assert (np.diff(measured.gvif, axis=2) < 0).all()


def test_a_subset_of_the_points_still_refers_to_the_finest_one(measured):
    part = measure(BANK, Ramp(), PHOTOS, (2, 4), ALPHAS)
    np.testing.assert_allclose(part.gvif, measured.gvif[:, [1, 3]])
    assert part.points == (2, 4)


def test_it_tells_how_far_it_is_and_where_the_figures_come_from():
    notes = []
    family = measure(BANK, Ramp(), PHOTOS, (1, 4), ALPHAS, notes.append)
    assert notes == ["a point 1", "a point 4", "b point 1", "b point 4"]
    assert family.source == "small 000000000000, 2 images, ramp, at most 80x48 pixels"


def test_nothing_to_measure_is_refused():
    with pytest.raises(ValueError, match="nothing to measure"):
        measure(BANK, Ramp(), [], (1,), ALPHAS)


# ---------------------------------------------------------------- importance


def test_the_information_importance_prefers_what_is_rich_in_detail():
    image = np.full((48, 80, 3), 128, np.uint8)
    image[16:32, 32:48] = np.random.default_rng(0).integers(0, 255, (16, 16, 3))
    blocks = on_blocks(InformationImportance(BANK)(image, ""), 48, 80)
    assert np.unravel_index(blocks.argmax(), blocks.shape) == (1, 2)
    assert (np.sort(blocks.ravel())[:-1] == 0).all()


def test_maps_are_found_by_the_images_name(tmp_path):
    Image.fromarray(np.array([[0, 255]], np.uint8)).save(tmp_path / "cat.png")
    maps = MapFolder(tmp_path)
    assert maps(photo(), "cat").tolist() == [[0.0, 255.0]]
    with pytest.raises(UserError, match="no map called dog"):
        maps(photo(), "dog")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"bad\.png"):
        maps(photo(), "bad")


# ---------------------------------------------------------------- family_file


def test_measurements_survive_their_file(measured, tmp_path):
    save_family(measured, tmp_path / "measured.npz")
    again = load_family(tmp_path / "measured.npz")
    assert (again.points, again.source) == (measured.points, measured.source)
    for name in ("alphas", "bits", "gvif", "mse"):
        np.testing.assert_array_equal(getattr(again, name), getattr(measured, name))


@pytest.mark.parametrize("content", [b"", b"junk", b"PK\x03\x04 not a zip"])
def test_a_file_that_holds_no_measurements_is_one_line(tmp_path, content):
    path = tmp_path / "measured.npz"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"measured\.npz") as refused:
        load_family(path)
    assert "\n" not in str(refused.value)


def test_measurements_that_cannot_be_are_refused_with_the_files_name(measured, tmp_path):
    path = tmp_path / "measured.npz"
    values = {name: getattr(measured, name) for name in ("alphas", "bits", "gvif", "source")}
    np.savez(path, points=measured.points, mse=-measured.mse, **values)
    with pytest.raises(UserError, match=r"measured\.npz.*not negative"):
        load_family(path)
    with pytest.raises(UserError, match="No such file"):
        load_family(tmp_path / "nowhere.npz")
