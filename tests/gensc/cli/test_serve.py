"""`gensc serve` as a user meets it: one line when it is ready, Ctrl-C, one-line mistakes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from gensc.cli.main import run
from gensc.serve import Client, Section, Status

SECTION = Section(0x7B4B, 32, 32, 32, 7, np.ones(128), np.full(128, 0.1))


@contextmanager
def serve() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running `gensc serve` and its address."""
    code = "from gensc.cli.main import main; main()"
    arguments = ["serve", "--address", "tcp://127.0.0.1:*", "--model", "softcast", "--workers", "1"]
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as process:
        try:
            assert process.stderr is not None
            ready = process.stderr.readline()
            line = r"serving softcast \(7b4b\) on (tcp://\S+:\d+); Ctrl-C ends\n"
            found = re.fullmatch(line, ready)
            assert found, ready
            yield process, found[1]
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_end_and_says_what_it_did(number: signal.Signals) -> None:
    with serve() as (process, address):
        with Client(address, "ann", timeout_s=20) as client:
            answer = client.decode(SECTION)
            assert answer.status is Status.OK
            assert answer.image.shape == (32, 32, 3)
        process.send_signal(number)
        assert process.wait(20) == 0
        assert process.stderr is not None
        # On a busy machine lines about its state come before.
        assert process.stderr.read().splitlines()[-2:] == [
            "stopping: 0 images are finished first",
            "stopped: 0 users, 0 waiting, 1 image (0.0/s), 1.0 a batch",
        ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--address", "nonsense"], "gensc: nonsense: Invalid argument"),
        (["--model", "nothing"], "no worker could be started: no codec called 'nothing'"),
        (["--max-batch", "0"], "--max-batch"),
        (["--queue", "0"], "--queue"),
    ],
)
def test_a_users_mistake_is_one_line_and_exit_status_2(
    arguments: list[str], says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["serve", "--workers", "1", *arguments]) == 2
    captured = capfd.readouterr()
    assert says in captured.err
    assert len(captured.err.splitlines()) == 1
    assert captured.out == ""
