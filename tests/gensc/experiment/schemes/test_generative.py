"""Text, bits and latents of the generative baselines over a channel, in the symbols granted."""

import numpy as np
import pytest

from gensc.experiment.scheme import Picture
from gensc.experiment.schemes.generative import Generative, costs
from gensc.experiment.ways import load_way
from gensc_models.baselines import Transmission
from gensc_phy.coding.mcs import ROBUST_MCS

CAPTION = "A red boat on a calm lake. Trees behind it."
BITS = bytes(range(40))
PICTURE = Picture("boat", np.full((32, 48, 3), 90, np.uint8), CAPTION)


class Drawing:
    """Sends what it is given to send, and notes what arrives; or fails to draw."""

    scheme = name = "drawing"

    def __init__(self, fails=False, **parts):
        rng = np.random.default_rng(1)
        symbols = (rng.standard_normal((500, 2)) @ [1, 1j] / np.sqrt(2)).astype(np.complex64)
        whole = {"text": CAPTION, "bits": BITS, "symbols": symbols}
        self.sent, self.fails = Transmission(32, 48, **(whole | parts)), fails

    def send(self, image, caption, mask, budget):
        assert (caption, mask.shape) == (CAPTION, image.shape[:2])
        return self.sent

    def receive(self, reception, seed=0):
        if self.fails:
            raise RuntimeError("no memory")
        self.told = reception
        return PICTURE.pixels


def through(baseline, snr_db, keep=lambda sections: sections, text_mcs=ROBUST_MCS):
    """What was sent of the picture, and what is made of it."""
    scheme = Generative(baseline, text_mcs=text_mcs)
    sent = scheme.send(PICTURE, 10_000, snr_db)
    heard = load_way("torch").carry(sent, "awgn", snr_db, 1).sections
    return sent, scheme.receive(keep(heard))


@pytest.mark.parametrize("snr_db", [2.0, 8.0, 15.0])
def test_all_sections_arrive_in_the_symbols_that_they_are_said_to_cost(snr_db):
    baseline = Drawing()
    sent, got = through(baseline, snr_db)
    told = baseline.told
    assert (told.text, told.bits, told.height, told.width) == (CAPTION, BITS, 32, 48)
    assert sent.symbols.payload == baseline.sent.cost(costs(10_000, snr_db, ROBUST_MCS))
    error = np.mean(np.abs(told.symbols - baseline.sent.symbols) ** 2)
    assert error == pytest.approx(10 ** (-snr_db / 10), rel=0.15)
    assert told.noise_var == pytest.approx(10 ** (-snr_db / 10))
    assert (got.text, got.events) == (CAPTION, {"text": "exact"})
    assert (got.image == PICTURE.pixels).all()


@pytest.mark.parametrize("missing", ["text", "bits", "symbols"])
def test_a_section_that_is_not_sent_costs_nothing_and_is_not_received(missing):
    baseline = Drawing(**{missing: {"text": "", "bits": b"", "symbols": np.zeros(0)}[missing]})
    sent, _ = through(baseline, 20.0)
    assert sent.symbols.payload == baseline.sent.cost(costs(10_000, 20.0, ROBUST_MCS))
    assert len(getattr(baseline.told, missing)) == 0
    others = {"text", "bits", "symbols"} - {missing}
    assert all(len(getattr(baseline.told, other)) for other in others)


def test_what_is_damaged_is_not_handed_on():
    baseline = Drawing()
    scheme = Generative(baseline)
    sent = scheme.send(PICTURE, 10_000, 20.0)
    scheme.receive(load_way("torch").carry(sent, "awgn", -15.0, 1).sections)
    assert (baseline.told.text, baseline.told.bits) == ("", b"")


@pytest.mark.parametrize("lost", [0, -1])
def test_bits_survive_the_loss_of_either_copy(lost):
    baseline = Drawing()

    def keep(sections):
        copies = [s for s in sections if s.kind == "bits"]
        assert len(copies) == 2
        return [s for s in sections if s is not copies[lost]]

    through(baseline, 2.0, keep)
    assert baseline.told.bits == BITS


def test_a_picture_that_a_pipeline_fails_to_draw_is_lost_and_why_is_said():
    _, got = through(Drawing(fails=True), 20.0)
    assert got.image is None
    assert got.events == {"lost": "RuntimeError: no memory"}
