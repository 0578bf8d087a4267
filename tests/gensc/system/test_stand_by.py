"""A process that stands by: the work goes on after kill -9, and ends when it is told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

WORK = """
import os, signal, sys, time
from gensc.system.errors import UserError
from gensc.system.stand_by import stand_by
signal.signal(signal.SIGTERM, signal.default_int_handler)

def work():
    try:
        print("work", os.getpid(), flush=True)
        if len(sys.argv) > 1:
            if sys.argv[1] == "mistake":
                raise UserError("yours")
            return int(sys.argv[1])
        time.sleep(60)
    except KeyboardInterrupt:
        print("stopped", flush=True)
    return 5

sys.exit(stand_by(work, lambda line: print(line, flush=True)))
"""


@pytest.fixture
def work():
    started = []

    def start(*arguments):
        command = [sys.executable, "-c", WORK, *arguments]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def pid(process):
    word, number = process.stdout.readline().split()
    assert word == "work"
    return int(number)


def test_work_that_ends_by_itself_is_over_with_its_status(work):
    process = work("3")
    pid(process)
    assert process.wait(30) == 3


def test_a_mistake_is_one_line_and_status_2(work):
    process = work("mistake")
    pid(process)
    assert process.wait(30) == 2
    assert process.stdout.read() == "gensc: yours\n"


def test_work_that_is_killed_begins_again(work):
    process = work()
    seen = set()
    for _ in range(3):
        number = pid(process)
        assert number not in seen | {process.pid}
        seen.add(number)
        os.kill(number, signal.SIGKILL)
        assert process.stdout.readline() == "killed by signal 9: started again\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_work_is_told_to_stop(work, number):
    process = work()
    pid(process)
    process.send_signal(number)
    assert process.stdout.readline() == "stopped\n"
    assert process.wait(30) == 5


def test_the_work_ends_where_the_process_that_stands_by_is_killed(work):
    process = work()
    pid(process)
    process.kill()
    assert process.stdout.read() == "stopped\n"
