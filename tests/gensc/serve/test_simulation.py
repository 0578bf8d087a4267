"""The service on paper: where queueing theory knows the answer, the model gives it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc.serve import ServiceConfig
from gensc.serve.scenario import Outcome, Scenario, Stages, jain
from gensc.serve.simulation import Simulation

PIXELS = 1 << 16
STAGES = Stages(request=0.002, answer=0.003, passes=((1, 0.05), (2, 0.09)))
#: A front that costs nothing.
BARE = replace(STAGES, request=0.0, answer=0.0)
ALONE = ServiceConfig(max_batch=1, max_wait_ms=0.0)


def run(
    stages: Stages, config: ServiceConfig | None = None, seed: int = 0, **scenario: float
) -> Outcome:
    told = {"users": 1, "think_s": 0.0, "replicas": 1, "pixels": PIXELS, "seconds": 100.0}
    return Simulation(stages, Scenario(**{**told, **scenario}), config, seed).run()  # type: ignore[arg-type]  # counts are whole


def test_a_user_alone_waits_for_every_stage_and_for_nothing_else() -> None:
    outcome = run(STAGES)
    assert outcome.images_per_s == pytest.approx(1 / 0.055, rel=1e-3)
    assert outcome.percentile_ms(50) == pytest.approx(55.0)
    assert (outcome.busy, outcome.fairness) == (0, pytest.approx(1.0))


def test_a_service_that_never_rests_gives_what_its_replicas_can() -> None:
    full = run(BARE, users=30, replicas=3)
    assert full.images_per_s == pytest.approx(3 * 2 / 0.09, rel=0.01)
    assert full.replica_s / full.seconds == pytest.approx(3, rel=0.01)
    assert full.images / full.batches == pytest.approx(2, rel=0.01)


def test_replicas_on_fewer_cores_share_them() -> None:
    shared = run(BARE, users=40, replicas=4, cores=2.0)
    assert shared.images_per_s == pytest.approx(2 * 2 / 0.09, rel=0.01)


def test_a_front_on_the_same_cores_takes_its_time_from_the_replicas() -> None:
    # 5 ms of front and 45 ms of replica for every image, two cores.
    shared = run(STAGES, users=40, replicas=2, cores=2.0)
    assert shared.images_per_s == pytest.approx(2 / 0.05, rel=0.02)


def test_more_replicas_than_the_front_can_feed_bring_nothing() -> None:
    outcome = run(STAGES, users=400, replicas=64, seconds=30.0)
    assert outcome.images_per_s == pytest.approx(1 / 0.005, rel=0.02)
    assert outcome.front_s / outcome.seconds == pytest.approx(1.0, rel=0.01)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_random_arrivals_wait_as_pollaczek_and_khinchine_say(load: float) -> None:
    service = 0.05
    users, think = 4000, 4000 * service / load
    outcome = run(BARE, ALONE, users=users, think_s=think, seconds=1500.0)
    mean = sum(outcome.latency_s) / len(outcome.latency_s)
    assert mean == pytest.approx(service + load * service / (2 * (1 - load)), rel=0.08)


def test_who_is_told_busy_comes_back_but_the_queue_alone_is_fair() -> None:
    limits = ServiceConfig(queue_total=2, max_wait_ms=0.0)
    outcome = run(BARE, limits, users=20, seconds=200.0)
    assert outcome.busy > 100
    assert outcome.images_per_s == pytest.approx(2 / 0.09, rel=0.15)
    # One who has just been served asks first: a queue too short for all users is unfair to them.
    assert outcome.fairness < 0.8
    assert run(BARE, users=20, seconds=200.0).fairness > 0.999


def test_users_who_flood_the_service_keep_nobody_waiting_for_long() -> None:
    few = run(BARE, users=20, think_s=10.0, replicas=2, seconds=300.0)
    flooded = run(BARE, users=20, think_s=10.0, replicas=2, seconds=300.0, floods=3)
    # A pass that has begun, and a turn of the others: not the 192 images that the three keep here.
    assert flooded.percentile_ms(99) < few.percentile_ms(99) + 4 * 90
    assert flooded.images > 5 * few.images


@settings(max_examples=12)
@given(
    users=st.integers(1, 40),
    replicas=st.integers(1, 5),
    think_s=st.sampled_from((0.0, 0.1, 3.0)),
    cores=st.sampled_from((None, 1.0, 2.5)),
    total=st.sampled_from((1, 5, 4096)),
)
def test_every_image_is_waited_for_once(
    users: int, replicas: int, think_s: float, cores: float | None, total: int
) -> None:
    limits = ServiceConfig(queue_total=total)
    scenario = Scenario(users, think_s, replicas, PIXELS, 5.0, cores)
    outcome = Simulation(STAGES, scenario, limits, 3).run()
    waiting = len(outcome.latency_s) - outcome.images
    assert 0 <= waiting <= users
    assert min(outcome.latency_s, default=0.0) >= 0
    assert outcome.replica_s <= replicas * outcome.seconds * (1 + 1e-9)
    assert outcome.images <= 2 * outcome.batches
    again = Simulation(STAGES, scenario, limits, 3).run()
    assert again.latency_s == outcome.latency_s


def test_between_measured_batches_a_pass_is_interpolated_and_beyond_in_proportion() -> None:
    stages = Stages(0.0, 0.0, ((1, 1.0), (4, 2.5)))
    assert [stages.decode(n) for n in (1, 3, 4, 8)] == [1.0, 2.0, 2.5, 5.0]


def test_jain_is_one_for_equals_and_one_of_n_for_a_single_winner() -> None:
    assert jain([0.5] * 7) == pytest.approx(1.0)
    assert jain([3.0, 0, 0, 0]) == pytest.approx(0.25)
    assert jain([0.0, 0.0]) == jain([]) == 1.0
