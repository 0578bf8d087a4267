"""The service without sockets or processes: the test decides when a batch ends and how."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc.serve import Answer, Refused, Service, ServiceConfig, Source, Status, Ticket
from serve_fakes import PATIENCE_S, HandRunner, picture, request, settle

CONFIG = ServiceConfig(max_batch=4, max_wait_ms=0, queue_per_user=8, restart_wait_s=0)


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, PATIENCE_S))


async def started(runners: int = 1, **limits: Any) -> tuple[Service, list[HandRunner]]:
    hands = [HandRunner() for _ in range(runners)]
    service = Service(hands, replace(CONFIG, **limits))
    await service.start()
    return service, hands


async def stopped(service: Service, hands: list[HandRunner]) -> None:
    """Stop, finishing whatever still runs."""
    stop = asyncio.create_task(service.stop())
    while not stop.done():
        await settle()
        for hand in hands:
            if hand.running:
                hand.finish()
    await stop
    assert service.pending == 0
    assert service.stats.answered.total() == service.stats.accepted


def test_an_image_comes_back_with_its_latency_per_stage() -> None:
    async def story() -> None:
        service, (hand,) = await started()
        ticket = service.accept(request("ann", 7, 42))
        assert await hand.next() == [7]
        hand.finish()
        answer = await ticket
        assert answer.status is Status.OK
        assert answer.request_id == 42
        assert answer.image.tobytes() == picture(ticket.request)
        assert answer.times.batch == 1
        assert answer.times.decode == 0.001
        assert 0 <= answer.times.queued <= answer.times.total
        await stopped(service, [hand])

    run(story())


# -- batches


def test_what_waits_while_the_model_is_busy_becomes_one_batch_of_one_group() -> None:
    async def story() -> None:
        service, (hand,) = await started()
        service.accept(request("ann", 1))
        assert await hand.next() == [1]
        for number in (2, 3, 4):
            service.accept(request("ann", number))
        service.accept(request("ann", 5, height=9))
        service.accept(request("ann", 6, rate=2))
        service.accept(request("ann", 7))
        hand.finish()
        assert await hand.next() == [2, 3, 4, 7]
        hand.finish()
        assert await hand.next() == [5]
        hand.finish()
        assert await hand.next() == [6]
        await stopped(service, [hand])
        assert (service.stats.batches, service.stats.images) == (4, 7)

    run(story())


def test_large_images_make_smaller_batches() -> None:
    async def story() -> None:
        service, (hand,) = await started(max_batch_pixels=12)
        service.accept(request("ann", 1))
        await hand.next()
        for number in (2, 3, 4):
            service.accept(request("ann", number))
        hand.finish()
        assert await hand.next() == [2, 3]  # 6 pixels each
        await stopped(service, [hand])

    run(story())


async def served(service: Service, hand: HandRunner, user: str, number: int) -> None:
    """One request from asking to answer."""
    ticket = service.accept(request(user, number))
    assert await hand.next() == [number]
    hand.finish()
    await ticket


# So long that only an event can end the wait within a test's patience.
FOR_EVER = 1e6


def test_an_idle_worker_waits_for_company_until_the_batch_is_full() -> None:
    async def story() -> None:
        service, (hand,) = await started(max_wait_ms=FOR_EVER)
        await served(service, hand, "bob", 0)
        for number in (1, 2, 3):
            service.accept(request("ann", number))
        await settle()
        assert hand.batches.empty()
        service.accept(request("ann", 4))
        assert await hand.next() == [1, 2, 3, 4]
        await stopped(service, [hand])

    run(story())


def test_it_does_not_wait_once_all_users_of_late_are_there() -> None:
    async def story() -> None:
        service, (hand,) = await started(max_wait_ms=FOR_EVER)
        await served(service, hand, "bob", 0)
        service.accept(request("ann", 1))
        await settle()
        assert hand.batches.empty()
        service.accept(request("bob", 2))
        assert await hand.next() == [1, 2]
        await stopped(service, [hand])

    run(story())


def test_a_user_alone_never_waits_for_company() -> None:
    async def story() -> None:
        service, (hand,) = await started(max_wait_ms=FOR_EVER)
        for number in range(3):
            await served(service, hand, "ann", number)
        await stopped(service, [hand])

    run(story())


def test_an_idle_worker_waits_no_longer_than_it_is_told() -> None:
    async def story() -> None:
        service, (hand,) = await started(max_wait_ms=1)
        await served(service, hand, "bob", 0)
        await served(service, hand, "ann", 1)
        await stopped(service, [hand])

    run(story())


@pytest.mark.parametrize(
    ("least_pixels", "batches"), [(1, [[1, 2], [3, 4]]), (18, [[1, 2, 3], [4]])]
)
def test_idle_workers_share_what_waits_unless_a_share_is_too_small(
    least_pixels: int, batches: list[list[int]]
) -> None:
    async def story() -> None:
        service, (one, two) = await started(
            runners=2, max_wait_ms=FOR_EVER, min_share_pixels=least_pixels
        )
        await served(service, one, "bob", 0)
        for number in (1, 2, 3, 4):
            service.accept(request("ann", number))  # 6 pixels each
        assert sorted([await one.next(), await two.next()]) == batches
        await stopped(service, [one, two])

    run(story())


# -- fairness and back-pressure


def test_a_user_with_one_request_is_in_the_next_batch_whatever_others_queued() -> None:
    async def story() -> None:
        service, (hand,) = await started()
        service.accept(request("flood", 1))
        await hand.next()
        for number in range(2, 9):
            service.accept(request("flood", number))
        service.accept(request("late", 100))
        service.accept(request("later", 101))
        hand.finish()
        assert {100, 101} < set(await hand.next())
        await stopped(service, [hand])

    run(story())


def test_a_full_queue_answers_busy_at_once_with_a_time_to_come_back() -> None:
    async def story() -> None:
        service, (hand,) = await started(queue_per_user=3)
        tickets = [service.accept(request("ann", number)) for number in range(3)]
        with pytest.raises(Refused) as refused:
            service.accept(request("ann", 3))
        assert refused.value.status is Status.BUSY
        assert refused.value.retry_after_s > 0
        service.accept(request("bob", 3))  # others have room
        await hand.next()
        hand.finish()
        await tickets[0]
        service.accept(request("ann", 4))  # and so has she, after an answer
        await stopped(service, [hand])
        assert service.stats.turned_away == Counter({Status.BUSY: 1})

    run(story())


def test_the_queue_is_bounded_over_all_users_too() -> None:
    async def story() -> None:
        service, (hand,) = await started(queue_total=5)
        for number in range(5):
            service.accept(request(f"user {number}", number))
        with pytest.raises(Refused, match="5 requests are waiting"):
            service.accept(request("one more", 5))
        await stopped(service, [hand])

    run(story())


@pytest.mark.parametrize(
    ("shape", "weights", "reason"),
    [({"height": 3000, "width": 3000}, 1, "3000x3000"), ({}, 9, "no codec with weights 0009")],
)
def test_what_cannot_be_served_is_refused_with_the_reason(
    shape: dict[str, int], weights: int, reason: str
) -> None:
    async def story() -> None:
        service, (hand,) = await started()
        asked = request("ann", 1, **shape)
        with pytest.raises(Refused, match=reason) as refused:
            service.accept(replace(asked, section=replace(asked.section, weights=weights)))
        assert refused.value.status is Status.REFUSED
        await stopped(service, [hand])

    run(story())


# -- work is never done twice


def test_identical_requests_under_way_share_one_computation() -> None:
    async def story() -> None:
        service, (hand,) = await started()
        first = service.accept(request("ann", 7, 1))
        await hand.next()
        second = service.accept(request("bob", 7, 2))  # while it is being computed
        third = service.accept(request("eve", 8, 3))
        fourth = service.accept(request("dan", 8, 4))  # while it is queued
        hand.finish()
        assert await hand.next() == [8]
        hand.finish()
        tickets = (first, second, third, fourth)
        answers = [await t for t in tickets]
        assert [a.request_id for a in answers] == [1, 2, 3, 4]
        assert [a.source for a in answers] == [Source.COMPUTED, Source.SHARED] * 2
        assert [a.payload for a in answers] == [
            picture(t.request) for t in (first, second, third, fourth)
        ]
        assert service.stats.images == 2
        await stopped(service, [hand])

    run(story())


def test_sharing_with_a_flood_does_not_mean_waiting_behind_it() -> None:
    async def story() -> None:
        service, (hand,) = await started(max_batch=1)
        service.accept(request("flood", 1))
        await hand.next()
        for number in range(2, 9):
            service.accept(request("flood", number))
        service.accept(request("late", 8))  # the flood's last one
        hand.finish()
        order = []
        for _ in range(2):
            order += await hand.next()
            hand.finish()
        assert 8 in order
        await stopped(service, [hand])

    run(story())


def test_a_repeated_request_is_answered_from_the_cache_even_when_the_queue_is_full() -> None:
    async def story() -> None:
        service, (hand,) = await started(queue_per_user=1)
        first = service.accept(request("ann", 7))
        await hand.next()
        hand.finish()
        await first
        service.accept(request("ann", 8))
        again = service.accept(request("ann", 7, 2))
        assert again.done
        answer = await again
        assert (answer.source, answer.request_id) == (Source.CACHED, 2)
        assert answer.payload == (await first).payload
        await stopped(service, [hand])

    run(story())


def test_without_a_cache_a_repeated_request_is_computed_again() -> None:
    async def story() -> None:
        service, (hand,) = await started(cache_bytes=0)
        for _ in range(2):
            ticket = service.accept(request("ann", 7))
            assert await hand.next() == [7]
            hand.finish()
            assert (await ticket).source is Source.COMPUTED
        await stopped(service, [hand])

    run(story())


# -- cancellation


def test_cancelled_while_queued_is_never_computed() -> None:
    async def story() -> None:
        service, (hand,) = await started()
        service.accept(request("ann", 1))
        await hand.next()
        ticket, other = service.accept(request("ann", 2)), service.accept(request("ann", 3))
        assert service.cancel(ticket)
        assert not service.cancel(ticket)
        assert (await ticket).status is Status.CANCELLED
        hand.finish()
        assert await hand.next() == [3]
        hand.finish()
        assert (await other).status is Status.OK
        assert not service.cancel(other)
        await stopped(service, [hand])

    run(story())


def test_cancelled_while_computed_is_answered_at_once_and_its_image_discarded_and_counted() -> None:
    async def story() -> None:
        service, (hand,) = await started()
        ticket = service.accept(request("ann", 1))
        await hand.next()
        service.cancel(ticket)
        assert (await ticket).status is Status.CANCELLED
        hand.finish()
        await settle()
        assert service.stats.discarded == 1
        # The work is not lost: who asks again finds it.
        assert (await service.accept(request("ann", 1))).source is Source.CACHED
        await stopped(service, [hand])

    run(story())


def test_cancelling_takes_nothing_from_others_who_asked_for_the_same() -> None:
    async def story() -> None:
        service, (hand,) = await started()
        service.accept(request("ann", 1))
        await hand.next()
        mine, theirs = service.accept(request("ann", 2)), service.accept(request("bob", 2))
        service.cancel(mine)
        hand.finish()
        assert await hand.next() == [2]
        hand.finish()
        assert (await theirs).status is Status.OK
        await stopped(service, [hand])

    run(story())


def test_cancelling_the_task_that_waits_cancels_the_request() -> None:
    async def story() -> None:
        service, (hand,) = await started()
        service.accept(request("ann", 1))
        await hand.next()
        task = asyncio.create_task(service.decode(request("ann", 2)))
        await settle()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert service.stats.answered[Status.CANCELLED] == 1
        hand.finish()
        await stopped(service, [hand])
        assert service.stats.images == 1

    run(story())


# -- workers that die


def test_the_batch_of_a_dead_worker_is_computed_again_before_anything_else() -> None:
    async def story() -> None:
        service, (hand,) = await started(max_batch=2)
        tickets = [service.accept(request("ann", n)) for n in (1, 2, 3)]
        assert await hand.next() == [1, 2]
        hand.die()
        assert await hand.next() == [1, 2]
        await stopped(service, [hand])
        assert [(await t).status for t in tickets] == [Status.OK] * 3
        assert hand.starts == 2
        assert (service.stats.worker_deaths, service.stats.requeued) == (1, 2)

    run(story())


def test_another_worker_takes_over_meanwhile() -> None:
    async def story() -> None:
        service, (one, two) = await started(runners=2, max_batch=1)
        first, second = service.accept(request("ann", 1)), service.accept(request("ann", 2))
        await one.next()
        await two.next()
        one.can_start = False
        one.die()
        two.finish()
        assert await two.next() == [1]
        two.finish()
        assert (await first).status is (await second).status is Status.OK
        await stopped(service, [one, two])

    run(story())


def test_a_section_that_kills_workers_is_left_alone_at_last_and_reported() -> None:
    async def story() -> None:
        service, (hand,) = await started(max_attempts=3)
        tickets = [service.accept(request("ann", n)) for n in (666, 1, 2)]
        outcomes = []
        while not all(t.done for t in tickets):
            batch = await hand.next()
            outcomes.append(batch)
            if 666 in batch:
                hand.die()
            else:
                hand.finish()
            await settle()
        answers = [await t for t in tickets]
        assert [a.status for a in answers] == [Status.FAILED, Status.OK, Status.OK]
        assert "killed by the test, 3 times" in answers[0].reason
        assert outcomes[:2] == [[666, 1, 2]] * 2
        assert all(len(batch) == 1 for batch in outcomes[2:])
        await stopped(service, [hand])

    run(story())


def test_when_no_worker_can_be_started_everyone_is_told() -> None:
    async def story() -> None:
        service, (hand,) = await started(max_restarts=2)
        tickets = [service.accept(request("ann", n)) for n in range(6)]
        await hand.next()
        hand.can_start = False
        hand.die()
        answers = [await t for t in tickets]
        assert {a.status for a in answers} == {Status.FAILED}
        with pytest.raises(Refused, match="no worker") as refused:
            service.accept(request("ann", 9))
        assert refused.value.status is Status.REFUSED
        await stopped(service, [hand])

    run(story())


# -- stopping


def test_a_graceful_stop_answers_what_was_accepted_and_accepts_nothing_more() -> None:
    async def story() -> None:
        service, (hand,) = await started(max_wait_ms=FOR_EVER)
        await served(service, hand, "bob", 9)
        tickets = [service.accept(request("ann", n)) for n in range(3)]
        stop = asyncio.create_task(service.stop())
        await settle()
        with pytest.raises(Refused) as refused:
            service.accept(request("bob", 9))
        assert refused.value.status is Status.STOPPING
        assert await hand.next() == [0, 1, 2]  # without waiting for company
        hand.die()  # and even if a worker dies on the way
        assert await hand.next() == [0, 1, 2]
        hand.finish()
        await stop
        assert [(await t).status for t in tickets] == [Status.OK] * 3

    run(story())


def test_a_stop_at_once_says_so_to_everyone() -> None:
    async def story() -> None:
        service, (hand,) = await started(max_batch=2)
        tickets = [service.accept(request("ann", n)) for n in range(5)]
        await hand.next()
        await service.stop(drain=False)
        assert {(await t).status for t in tickets} == {Status.STOPPING}
        assert service.stats.answered == Counter({Status.STOPPING: 5})

    run(story())


# -- exactly once, whatever happens in whatever order

USERS = ("ann", "bob", "eve")
steps = st.one_of(
    st.tuples(st.just("ask"), st.sampled_from(USERS), st.integers(0, 9)),
    st.tuples(st.just("cancel"), st.integers(0, 40)),
    st.tuples(st.sampled_from(("finish", "die")), st.integers(0, 1)),
)


@given(st.lists(steps, max_size=60), st.booleans())
@settings(max_examples=300, deadline=None)
def test_every_accepted_request_is_answered_exactly_once(
    story: list[tuple[Any, ...]], cached: bool
) -> None:
    async def play() -> None:
        service, hands = await started(2, cache_bytes=10000 if cached else 0, max_attempts=100)
        tickets: list[Ticket] = []
        answers: Counter[int] = Counter()
        cancelled: set[int] = set()

        async def wait_for(ticket: Ticket) -> None:
            answer = await ticket
            check(ticket, answer, answer.request_id in cancelled)
            answers[answer.request_id] += 1

        waiting = []
        for action, *args in story:
            if action == "ask":
                user, number = args
                try:
                    ticket = service.accept(request(user, number, len(tickets)))
                except Refused:
                    continue
                tickets.append(ticket)
                waiting.append(asyncio.create_task(wait_for(ticket)))
            elif action == "cancel" and args[0] < len(tickets):
                if service.cancel(tickets[args[0]]):
                    cancelled.add(args[0])
            elif action in ("finish", "die") and hands[args[0]].running:
                getattr(hands[args[0]], action)()
            await settle()
            assert service.stats.accepted == service.stats.answered.total() + service.pending
        await stopped(service, hands)
        await asyncio.gather(*waiting)
        assert answers == Counter(range(len(tickets)))
        assert service.stats.answered[Status.CANCELLED] == len(cancelled)
        sources = service.stats.sources
        assert service.stats.images == sources[Source.COMPUTED] + service.stats.discarded
        assert set(service.stats.turned_away) <= {Status.BUSY}

    run(play())


def check(ticket: Ticket, answer: Answer, cancelled: bool) -> None:
    if cancelled:
        assert answer.status is Status.CANCELLED
    else:
        assert answer.payload == picture(ticket.request)
