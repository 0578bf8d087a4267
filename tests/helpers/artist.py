"""A generator and painter that notes what it is asked for, and something to send."""

import numpy as np

from gensc_models.baselines import Budget
from pdu_blocks import smooth_image

IMAGE = smooth_image(40, 56)
MASK = np.zeros((40, 56), bool)
MASK[:, 16:32] = True
CAPTION = "A red cat. It sits on the grass."
ROOM = Budget(1000, lambda n: 4 * n, lambda n: 8 * n)


class Artist:
    """Notes what it is asked for, and draws one colour: the seed."""

    name = "artist"

    def __init__(self):
        self.asked = []

    def generate(self, prompt, height, width, seed=0):
        self.asked.append((prompt, height, width, seed))
        return np.full((height, width, 3), seed, np.uint8)

    def paint(self, prompt, layout, mask, seed=0):
        self.asked.append((prompt, layout, mask, seed))
        return np.full(layout.shape, seed, np.uint8)
