"""What of the cluster needs no cluster; the rest is `gensc bench serve --cluster`."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc.cli.main import run
from gensc.serve import Request, Service, ServiceConfig, Status
from gensc.serve.cluster import ClusterRunner, check_reachable, complaint_in, decode_merged
from gensc.serve.runner import WorkerDied, WorkerStartError
from gensc.system.errors import UserError
from serve_fakes import Painter, picture, request


class Recorder(Painter):
    """Paints, and keeps the size of every pass."""

    def __init__(self) -> None:
        self.passes: list[int] = []

    def decode(self, batch: Sequence[Request]) -> list[bytes | ValueError]:
        assert len({r.section.group for r in batch}) == 1
        self.passes.append(len(batch))
        return super().decode(batch)


numbers = st.tuples(st.integers(0, 250), st.sampled_from([(2, 3), (4, 4)]))


@given(st.lists(st.lists(numbers, min_size=1, max_size=6), max_size=5), st.integers(1, 8))
@settings(deadline=None)
def test_merged_batches_give_each_its_own_results_in_order(
    asked: list[list[tuple[int, tuple[int, int]]]], max_batch: int
) -> None:
    batches = [
        [request("u", number, height=h, width=w) for number, (h, w) in batch] for batch in asked
    ]
    decoder = Recorder()
    got = decode_merged(decoder, batches, max_batch, 1 << 20)
    assert [results for _, results in got] == [[picture(r) for r in b] for b in batches]
    assert all(seconds > 0 for seconds, _ in got)
    assert max(decoder.passes, default=0) <= max_batch


def test_batches_of_several_fronts_share_a_pass() -> None:
    decoder = Recorder()
    decode_merged(decoder, [[request("a", 1)], [request("b", 2)], [request("c", 3)]], 32, 1 << 20)
    assert decoder.passes == [3]


def test_large_images_are_decoded_in_smaller_passes() -> None:
    decoder = Recorder()
    batch = [request("a", n, height=10, width=10) for n in range(5)]
    decode_merged(decoder, [batch], 32, 250)
    assert decoder.passes == [2, 2, 1]


class Method:
    """A remote method: each call does the next thing of a list; the last one for ever."""

    def __init__(self, *outcomes: Any) -> None:
        self._outcomes = list(outcomes)

    async def remote(self, *arguments: Any) -> Any:
        outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        if outcome == "hangs":
            await asyncio.Event().wait()
        return outcome(*arguments) if callable(outcome) else outcome


class Handle:
    """What Ray Serve gives: the replica's methods, somewhere else."""

    def __init__(self, decode: Method, models: Method | None = None) -> None:
        self.decode, self.models = decode, models or Method(Painter.models)


def paint(batch: Sequence[Request]) -> tuple[float, list[bytes | ValueError]]:
    return 0.001, Painter().decode(batch)


def died() -> Exception:
    return RuntimeError("The actor died unexpectedly.\n\tclass_name: Replica\n  it was killed")


def test_a_lost_replica_costs_no_image() -> None:
    async def story() -> None:
        runner = ClusterRunner(Handle(Method(died(), died(), paint)))
        service = Service([runner], ServiceConfig(restart_wait_s=0.0))
        await service.start()
        answers = await asyncio.gather(*(service.decode(request("ann", n)) for n in range(5)))
        assert [answer.status for answer in answers] == [Status.OK] * 5
        assert [answer.payload for answer in answers] == [
            picture(request("a", n)) for n in range(5)
        ]
        assert service.stats.worker_deaths == 2
        await service.stop()

    asyncio.run(asyncio.wait_for(story(), 20))


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [(died(), "it was killed"), ("hangs", "no answer"), ((0.1, []), "0 results for 1 requests")],
)
def test_no_answer_from_a_replica_is_a_lost_worker(outcome: Any, reason: str) -> None:
    runner = ClusterRunner(Handle(Method(outcome)), batch_timeout_s=0.05)
    with pytest.raises(WorkerDied, match=reason):
        asyncio.run(runner.run([request("ann", 1)]))


@pytest.mark.parametrize(
    ("outcome", "reason"), [(died(), "it was killed"), ("hangs", "no answer from the cluster")]
)
def test_no_replica_at_all_is_said_at_the_start(outcome: Any, reason: str) -> None:
    runner = ClusterRunner(Handle(Method(paint), Method(outcome)), start_timeout_s=0.05)
    with pytest.raises(WorkerStartError, match=reason):
        asyncio.run(runner.start())


def complaint(capfd: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["serve", "--address", "tcp://127.0.0.1:*", *arguments]) == 2
    captured = capfd.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    return captured.err


def test_without_ray_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert "pip install 'gr-gensc[cluster]'" in complaint(capfd, "--cluster")


def test_missing_weights_are_named_before_a_cluster_is_asked(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert "no codec called 'nothing'" in complaint(capfd, "--cluster", "--model", "nothing")


def test_what_a_replica_could_not_do_is_found_in_the_report() -> None:
    report = (
        "The deployment failed to start 1 times in a row. See controller or replica logs. Error:\n"
        "\x1b[36mray::ServeReplica:gensc:Replica.initialize_and_get_metadata()\x1b[39m (pid=7)\n"
        '  File "decoder.py", line 60, in __init__\n'
        '    raise WeightsError(f"{codec.name} and {other.name} have one {what}")\n'
        "gensc_models.weights.store.WeightsError: this and that have one fingerprint, 00ff\n"
    )
    assert complaint_in(report) == "this and that have one fingerprint, 00ff"
    assert complaint_in("Deploying.") == complaint_in("") == ""


def test_an_address_where_nobody_listens_is_named() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
        with pytest.raises(UserError, match=f"--ray {address}: no Ray cluster there"):
            check_reachable(address)
        probe.listen()
        check_reachable(address)
    check_reachable("auto")


def test_the_address_of_a_cluster_without_one_is_a_mistake(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert "--ray is only for --cluster" in complaint(capfd, "--ray", "auto")
