"""GenED-SC through GNU Radio: the same channels for all, and what is lost counts as grey."""

import numpy as np
import pytest

from gened_sets import marked, two_photos
from gensc.bench.gened import flowgraph
from gensc.bench.gened.flowgraph import FlowgraphPlan, losses, through_gnuradio
from gensc.link.reception import Reception
from gensc.results.result import Result, Symbols
from gensc.system.errors import UserError
from gensc_models.metrics.fidelity import mask_psnr

PLAN = FlowgraphPlan(2, ("awgn", "fading"), (32,), (0, 10))


class Runner:
    """Shows every image as it is, but loses all at 0 dB and has no room for the one in a suit."""

    seeds: list

    def __init__(self, model, rate):
        if model == "missing":
            raise UserError("no weights called 'missing'")
        self.model = model

    def send(self, image, name, *, snr_db, channel, seed):
        self.seeds.append((self.model, name, channel, snr_db, seed))
        if name == "suit":
            raise UserError("use a higher rate")
        shown = None if snr_db == 0 else image
        return Reception(name, image, shown, channel, snr_db, Symbols(analog=90, digital=6), seed)

    def result(self, got, effort):
        return Result(got.name, got.original.shape, self.model, got.channel, got.symbols,
                      "flowgraph", received=got.image is not None)  # fmt: skip


@pytest.fixture
def sent(monkeypatch):
    Runner.seeds = []
    monkeypatch.setattr(flowgraph, "LinkRunner", Runner)
    models = {"gened": "ours", "other": "missing", "swinjscc": "theirs"}
    return through_gnuradio(two_photos(), models, PLAN, 1)


def test_a_lost_photo_and_one_that_cannot_be_sent_count_as_grey(sent):
    points, _ = sent
    (point,) = points.of(scheme="gened", channel="awgn", snr_db=0)
    grey = np.full((96, 128, 3), 128, np.uint8)
    both = [mask_psnr(i.photo, grey, i.foreground) for i in two_photos().photos]
    assert (point.lost, point.images) == (2, 2)
    assert point.foreground_psnr == pytest.approx(np.mean(both))
    assert losses(points) == "lost and counted as grey: gened 6, swinjscc 6"


def test_symbols_are_those_that_went_on_the_air(sent):
    points, _ = sent
    faces = [one for one in points.scored if one.image == marked().name]
    assert {(one.counts.analog, one.counts.side) for one in faces} == {(90, 6)}


def test_all_schemes_meet_the_same_channels(sent):
    drawn = {model: {s[1:] for s in Runner.seeds if s[0] == model} for model in ("ours", "theirs")}
    assert drawn["ours"] == drawn["theirs"]
    assert len({seed for *_, seed in drawn["ours"]}) == 4, "one for each photo and SNR"


def test_every_photo_on_the_air_has_a_line_under_its_scheme(sent):
    points, _ = sent
    assert len(points.lines) == 2 * 4
    assert {line.scheme for line in points.lines} == {"gened", "swinjscc"}


def test_a_scheme_that_cannot_be_had_is_named(sent):
    points, missing = sent
    assert points.schemes() == ["gened", "swinjscc"]
    assert missing == {"GNU Radio: other": "no weights called 'missing'"}
