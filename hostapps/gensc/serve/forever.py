"""Running a server until someone ends it."""

from __future__ import annotations

import asyncio
import signal

from gensc.serve.server import Server
from gensc.serve.status import StatusLine, describe

_TICK_S = 0.25


async def serve_until_signal(server: Server, status: StatusLine) -> None:
    """Start, serve until SIGINT or SIGTERM, then finish what is accepted and stop.

    A second signal ends it without finishing; whoever waits is told.

    Raises:
        UserError, WorkerStartError: as `Server.start`.
    """
    loop = asyncio.get_running_loop()
    first, second = asyncio.Event(), asyncio.Event()

    def on_signal() -> None:
        (second if first.is_set() else first).set()

    await server.start()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    try:
        codecs = ", ".join(
            f"{name} ({number:04x})" for number, name in sorted(server.service.models.items())
        )
        status.say(f"serving {codecs} on {server.address}; Ctrl-C ends")
        while not first.is_set():
            await _either(first)
            status.tick()
        status.say(f"stopping: {server.service.pending} images are finished first")
        stopping = asyncio.create_task(server.stop())
        while not stopping.done() and not second.is_set():
            await _either(second, stopping)
            status.tick()
        if not stopping.done():
            await server.service.stop(drain=False)
        await stopping
        status.say(f"stopped: {describe(server, 0.0)}")
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _either(event: asyncio.Event, *tasks: asyncio.Task[None]) -> None:
    """Until the event, the end of a task, or the next tick."""
    waiter = asyncio.create_task(event.wait())
    await asyncio.wait({waiter, *tasks}, timeout=_TICK_S, return_when=asyncio.FIRST_COMPLETED)
    waiter.cancel()
