"""What has left is counted in whole images and bursts."""

import numpy as np
import pytest

from gensc.link.blocks import Seen
from gensc.transmitter.gone import Gone
from gensc_phy.waveform.config import WaveformConfig
from gnuradio.gensc.metadata import Metadata

CONFIG = WaveformConfig()
BURST = CONFIG.burst_len(100) + CONFIG.gap


def burst(image_id: int, fragment: int = 0, section: str = "analog", stream: int = 0) -> Seen:
    meta = Metadata(1, image_id, section=section, stream=stream, fragment=fragment)
    return Seen(meta, np.zeros(100, np.complex64), 0.0)


def made(*bursts: Seen) -> Gone:
    gone = Gone(CONFIG)
    for one in bursts:
        gone.add(one)
    return gone


def test_everything_has_left_where_nobody_says_otherwise() -> None:
    gone = made(burst(0), burst(0, 1), burst(1), burst(1, 1))
    assert gone.within(None) == (2, 4, 4 * BURST)
    assert made().within(None) == (0, 0, 0)


@pytest.mark.parametrize(
    ("samples", "images", "bursts"),
    [
        (0, 0, 0),
        (BURST, 0, 1),
        (2 * BURST - CONFIG.gap, 1, 2),
        (3 * BURST, 1, 3),
        (9 * BURST, 2, 4),
    ],
)
def test_an_image_has_left_when_its_last_burst_has(samples: int, images: int, bursts: int) -> None:
    gone = made(burst(0), burst(0, 1), burst(1), burst(1, 1))
    assert gone.within(samples)[:2] == (images, bursts)


def test_copies_of_one_image_are_counted_one_by_one() -> None:
    once = [burst(7, 0, "bits"), burst(7), burst(7, 1), burst(7, 0, "bits", 1)]
    assert made(*once, *once, *once).within(None)[0] == 3


def test_a_caption_that_comes_after_the_next_image_is_its_own_images() -> None:
    gone = made(burst(1), burst(2), burst(1, 0, "text"), burst(2, 0, "text"))
    assert gone.within(None)[0] == 2
    assert gone.within(3 * BURST)[0] == 1
