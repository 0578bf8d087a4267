"""The grid: every point once, equal channels for all, lost pictures counted, nothing by chance."""

from dataclasses import replace

import numpy as np
import pytest

from gensc.experiment.grid import Grid, Point, budget_of, collect, draw_seed, run
from gensc.experiment.rows import measured, row_of
from gensc.experiment.scheme import Picture, Received, Scheme, Section, Sent, best, lost
from gensc.experiment.schemes.load import load_scheme
from gensc.experiment.ways import load_way
from pdu_blocks import smooth_image


class Repeats(Scheme):
    """Sends ones and shows the mean noise: what the channel did, and nothing else."""

    def __init__(self, name="repeats", spends=1.0, refuses=()):
        self.name, self.spends, self.refuses = name, spends, refuses
        self.batches = []

    def send_many(self, pictures, budget, snr_db):
        self.batches.append(len(pictures))
        return super().send_many(pictures, budget, snr_db)

    def send(self, picture, budget, snr_db):
        if picture.name in self.refuses:
            raise ValueError("too few symbols")
        count = int(budget * self.spends)
        size = picture.pixels.shape[:2]
        return Sent((Section("analog", np.ones(count, np.complex64), *size, 1, count),))

    def receive(self, sections):
        section = best(sections, "analog")
        if section is None:
            return lost("nothing received")
        error = float(np.mean(np.abs(section.symbols - 1) ** 2))
        image = np.full((section.height, section.width, 3), 128 + 50 * error, np.uint8)
        return Received(image, {"first": complex(section.symbols[0])}, snr_db=section.snr_db)


PICTURES = [Picture(f"p{i}", smooth_image(32, 48, seed=i)) for i in range(3)]


def outcomes(grid, pictures=PICTURES, way="torch"):
    return collect(grid, pictures, load_way(way))


def test_every_point_is_run_once_on_every_picture_in_order():
    grid = Grid([Repeats("a"), Repeats("b")], ("awgn", "rayleigh"), (8, 16), (0.0, 10.0), (1, 2))
    found = [o.point.key(o.picture.name) for o in outcomes(grid)]
    assert found == [p.key(q.name) for q in PICTURES for p in grid.points()]
    assert len(found) == 3 * 2 * 2 * 2 * 2 * 2


def test_without_noise_the_snr_is_only_what_the_encoder_is_told():
    grid = Grid([Repeats()], ("none",), (8,), (0.0, 10.0))
    assert [p.snr_db for p in grid.points()] == [10.0]
    (one, *_) = outcomes(grid)
    assert row_of(one, load_way("torch"))["snr_db"] is None


def test_all_schemes_meet_the_same_noise_whatever_they_send():
    grid = Grid(
        [Repeats("all"), Repeats("half", 0.5)], ("awgn", "rayleigh", "fading"), (8,), (5.0,)
    )
    for channel in grid.channels:
        first = {
            o.received.events["first"] for o in outcomes(grid) if o.point.channel == channel
            and o.picture.name == "p0"
        }  # fmt: skip
        assert len(first) == 1


def test_pictures_and_seeds_meet_noise_of_their_own():
    grid = Grid([Repeats()], ("awgn",), (8,), (5.0,), (1, 2))
    firsts = [o.received.events["first"] for o in outcomes(grid)]
    assert len(set(firsts)) == len(firsts)
    assert draw_seed(1, "a") != draw_seed(2, "a") != draw_seed(1, "b")


def test_batches_change_no_figure():
    def rows(batch):
        scheme = Repeats()
        grid = Grid([scheme], ("rayleigh",), (8,), (5.0,), batch=batch, metrics=("psnr",))
        found = [(o.picture.name, o.metrics["psnr"]) for o in outcomes(grid)]
        return found, scheme.batches

    one, several = rows(1), rows(2)
    assert one[0] == several[0]
    assert (one[1], sorted(several[1])) == ([1, 1, 1], [1, 2])


def test_what_cannot_be_sent_is_lost_and_shown_as_grey():
    grid = Grid([Repeats(refuses=("p1",))], rates=(8,), snrs_db=(5.0,), batch=3)
    found = {o.picture.name: o for o in outcomes(grid)}
    assert [found[n].shown for n in ("p0", "p1", "p2")] == [True, False, True]
    row = row_of(found["p1"], load_way("torch"))
    assert row["lost"] == "not sent: too few symbols"
    assert row["received"] is False
    grey = np.mean((PICTURES[1].pixels.astype(float) - 128) ** 2)
    assert row["psnr"] == pytest.approx(10 * np.log10(255**2 / grey), abs=1e-3)


