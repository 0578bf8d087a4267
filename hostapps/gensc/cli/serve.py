"""`gensc serve`: the receiver as a service for many users."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gensc.system.errors import UserError

if TYPE_CHECKING:
    from gensc.serve import ServiceConfig
    from gensc.serve.runner import Runner


def register(app: typer.Typer) -> None:
    """Add `serve`."""
    app.command("serve")(serve)


def serve(
    address: Annotated[
        str, typer.Option(help="ZeroMQ address to listen on; port * takes a free one.")
    ] = "tcp://127.0.0.1:5555",
    model: Annotated[
        list[str] | None,
        typer.Option(help="Codec to serve; may be given several times (default: all installed)."),
    ] = None,
    device: Annotated[str, typer.Option(help="Where models run: cpu, cuda, cuda:1 …")] = "cpu",
    workers: Annotated[
        int,
        typer.Option(
            min=0,
            help="Worker processes, or replicas on the cluster; 0: one per core, or per GPU.",
        ),
    ] = 0,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads of each worker.")] = 1,
    precision: Annotated[
        str,
        typer.Option(
            help="auto: bfloat16 where the processor multiplies it and no pixel changes by more "
            "than one level; or float32."
        ),
    ] = "auto",
    max_batch: Annotated[int, typer.Option(min=1, help="Most images decoded together.")] = 32,
    max_wait_ms: Annotated[
        float, typer.Option(min=0, help="How long an idle worker waits for company.")
    ] = 2.0,
    queue: Annotated[
        int, typer.Option(min=1, help="Unanswered images per user; one more is told to wait.")
    ] = 64,
    cache: Annotated[int, typer.Option(min=0, help="MiB of decoded images kept; 0: none.")] = 256,
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Decode on a Ray cluster (extra [cluster]).")
    ] = False,
    ray: Annotated[
        str,
        typer.Option(
            help="Address of the Ray cluster (default: RAY_ADDRESS, one on this machine, or a new "
            "one)."
        ),
    ] = "",
) -> None:
    """Decode received sections for many users at once; Ctrl-C finishes what is accepted."""
    import asyncio

    from gensc.serve import Server, Service, ServiceConfig
    from gensc.serve.forever import serve_until_signal
    from gensc.serve.runner import WorkerStartError
    from gensc.serve.status import StatusLine

    if ray and not cluster:
        raise UserError("--ray is only for --cluster")
    if precision not in ("auto", "float32"):
        raise UserError(f"--precision {precision}: must be auto or float32")
    options = {
        "models": model or [],
        "device": device,
        "threads": threads,
        "precision": precision,
    }
    config = ServiceConfig(
        max_batch=max_batch,
        max_wait_ms=max_wait_ms,
        queue_per_user=queue,
        cache_bytes=cache << 20,
    )

    def say(line: str) -> None:
        status.say(f"gensc: {line}")

    place = _on_cluster(ray, workers, options, config) if cluster else _here(workers, options)
    try:
        with place as runners:
            server = Server(Service(runners, config, say), address, say)
            status = StatusLine(server)
            asyncio.run(serve_until_signal(server, status))
    except WorkerStartError as error:
        raise UserError(f"no worker could be started: {error}") from error


@contextmanager
def _here(workers: int, options: dict[str, Any]) -> Iterator[Sequence[Runner]]:
    """Worker processes on this machine."""
    from gensc.serve import ProcessRunner
    from gensc.system.machine import cores

    count = workers or (cores() if options["device"] == "cpu" else 1)
    yield [ProcessRunner(options=options) for _ in range(count)]


@contextmanager
def _on_cluster(
    ray: str, replicas: int, options: dict[str, Any], limits: ServiceConfig
) -> Iterator[Sequence[Runner]]:
    """Replicas on a Ray cluster."""
    from gensc.serve.cluster import Cluster, ClusterConfig
    from gensc_models import WeightsError
    from gensc_models.catalogue.shared import shared_codec

    try:
        for name in options["models"]:
            shared_codec(name)
    except WeightsError as error:
        # Said here in one line; a replica's own word comes back through the whole cluster.
        raise UserError(str(error)) from error
    cluster = Cluster(
        ClusterConfig(
            address=ray,
            replicas=replicas,
            cpus=options["threads"],
            gpus=0 if options["device"] == "cpu" else 1,
            max_batch=limits.max_batch,
            max_batch_pixels=limits.max_batch_pixels,
        ),
        options=options,
    )
    runners = cluster.start()
    try:
        yield runners
    finally:
        cluster.stop()
