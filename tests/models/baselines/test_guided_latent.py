"""A latent image over a noisy channel, denoised from the step that has as much noise.

The pipeline here knows its latents exactly: they are Gaussian with a known variance for every
frequency, so that its denoiser is the best there is.
"""

from itertools import pairwise

import numpy as np
import pytest

from gensc_models.baselines import Budget, GuidedLatent, Reception
from gensc_models.baselines.guided_latent import edge_cells
from gensc_models.baselines.latent_symbols import of_frequencies, of_symbols, to_frequencies
from gensc_models.codecs.layout import SideInfo
from pdu_blocks import smooth_image

SHAPE = (3, 16, 16)
HEIGHT, WIDTH = 32, 32
MASK = np.zeros((HEIGHT, WIDTH), bool)
CAPTION = "A red cat. It sits on the grass."
VALUES = int(np.prod(SHAPE))
# Steep, as that of photos: with a mean of one.
SQUARE = np.arange(16) % 8
POWER = np.broadcast_to(1.0 / (0.05 + SQUARE[:, None] ** 2 + SQUARE[None, :] ** 2), SHAPE)
POWER = POWER / POWER.mean()


def drawn(seed):
    # Unlike any stream that the receiver draws from.
    rng = np.random.default_rng((seed, 7))
    return of_frequencies(np.sqrt(POWER) * rng.standard_normal(SHAPE))


class Gaussian:
    """Latents are twice as coarse as pixels and hold 1/40 of a grey level each."""

    name = "gaussian"
    levels = np.geomspace(1e-3, 200.0, 1000)

    def __init__(self, by_outlines=False, steps=60):
        self.by_outlines, self.steps = by_outlines, steps
        self.asked, self.visited = [], []

    def shape(self, height, width):
        return 3, height // 2, width // 2

    def picture(self, latents):
        pixels = np.clip(128 + 16 * latents, 0, 255).transpose(1, 2, 0)
        return np.round(pixels).astype(np.uint8).repeat(2, axis=0).repeat(2, axis=1)

    def encode(self, image):
        return (image[::2, ::2].transpose(2, 0, 1) - 128.0) / 16

    def step_of(self, variance):
        return int(min(np.searchsorted(self.levels, variance), len(self.levels) - 1))

    def denoise(self, noisy, step, prompt, height, width, correct=None, lines=None, seed=0):
        self.asked.append((step, prompt, lines))
        steps = np.unique(np.linspace(step, 0, self.steps).astype(int))[::-1]
        levels = [*self.levels[steps], 0.0]
        latents = noisy
        for now, then in pairwise(levels):
            x = to_frequencies(latents)
            clean = x * POWER / (POWER + now)
            latents = of_frequencies(clean + np.sqrt(then / now) * (x - clean))
            if then and correct is not None:
                latents = correct(latents, then)
                self.visited.append((then, latents))
        return self.picture(latents)


def budget(symbols, text=4, bits=8):
    return Budget(symbols, lambda n: text * n, lambda n: bits * n)


def transfer(image, symbols, noise_var, seed=5, pipeline=None):
    """The picture received over white noise, and the pipeline."""
    pipeline = pipeline or Gaussian()
    scheme = GuidedLatent(pipeline)
    sent = scheme.send(image, CAPTION, MASK, budget(symbols, text=0))
    assert len(sent.symbols) == symbols
    assert np.mean(np.abs(sent.symbols) ** 2) == pytest.approx(1.0, rel=1e-5)
    variance = np.broadcast_to(np.float32(noise_var), symbols)
    rng = np.random.default_rng(seed)
    noise = (rng.standard_normal((symbols, 2)) @ [1, 1j]) * np.sqrt(np.minimum(variance, 1e3) / 2)
    got = Reception(HEIGHT, WIDTH, sent.text, sent.bits, sent.symbols + noise, variance, sent.aux)
    return scheme.receive(got, seed), pipeline


def error(image, picture):
    return np.mean((Gaussian().encode(image) - Gaussian().encode(picture)) ** 2)


@pytest.fixture(scope="module")
def images():
    return [Gaussian().picture(drawn(seed)) for seed in range(6)]


def mean_error(images, symbols, noise_var, **options):
    return np.mean(
        [
            error(image, transfer(image, symbols, noise_var, seed, **options)[0])
            for seed, image in enumerate(images)
        ]
    )


