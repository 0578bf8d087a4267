"""Worker processes: what they compute, and what becomes of those that die or hang."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from gensc.serve import ProcessRunner, Service, ServiceConfig, Status
from gensc.serve.runner import WorkerDied, WorkerStartError
from serve_fakes import PATIENCE_S, picture, request


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, PATIENCE_S))


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_worker_decodes_batches_in_order_until_it_is_closed() -> None:
    async def story() -> None:
        runner = ProcessRunner("serve_fakes:Painter")
        await runner.start()
        pid = runner.pid
        assert pid is not None
        assert pid != os.getpid()
        assert runner.models == {1: "painter"}
        for numbers in ([3, 1, 2], [7], list(range(100))):
            batch = [request("ann", n) for n in numbers]
            seconds, results = await runner.run(batch)
            assert results == [picture(r) for r in batch]
            assert seconds >= 0
        await runner.close()
        assert gone(pid)

    run(story())


def test_one_bad_section_does_not_spoil_its_batch() -> None:
    async def story() -> None:
        runner = ProcessRunner("serve_fakes:Moody")
        await runner.start()
        batch = [request("ann", n) for n in (1, 13, 2)]
        _, results = await runner.run(batch)
        assert results[0] == picture(batch[0])
        assert str(results[1]) == "thirteen is not decoded"
        assert results[2] == picture(batch[2])
        await runner.close()

    run(story())


@pytest.mark.parametrize(
    ("number", "reason"), [(666, "process ended"), (99, "no answer from the worker in 0.2 s")]
)
def test_a_worker_that_dies_or_hangs_is_noticed_and_replaced(number: int, reason: str) -> None:
    async def story() -> None:
        runner = ProcessRunner("serve_fakes:Moody", batch_timeout_s=0.2)
        await runner.start()
        first = runner.pid
        assert first is not None
        with pytest.raises(WorkerDied, match=reason):
            await runner.run([request("ann", number)])
        assert gone(first)
        with pytest.raises(WorkerDied, match="not running"):
            await runner.run([request("ann", 1)])
        await runner.start()
        assert runner.pid != first
        assert (await runner.run([request("ann", 1)]))[1] == [picture(request("ann", 1))]
        await runner.close()

    run(story())


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("serve_fakes:NoModel", "no weights called 'nothing'"),
        ("serve_fakes:Nothing", "AttributeError"),
        ("no_such_module:Decoder", "No module named 'no_such_module'"),
    ],
)
def test_a_worker_that_cannot_start_says_why(target: str, reason: str) -> None:
    async def story() -> None:
        runner = ProcessRunner(target)
        with pytest.raises(WorkerStartError, match=reason):
            await runner.start()
        assert runner.pid is None

    run(story())


def test_an_accepted_image_survives_the_death_of_its_worker(tmp_path: Path) -> None:
    async def story() -> None:
        options = {"marker": str(tmp_path / "died")}
        service = Service([ProcessRunner("serve_fakes:DiesOnce", options)])
        await service.start()
        tickets = [service.accept(request("ann", n, n)) for n in range(40)]
        answers = [await ticket for ticket in tickets]
        assert [a.payload for a in answers] == [picture(t.request) for t in tickets]
        assert service.stats.worker_deaths == 1
        await service.stop()

    run(story())


def test_a_worker_killed_while_idle_costs_nobody_an_image() -> None:
    async def story() -> None:
        runner = ProcessRunner("serve_fakes:Painter")
        service = Service([runner], ServiceConfig(max_wait_ms=0))
        await service.start()
        assert (await service.decode(request("ann", 1))).status is Status.OK
        assert runner.pid is not None
        os.kill(runner.pid, signal.SIGKILL)
        assert (await service.decode(request("ann", 2))).status is Status.OK
        await service.stop()

    run(story())


def test_the_workers_end_with_the_service(tmp_path: Path) -> None:
    """Even with one that has no time to end them: they notice that it is gone."""
    script = (
        "import asyncio, sys\n"
        "from gensc.serve import ProcessRunner\n"
        "async def main():\n"
        "    runner = ProcessRunner('serve_fakes:Painter')\n"
        "    await runner.start()\n"
        "    print(runner.pid, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )

    async def story() -> None:
        import sys

        path = os.pathsep.join(p for p in sys.path if p)
        parent = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            script,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )
        assert parent.stdout is not None
        worker = int(await parent.stdout.readline())
        assert not gone(worker)
        parent.kill()
        # The pipe to the killed parent is inherited by the worker: it ends when both are gone.
        await parent.stdout.read()
        await parent.wait()

    run(story())
