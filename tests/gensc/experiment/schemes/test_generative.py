"""Text alone: what is drawn of a caption that arrives whole, and what it costs."""

import numpy as np

from gensc.experiment.schemes.generative import Generative
from gensc_models.baselines import CaptionOnly

PHOTO = np.zeros((48, 64, 3), np.uint8)


class Captioner:
    name = "captioner"

    def caption(self, image, path=""):
        return "ein Kätzchen"


class Painter:
    name = "painter"

    def generate(self, prompt, height, width, seed=0):
        return np.full((height, width, 3), len(prompt), np.uint8)


class Broken:
    name = "broken"

    def generate(self, prompt, height, width, seed=0):
        raise RuntimeError("no memory")


def test_the_whole_caption_is_drawn_and_its_bytes_are_counted():
    drawn, bits = Generative(CaptionOnly(Painter()), captioner=Captioner()).drawn(PHOTO)
    assert drawn.shape == PHOTO.shape
    assert (drawn == len("ein Kätzchen")).all()
    assert bits == 8 * len("ein Kätzchen".encode())


def test_a_pipeline_that_fails_leaves_grey():
    drawn, bits = Generative(CaptionOnly(Broken()), captioner=Captioner()).drawn(PHOTO)
    assert (drawn == 128).all()
    assert bits > 0
