"""attack: every port bears hostile messages, and each of them is accounted for."""

import random

import pytest

from gensc.trials.robust.attack import attack
from gensc.trials.robust.hostile import hostile, mutated
from gensc.trials.robust.ports import PORTS


@pytest.mark.parametrize("port", PORTS, ids=lambda port: port.name)
def test_a_port_bears_what_it_is_sent(port):
    told = attack(port, 1500)
    assert not told.crashed
    assert told.alive
    assert told.unaccounted == 0, told
    assert told.dropped > 500
    assert told.after_mib - told.before_mib < 64


def test_messages_are_hostile_in_every_way_and_the_same_for_a_seed():
    def some(seed):
        return list(hostile(500, [b"good", b"better"], bytes.upper, seed))

    assert some(1) == some(1)
    assert some(1) != some(2)
    kinds = {message.kind for message in some(1)}
    assert kinds == {"random", "replayed", "in parts", "mutated", "mutated, sealed"}
    assert all(message.parts[0] for message in some(1)), "an empty one ends a stream"


def test_a_mutated_message_is_seldom_what_it_was():
    generator = random.Random(0)
    assert sum(mutated(generator, b"abcdefgh" * 9) != b"abcdefgh" * 9 for _ in range(100)) > 95
