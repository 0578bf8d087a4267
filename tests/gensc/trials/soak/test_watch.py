"""What processes cost, by what the system says of them."""

import os
import subprocess
import sys
import time

from gensc.trials.soak.watch import Watch, children, cost_of


def test_this_process_has_memory_and_has_worked():
    mib, cpu_s = cost_of(os.getpid())
    assert mib > 5
    assert cpu_s > 0


def test_a_process_that_has_ended_costs_nothing():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert cost_of(ended.pid) is None


def test_what_a_process_has_started_is_counted_with_it():
    words = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as child:
        assert child.pid in children(os.getpid())
        watch = Watch({"own": os.getpid()}, 0.01)
        watch.start()
        deadline = time.monotonic() + 30
        while not watch.rows and time.monotonic() < deadline:
            time.sleep(0.01)
        watch.stop()
        child.stdin.close()
    assert watch.rows[0]["processes"] >= 2