def test_the_model_starts_at_the_step_that_is_as_noisy_as_the_channel(images):
    image = images[0]
    for snr_db in (0.0, 10.0, 20.0):
        noise_var = 10 ** (-snr_db / 10)
        _, pipeline = transfer(image, VALUES // 2, noise_var)
        latents = pipeline.encode(image)
        step, prompt, _ = pipeline.asked[0]
        assert prompt == CAPTION
        level = np.mean(latents**2) * noise_var
        assert pipeline.levels[step] == pytest.approx(level, rel=0.03)


def test_denoising_removes_most_of_what_the_channel_added(images):
    noise_var = 0.3
    added = noise_var * np.mean([np.mean(Gaussian().encode(image) ** 2) for image in images])
    assert mean_error(images, VALUES // 2, noise_var) < 0.6 * added


def test_less_noise_and_more_symbols_are_better(images):
    errors = [mean_error(images, VALUES // 2, noise_var) for noise_var in (1.0, 0.1, 0.01)]
    assert errors == sorted(errors, reverse=True)
    errors = [mean_error(images, count, 0.1) for count in (40, VALUES // 4, VALUES // 2, VALUES)]
    assert errors == sorted(errors, reverse=True)


def test_without_noise_the_picture_is_the_one_that_was_sent(images):
    picture, _ = transfer(images[0], VALUES // 2, 0.0)
    assert error(images[0], picture) < 2e-3


def arrived(noise_var):
    """Frequencies of which something arrives when so many symbols have these variances."""
    seen = of_symbols(np.ones(len(noise_var)), noise_var, 1.0, SHAPE)
    return np.isfinite(seen.variance)


def test_frequencies_that_were_not_sent_are_made_up_and_the_others_kept(images):
    count = VALUES // 8
    picture, pipeline = transfer(images[0], count, 1e-4)
    assert pipeline.asked[0][0] == len(pipeline.levels) - 1
    other, _ = transfer(images[0], count, 1e-4, seed=6)
    truth, one, two = (to_frequencies(pipeline.encode(x)) for x in (images[0], picture, other))
    sent = arrived(np.ones(count))
    assert np.mean((truth - one)[sent] ** 2) < 1e-3 * np.mean(truth[sent] ** 2)
    # What is made up has the power that such frequencies have, and is another for another seed.
    assert np.mean(one[~sent] ** 2) == pytest.approx(np.mean(truth[~sent] ** 2), rel=0.5)
    assert np.mean((one - two)[~sent] ** 2) > np.mean(one[~sent] ** 2)


def test_erasures_cost_what_they_carried_and_nothing_else(images):
    noise_var = np.full(VALUES // 2, 0.01, np.float32)
    noise_var[50:120] = np.inf
    there = arrived(noise_var)
    assert np.count_nonzero(~there) == 140
    truth, erased, whole = (
        to_frequencies(Gaussian().encode(picture))
        for picture in (
            images[0],
            transfer(images[0], VALUES // 2, noise_var)[0],
            transfer(images[0], VALUES // 2, 0.01)[0],
        )
    )
    errors = [np.mean((truth - found)[there] ** 2) for found in (erased, whole)]
    assert errors[0] == pytest.approx(errors[1], rel=0.3)
    assert np.mean((truth - erased)[~there] ** 2) > 10 * errors[0]


def test_every_step_has_the_noise_that_the_model_expects(images):
    noise_var = np.full(VALUES // 2, 0.02, np.float32)
    noise_var[::2] = 1.0
    _, pipeline = transfer(images[0], VALUES // 2, noise_var)
    clean = pipeline.encode(images[0])
    for level, latents in pipeline.visited:
        if level > 0.02 * np.mean(clean**2) * 1.2:
            # Half of the frequencies are held; the model has already denoised some of the others.
            assert np.mean((latents - clean) ** 2) < 1.25 * level + 0.2


def test_the_budget_is_used_up_and_never_exceeded():
    image = smooth_image(HEIGHT, WIDTH)
    for by_outlines in (False, True):
        scheme = GuidedLatent(Gaussian(by_outlines))
        for symbols in (40, 300, 1000, 3000):
            room = budget(symbols)
            sent = scheme.send(image, CAPTION, MASK, room)
            assert sent.cost(room) == symbols
            assert len(sent.symbols) >= symbols // 2


def test_a_caption_takes_at_most_half_and_edges_what_is_left_of_that():
    image = smooth_image(HEIGHT, WIDTH)
    image[8:24, 8:24] = 255 - image[8:24, 8:24]
    scheme = GuidedLatent(Gaussian(by_outlines=True))
    edges = 8 * len(scheme.send(image, CAPTION, MASK, budget(3000)).bits)
    assert edges > 0
    caption = 4 * len(CAPTION)
    both = budget(2 * (caption + edges))
    sent = scheme.send(image, CAPTION, MASK, both)
    assert (sent.text, 8 * len(sent.bits)) == (CAPTION, edges)
    less = budget(2 * (caption + edges) - 2)
    sent = scheme.send(image, CAPTION, MASK, less)
    assert (sent.text, sent.bits) == (CAPTION, b"")
    little = budget(100)
    assert scheme.send(image, CAPTION, MASK, little).text == "A red cat."


def test_edges_are_sent_to_pipelines_that_draw_along_them_alone():
    image = smooth_image(HEIGHT, WIDTH)
    image[8:24, 8:24] = 255 - image[8:24, 8:24]
    without, within = (GuidedLatent(Gaussian(by_outlines=flag)) for flag in (False, True))
    assert without.send(image, CAPTION, MASK, budget(3000)).bits == b""
    sent = within.send(image, CAPTION, MASK, budget(3000))
    within.receive(sent.intact(0.1))
    lines = within.pipeline.asked[0][2]
    assert lines.shape == (HEIGHT, WIDTH)
    assert np.array_equal(lines[::4, ::4], edge_cells(image))
    within.receive(Reception(HEIGHT, WIDTH, "", b"", sent.symbols, np.ones(len(sent.symbols))))
    assert within.pipeline.asked[1][1:] == ("", None)
    assert "text and edges" in within.name
    assert "edges" not in without.name


def test_equal_seeds_give_equal_pictures(images):
    pictures = [transfer(images[0], 100, 0.1, seed)[0] for seed in (1, 1, 2)]
    assert np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])


def test_what_makes_no_sense_is_refused(images):
    scheme = GuidedLatent(Gaussian())
    with pytest.raises(ValueError, match="expected uint8"):
        scheme.send(images[0].astype(float), CAPTION, MASK, budget(100))
    with pytest.raises(ValueError, match="0 symbols"):
        scheme.send(images[0], CAPTION, MASK, budget(0))
    aux = SideInfo(1.0, 0.0).pack()
    with pytest.raises(ValueError, match="0 symbols"):
        scheme.receive(Reception(HEIGHT, WIDTH, CAPTION, aux=aux))
