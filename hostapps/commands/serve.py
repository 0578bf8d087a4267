"""`gensc serve`: the receiver as a service for many users."""

from __future__ import annotations

from typing import Annotated

import typer
from gensc_host.errors import UserError


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
        int, typer.Option(min=0, help="Worker processes; 0: one per core, or one on a GPU.")
    ] = 0,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads of each worker.")] = 1,
    max_batch: Annotated[int, typer.Option(min=1, help="Most images decoded together.")] = 32,
    max_wait_ms: Annotated[
        float, typer.Option(min=0, help="How long an idle worker waits for company.")
    ] = 2.0,
    queue: Annotated[
        int, typer.Option(min=1, help="Unanswered images per user; one more is told to wait.")
    ] = 64,
    cache: Annotated[int, typer.Option(min=0, help="MiB of decoded images kept; 0: none.")] = 256,
) -> None:
    """Decode received sections for many users at once; Ctrl-C finishes what is accepted."""
    import asyncio

    from gensc_host.machine import cores
    from gensc_host.serve import ProcessRunner, Server, Service, ServiceConfig
    from gensc_host.serve.forever import serve_until_signal
    from gensc_host.serve.runner import WorkerStartError
    from gensc_host.serve.status import StatusLine

    count = workers or (cores() if device == "cpu" else 1)
    options = {"models": model or [], "device": device, "threads": threads}
    config = ServiceConfig(
        max_batch=max_batch,
        max_wait_ms=max_wait_ms,
        queue_per_user=queue,
        cache_bytes=cache << 20,
    )

    def say(line: str) -> None:
        status.say(f"gensc: {line}")

    service = Service([ProcessRunner(options=options) for _ in range(count)], config, say)
    server = Server(service, address, say)
    status = StatusLine(server)
    try:
        asyncio.run(serve_until_signal(server, status))
    except WorkerStartError as error:
        raise UserError(f"no worker could be started: {error}") from error
