"""The fair queue: whose turn it is, and who may share a batch."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from gensc.serve.fair_queue import MISFITS, SLACK, FairQueue


@dataclass(eq=False)
class Item:
    name: str
    cost: float = 1.0
    group: int = 0


def names(items: list[Item]) -> list[str]:
    return [item.name for item in items]


def filled(**users: list[Item]) -> FairQueue[Item]:
    queue: FairQueue[Item] = FairQueue()
    for user, items in users.items():
        for item in items:
            queue.put(user, item)
    return queue


def test_users_take_turns_and_each_keeps_its_own_order() -> None:
    queue = filled(
        ann=[Item("a1"), Item("a2"), Item("a3")], bob=[Item("b1")], eve=[Item("e1"), Item("e2")]
    )
    order = [queue.take(1, 9)[0].name for _ in range(6)]
    assert order == ["a1", "b1", "e1", "a2", "e2", "a3"]


def test_a_flood_delays_a_latecomer_by_no_more_than_one_turn() -> None:
    queue = filled(flood=[Item(f"f{i}") for i in range(100)])
    queue.take(10, 99)
    queue.put("late", Item("late"))
    assert "late" in names(queue.take(2, 99))


def test_an_expensive_user_waits_for_its_share() -> None:
    queue = filled(
        big=[Item(f"big{i}", cost=10) for i in range(3)], small=[Item(f"s{i}") for i in range(30)]
    )
    served = [queue.take(1, 99)[0].name for _ in range(24)]
    assert [i for i, name in enumerate(served) if name.startswith("big")] == [0, 11, 22]


def test_idling_earns_no_credit() -> None:
    queue = filled(busy=[Item(f"b{i}") for i in range(20)])
    for _ in range(10):
        queue.take(1, 9)
    for i in range(10):
        queue.put("sleeper", Item(f"s{i}"))
    served = "".join(queue.take(1, 9)[0].name[0] for _ in range(8))
    assert served in ("sbsbsbsb", "bsbsbsbs")


def test_a_batch_holds_one_group_led_by_whose_turn_it_is() -> None:
    queue = filled(
        ann=[Item("a1", group=1), Item("a2", group=2)],
        bob=[Item("b2", group=2), Item("b1", group=1)],
    )
    assert names(queue.take(8, 99)) == ["a1", "b1"]
    assert names(queue.take(8, 99)) in (["a2", "b2"], ["b2", "a2"])
    assert queue.take(8, 99) == []


def test_a_batch_is_bounded_by_count_and_by_cost_but_never_empty() -> None:
    queue = filled(ann=[Item("huge", cost=50), *(Item(f"a{i}", cost=4) for i in range(9))])
    assert names(queue.take(8, 10)) == ["huge"]
    assert len(queue.take(8, 10)) == 2
    assert len(queue.take(1, 10)) == 1


def test_what_was_taken_in_vain_is_next_again() -> None:
    queue = filled(ann=[Item("a1"), Item("a2")], bob=[Item("b1"), Item("b2")])
    first = queue.take(1, 9)[0]
    queue.put_back("ann", first)
    assert queue.take(1, 9)[0] is first


def test_users_who_left_leave_nothing_behind() -> None:
    queue: FairQueue[Item] = FairQueue()
    for i in range(1000):
        queue.put(f"user {i}", Item("once"))
        queue.take(1, 9)
    assert len(queue._meters) <= 1


def test_users_who_left_are_forgotten_while_others_stay() -> None:
    queue = filled(stays=[Item(f"s{i}") for i in range(3000)])
    for i in range(3000):
        queue.put(f"user {i}", Item("once"))
        queue.take(2, 9)
    assert len(queue._meters) <= 4 * SLACK


def test_requests_that_come_and_go_unserved_leave_nothing_behind() -> None:
    queue = filled(ann=[Item("a1")])
    for _ in range(5000):
        item = Item("gone")
        queue.put("bob", item)
        queue.remove("bob", item)
    assert len(queue._order) <= 2 + 2 * SLACK
    assert names(queue.take(9, 9)) == ["a1"]


def test_a_batch_goes_as_it_is_when_many_do_not_fit() -> None:
    others = [(f"user {i:03}", Item(f"o{i}", group=1)) for i in range(3 * MISFITS)]
    queue = filled(ann=[Item("a1")])
    for user, item in others:
        queue.put(user, item)
    queue.put("zoe", Item("z1"))
    assert names(queue.take(8, 99)) == ["a1"]
    # Those who were passed over stand where they stood.
    assert names(queue.take(8, 99)) == [f"o{i}" for i in range(8)]


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 2)), max_size=60))
def test_the_lowest_meter_is_next_whatever_came_and_went(steps: list[tuple[str, int]]) -> None:
    queue: FairQueue[Item] = FairQueue()
    waiting: dict[str, list[Item]] = {user: [] for user in "abcd"}
    for user, what in steps:
        if what == 0 and waiting[user]:
            assert queue.remove(user, waiting[user].pop())
        elif what == 1 and len(queue):
            meters = [queue._meters[u] + (u,) for u in "abcd" if waiting[u]]
            (item,) = queue.take(1, 99)
            assert waiting[min(meters)[2]].pop(0) is item
        else:
            waiting[user].append(Item(user))
            queue.put(user, waiting[user][-1])
    assert len(queue) == sum(map(len, waiting.values()))


costs = st.sampled_from((1.0, 2.0, 5.0))


@given(
    st.lists(st.lists(costs, min_size=30, max_size=30), min_size=2, max_size=5), st.integers(1, 4)
)
def test_users_who_always_want_something_get_equal_cost(
    users: list[list[float]], limit: int
) -> None:
    queue = filled(**{str(u): [Item(str(u), cost) for cost in c] for u, c in enumerate(users)})
    served = dict.fromkeys(map(str, range(len(users))), 0.0)
    for _ in range(5):
        for item in queue.take(limit, 1e9):
            served[item.name] += item.cost
        # Within one item of the largest cost, whatever the costs are.
        assert max(served.values()) - min(served.values()) <= 5.0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2), costs), max_size=40))
def test_nothing_is_lost_and_nothing_comes_twice(entries: list[tuple[str, int, float]]) -> None:
    queue: FairQueue[Item] = FairQueue()
    items = [(user, Item(user, cost, group)) for user, group, cost in entries]
    for user, item in items:
        queue.put(user, item)
    removed = items[::4]
    assert all(queue.remove(user, item) for user, item in removed)
    assert not any(queue.remove(user, item) for user, item in removed)
    assert queue.cost == sum(item.cost for _, item in items) - sum(i.cost for _, i in removed)
    taken: list[Item] = []
    while batch := queue.take(3, 6.0):
        assert len({item.group for item in batch}) == 1
        taken += batch
    assert len(queue) == 0
    assert queue.cost == 0
    left = [item for i, (_, item) in enumerate(items) if i % 4]
    assert {id(i) for i in taken} == {id(i) for i in left}
    assert len(taken) == len(left)
