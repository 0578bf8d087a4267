"""Maps and masks over images."""

import numpy as np

from gensc_models.semantics.overlays import blanked, heat_overlay, mask_overlay, outline


def test_a_heat_map_is_red_where_most_is_and_blue_where_least_is_and_the_photo_shows_through():
    image = np.full((16, 32, 3), 100, np.uint8)
    image[:8] = 200
    shown = heat_overlay(image, np.array([[0.2, 0.9]])).astype(int)
    assert shown.shape == (16, 32, 3)
    assert (shown[:, 0, 2] > shown[:, 0, 0]).all()
    assert (shown[:, -1, 0] > shown[:, -1, 2]).all()
    assert (shown[:8].mean() - shown[8:].mean()) > 30


def test_a_heat_map_of_equal_values_is_of_one_colour():
    shown = heat_overlay(np.full((8, 8, 3), 100, np.uint8), np.full((2, 2), 0.7))
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) == 1


def test_with_a_scale_equal_values_look_alike_in_every_map():
    image = np.full((8, 8, 3), 100, np.uint8)
    maps = [np.array([[0.25, 0.5]]), np.array([[0.25, 1.0]])]
    left = [heat_overlay(image, values, scale=(0.0, 1.0))[:, 0] for values in maps]
    assert np.array_equal(*left)
    beyond = heat_overlay(image, np.array([[-3.0, 7.0]]), scale=(0.0, 1.0))
    within = heat_overlay(image, np.array([[0.0, 1.0]]), scale=(0.0, 1.0))
    assert np.array_equal(beyond[:, [0, -1]], within[:, [0, -1]])


def test_a_mask_leaves_the_inside_as_it_is_and_takes_colour_and_light_from_the_outside():
    image = np.zeros((4, 8, 3), np.uint8)
    image[..., 0] = 200
    inside = np.zeros((4, 8), bool)
    inside[:, :4] = True
    shown = mask_overlay(image, inside)
    assert np.array_equal(shown[:, :4], image[:, :4])
    assert np.ptp(shown[:, 4:], axis=2).max() == 0
    assert shown[:, 4:].max() < 30


def test_a_line_runs_along_the_border_of_a_mask_on_both_sides():
    image = np.full((20, 20, 3), 100, np.uint8)
    inside = np.zeros((20, 20), bool)
    inside[:, 10:] = True
    drawn = (outline(image, inside, thickness=2) != image).any(axis=2)
    np.testing.assert_array_equal(np.flatnonzero(drawn[5]), [8, 9, 10, 11])


def test_what_is_outside_a_mask_is_white_and_the_rest_as_it_was():
    image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    inside = np.eye(4, dtype=bool)
    shown = blanked(image, inside)
    assert shown.dtype == np.uint8
    np.testing.assert_array_equal(shown[inside], image[inside])
    assert (shown[~inside] == 255).all()
