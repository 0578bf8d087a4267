"""The live demo, put together.

::

    photos ─ outbox ─ transmitter ─ walking channel ─ ZeroMQ ─ receiver ─ dashboard
                           ▲                                      │
                           └──────────── reports ─────────────────┘

Samples and reports go through sockets of a folder that only this user reaches.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from gensc.data.images import fit, load_image
from gensc.data.named import Found, find, open_all
from gensc.demo.live.air import WalkingAir
from gensc.demo.live.outbox import Outbox, Photo
from gensc.link.walk import Walk
from gensc.receiver.config import ReceiverConfig, ReportConfig, SourceConfig, StageConfig
from gensc.receiver.dashboard.server import DEFAULT_ADDRESS, DashboardServer
from gensc.receiver.dashboard.token import token_of
from gensc.system import codecs
from gensc.system.folders import writable_folder
from gensc.transmitter.config import (
    AdaptSettings,
    CodecSettings,
    ReportSettings,
    SourceSettings,
    TransmitterConfig,
)
from gensc_phy.atomic import atomic_file

if TYPE_CHECKING:
    from gensc.receiver.service import Service
    from gensc.transmitter.service import Transmitter

#: The sample photos' shape; a user's own keep theirs.
HEIGHT, WIDTH = 256, 384
#: Photos that take turns, at most.
MOST_PHOTOS = 24
_LOOK_S = 0.2


@dataclass(frozen=True)
class LiveSettings:
    """What the live demo shows.

    Attributes:
        images: files, folders or ``skimage:NAME``; one that cannot be opened is left out.
        channel: of `gensc.link.channels.CHANNELS`.
        walk: of its SNR.
        interval_s: seconds from photo to photo; a slower machine takes longer.
        max_side: larger photos are scaled down to this; 0 leaves them.
        caption: text that follows each photo, see `gensc.caption.choose`; "" sends none.
        refine: refiner, or "none".
        seed: of channel and noise.
        out: folder of archive and photos.
        address: of the dashboard.
        browser: open it in a browser, where there is one.
        seconds: end after so long; 0 goes on until Ctrl-C.
    """

    images: Sequence[str]
    channel: str = "awgn"
    walk: Walk = field(default_factory=lambda: Walk(3.0, 18.0, 60.0))
    interval_s: float = 1.0
    max_side: int = 384
    caption: str = ""
    refine: str = codecs.NO_REFINER
    seed: int = 1
    out: Path = Path("out/live")
    address: str = DEFAULT_ADDRESS
    browser: bool = True
    seconds: float = 0.0


def run_live(
    settings: LiveSettings,
    say: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True),
) -> dict[str, object]:
    """Run it until Ctrl-C; the receiver's sums at the end.

    Raises:
        UserError: no photo, no such channel, an address that is taken.
    """
    with live(settings, say) as running:
        say(f"dashboard: {running.dashboard.link}")
        if settings.browser:
            open_browser(running.dashboard.link)
        say("Ctrl-C ends")
        try:
            running.wait(settings.seconds)
        except KeyboardInterrupt:
            say("ending: what is under way still arrives")
    return running.counters


class Live:
    """The running demo.

    Attributes:
        transmitter, service, dashboard: its parts.
        counters: of the receiver, once it has ended.
    """

    transmitter: Transmitter
    dashboard: DashboardServer

    def __init__(self, service: Service) -> None:
        self.service = service
        self.counters: dict[str, object] = {}

    def count(self) -> None:
        """Keep the sums of the end."""
        self.counters = self.service.counters()

    def wait(self, seconds: float) -> None:
        """Wait so long (0: for ever), or until the transmitter ends by itself."""
        end = time.monotonic() + seconds
        while not self.transmitter.wait(_LOOK_S):
            if seconds and time.monotonic() >= end:
                return


@contextmanager
def live(settings: LiveSettings, say: Callable[[str], None] = lambda line: None) -> Iterator[Live]:
    """The demo while it runs; at the end everything that is under way arrives first.

    Raises:
        UserError: as `run_live`.
    """
    from gensc.receiver.service import Service
    from gensc.transmitter.service import Transmitter

    out = writable_folder(settings.out)
    photos = prepare(settings, say)
    originals = writable_folder(out / "photos")
    for name, image in photos:
        with atomic_file(originals / f"{name}.png") as file:
            Image.fromarray(image).save(file, "PNG")
    with ExitStack() as stack:
        # Ended in the other order: what is sent still arrives, and what has arrived is counted.
        # Of this user alone (mode 0700).
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gensc-live-")))
        outbox_folder = writable_folder(place / "outbox")
        samples, reports = f"ipc://{place}/air", f"ipc://{place}/reports"
        service = Service(
            ReceiverConfig(
                archive=str(out / "archive"),
                reference=tuple(str(originals / f"{name}.png") for name, _ in photos),
                stages=StageConfig(refine=settings.refine),
                reports=ReportConfig(address=reports),
                sources=(SourceConfig(name="air", radio=f"zmq:{samples}"),),
            )
        )
        running = Live(service)
        stack.callback(running.count)
        stack.callback(service.close)
        air = WalkingAir(samples, settings.channel, settings.walk, seed=settings.seed)
        sent: set[str] = set()
        transmitter = Transmitter(
            TransmitterConfig(
                queue=str(place / "queue.db"),
                source=SourceSettings(watch=str(outbox_folder), settle_s=0.0),
                codec=CodecSettings(caption=settings.caption),
                reports=ReportSettings(address=reports, name="demo", window=2),
                # Where encoding takes a second, the channel has walked on when the bursts leave.
                adapt=AdaptSettings(margin_db=1.5),
            ),
            say,
            air=air,
            on_sent=lambda one: sent.add(one.sha256),
        )
        stack.callback(transmitter.close)
        outbox = Outbox(
            outbox_folder, photos, settings.interval_s, lambda written: written - len(sent)
        )
        stack.callback(outbox.close)
        stack.callback(air.end)
        token = token_of(out / "dashboard.token")
        dashboard = DashboardServer(service, token, settings.address)
        stack.callback(dashboard.close)
        running.transmitter, running.dashboard = transmitter, dashboard
        dashboard.start()
        service.start()
        transmitter.start()
        air.begin()
        outbox.start()
        yield running


def prepare(settings: LiveSettings, say: Callable[[str], None]) -> list[Photo]:
    """The photos as they are sent: samples cropped to one shape, others scaled down only.

    Raises:
        UserError: none that can be opened.
    """

    def opened(one: Found) -> Photo:
        if one.is_sample:
            return one.name, fit(load_image(one.path), HEIGHT, WIDTH)
        return one.name, load_image(one.path, settings.max_side)

    return open_all(find(settings.images)[:MOST_PHOTOS], opened, say)


def open_browser(link: str) -> bool:
    """Open a link where there is a screen; a browser that would take the terminal is none."""
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return False
    return webbrowser.open(link)
