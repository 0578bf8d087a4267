"""The pointing game of class activation maps."""

import numpy as np
import pytest
import torch

from gensc_models.data.jpeg_pack import JpegPack
from gensc_models.metrics.pointing import mask_of, pointing
from gensc_models.semantics.importance.pixels import on_pixels
from pdu_blocks import smooth_image
from small_importance import CLASSES, classifier


def test_the_pointing_game_counts_maps_that_are_largest_inside_of_the_box():
    network = classifier()
    image = smooth_image(32, 32, 1)
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        largest = on_pixels(network.activation(pixels).maps[0, 1], 32, 32).argmax()
    row, column = divmod(int(largest), 32)
    there = [column, row, column, row]
    pack = JpegPack(np.stack([image] * 4), np.array([1, 1, 1, 1]), CLASSES)
    elsewhere, middle = [(column + 9) % 32, row, (column + 9) % 32, row], [15, 15, 17, 17]
    boxes = np.array([there, elsewhere, middle, [0, 0, 31, 31]])
    game = pointing(network, pack, boxes)
    hit = mask_of(boxes[2], 32, 32)[row, column]
    assert game.of_label == pytest.approx((1 + hit) / 3)
    assert game.images == 3
    assert game.middle >= 1 / 3
    with pytest.raises(ValueError, match="small enough to be missed"):
        pointing(network, JpegPack(pack.images[3:], pack.labels[3:], CLASSES), boxes[3:])