def test_rows_that_are_there_are_not_run_again():
    grid = Grid([Repeats()], rates=(8,), snrs_db=(0.0, 5.0))
    whole = {o.point.key(o.picture.name): o.metrics for o in outcomes(grid)}
    done = set(list(whole)[:4])
    rest = {}
    run(grid, PICTURES, load_way("torch"),
        lambda o: rest.update({o.point.key(o.picture.name): o.metrics}), done)  # fmt: skip
    assert rest == {k: v for k, v in whole.items() if k not in done}


def test_points_that_are_not_wanted_are_left_out():
    grid = Grid([Repeats()], ("awgn", "rayleigh"), (8,), (0.0, 5.0),
                wanted=lambda p: p.channel == "awgn" or p.snr_db == 5.0)  # fmt: skip
    assert [(p.channel, p.snr_db) for p in grid.points()] == [
        ("awgn", 0.0), ("awgn", 5.0), ("rayleigh", 5.0),
    ]  # fmt: skip


def test_images_are_kept_only_where_they_are_wanted():
    grid = Grid([Repeats()], rates=(8,), snrs_db=(0.0, 5.0), kept=lambda p, q: p.snr_db == 5.0)
    assert {(o.point.snr_db, o.received.image is None) for o in outcomes(grid)} == {
        (0.0, True), (5.0, False),
    }  # fmt: skip


@pytest.mark.parametrize(("height", "width", "symbols"), [(16, 16, 8), (17, 16, 16), (1, 1, 8)])
def test_the_budget_counts_started_blocks(height, width, symbols):
    assert budget_of(np.zeros((height, width, 3), np.uint8), 8) == symbols


def test_keys_name_everything_a_point_is():
    point = Point("a", "", "awgn", 8, 5.0, 1)
    assert len({point.key("x"), point.key("y"), Point("a", "", "awgn", 8, 5.0, 2).key("x")}) == 3


def test_the_mask_of_a_sender_stands_beside_that_of_the_picture():
    class Left(Repeats):
        def send(self, picture, budget, snr_db):
            mask = np.zeros(picture.pixels.shape[:2], bool)
            mask[:, :24] = True
            return replace(super().send(picture, budget, snr_db), mask=mask)

    whole = replace(PICTURES[0], mask=np.ones((32, 48), bool))
    grid = Grid([Left(), Repeats("b")], ("none",), (8,), (10.0,))
    rows = measured(grid, [whole, PICTURES[1]], load_way("torch"))
    assert [row.get("mask_iou") for row in rows] == [0.5, None, None, None]


class Tells(Repeats):
    """Told which SNR it was sent at by what the channel did to it."""

    def variants(self, channel):
        return [Setting("low"), Setting("high")]


class Setting(Repeats):
    def __init__(self, setting):
        super().__init__()
        self._setting = setting

    @property
    def setting(self):
        return self._setting


def test_a_grid_may_ask_for_some_settings_alone():
    grid = Grid([Tells()], ("awgn", "rayleigh"), (8,), (0.0,),
                wanted=lambda p: p.setting == "high" or p.channel == "awgn")  # fmt: skip
    assert {(p.channel, p.setting) for p in grid.points()} == {
        ("awgn", "low"), ("awgn", "high"), ("rayleigh", "high")
    }  # fmt: skip


def test_beside_a_waveform_stands_what_torch_gives_at_the_snr_it_measured():
    grid = Grid([load_scheme("softcast")], ("awgn", "rayleigh"), (64,), (6.0,), beside=True)
    way = load_way("bursts")
    large = [Picture(f"p{i}", smooth_image(256, 384, seed=i)) for i in range(3)]
    rows = [row_of(outcome, way) for outcome in collect(grid, large, way)]
    assert len({r["snr_measured_db"] for r in rows}) == len(rows) == 6
    for row in rows:
        assert row["psnr"] == pytest.approx(row["psnr_torch"], abs=0.7)
        assert row["error_ratio"] == pytest.approx(1.0, abs=0.15)
    assert "psnr_torch" not in row_of(outcomes(Grid([Repeats()]))[0], load_way("torch"))
