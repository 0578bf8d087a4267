"""The configuration of the receiver service: a TOML file, each table a dataclass here.

`gensc config` prints the default file with a comment on every key and checks a given one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gensc.editing.choose import NONE as NO_EDITOR
from gensc.link.channels import CHANNELS
from gensc.link.radio import Place, RadioSettings, parse_place
from gensc.link.walk import Walk
from gensc.receiver.kinds import KINDS, LOOPBACK, PDUS
from gensc.system.codecs import DEFAULT_RATE, NO_REFINER
from gensc.system.errors import UserError
from gensc.system.toml_file import load, setting

NO_INPAINTER = "none"


@dataclass(frozen=True)
class LoopbackConfig:
    """Transmitter and channel in this process, for a source `loopback`."""

    images: tuple[str, ...] = setting(("skimage:",), "Pictures: files, folders, skimage:NAME.")
    model: str = setting("", "Codec by name or folder of weights; empty takes the default.")
    rate: int = setting(DEFAULT_RATE, "Channel symbols per 16x16 block.", least=1, most=128)
    snr_db: float = setting(10.0, "Es/N0 that the encoder is told, dB.", least=-30, most=60)
    channel: str = setting("fading", "Channel between the two.", among=CHANNELS)
    lowest_db: float = setting(3.0, "Es/N0 walks up and down from here, dB,", least=-30, most=60)
    highest_db: float = setting(18.0, "to here,", least=-30, most=60)
    walk_s: float = setting(60.0, "once in so many seconds.", least=0.1)
    interval_s: float = setting(1.0, "Seconds from image to image.", least=0)
    count: int = setting(0, "Images that are sent; 0: without end.", least=0)
    max_side: int = setting(256, "Larger pictures are scaled down; 0 leaves them.", least=0)
    seed: int = setting(1, "Of channel and noise.", least=1)

    def __post_init__(self) -> None:
        """Refuse a walk that goes nowhere."""
        self.walk()

    def walk(self) -> Walk:
        """How Es/N0 goes."""
        return Walk(self.lowest_db, self.highest_db, self.walk_s)


@dataclass(frozen=True)
class SourceConfig:
    """Where samples, or PDUs, come from."""

    name: str = setting("air", "What it is called; of several each has its own.")
    radio: str = setting(
        "zmq:tcp://127.0.0.1:5571",
        "KIND:WHERE. Samples: pluto:URI, uhd:ARGS, soapy:driver=NAME, zmq:ADDRESS, file:PATH. "
        "PDUs over ZeroMQ: pdus:ADDRESS. Transmitter, channel and all in this process: loopback.",
    )
    pdus: str = setting(
        "fragment", "What PDUs over ZeroMQ are: of bursts or of whole sections.",
        among=("fragment", "section"),
    )  # fmt: skip
    bind: bool = setting(False, "ZeroMQ: this end binds, and senders connect.")
    format: str = setting("", "Of a recording whose name does not say it: sigmf, cf32 or ci16.")
    sample_rate: float = setting(1e6, "Complex samples per second.", least=1)
    frequency: float = setting(2.45e9, "Centre frequency of the hardware, Hz.", least=0)
    gain: float | None = setting(None, "Gain of the hardware, dB.")
    antenna: str = setting("", "Port of the hardware, as its driver names it.")
    bandwidth: float | None = setting(None, "Of the analog filter, Hz.", least=0)
    lo_offset: float = setting(0.0, "Local oscillator so far from the centre, Hz.")
    clock_source: str = setting("", "10 MHz reference: internal, external, gpsdo.")
    correct_ppm: float | None = setting(None, "Error of this radio's oscillator, ppm.")
    profile: str = setting("", "What gensc calibrate has written.")
    cfo_range_hz: float | None = setting(None, "Largest carrier offset accepted, Hz.", least=0)
    copies: int = setting(1, "Wait for so many copies of everything; combine them.", least=1)
    loopback: LoopbackConfig = setting(LoopbackConfig(), "Of a source loopback only.")

    def __post_init__(self) -> None:
        """Refuse a name or a place that is none."""
        if not self.name or "/" in self.name:
            raise ValueError(f"name {self.name!r}: must not be empty or hold a slash")
        try:
            self.place()
        except UserError as error:
            raise ValueError(str(error)) from None

    def place(self) -> Place:
        """Where it is.

        Raises:
            UserError: no such kind, or nothing behind it.
        """
        kind, _, rest = self.radio.partition(":")
        if kind == LOOPBACK:
            return Place(LOOPBACK, rest)
        if kind == PDUS:
            if "://" not in rest:
                raise UserError(f"radio {self.radio!r}: write {PDUS}:tcp://HOST:PORT")
            return Place(PDUS, rest)
        if kind not in KINDS:
            raise UserError(f"radio {self.radio!r}: there are {', '.join(KINDS)}")
        return parse_place("", "", "radio", self.radio, self.format)

    def settings(self) -> RadioSettings:
        """What the hardware is set to.

        Raises:
            UserError: a profile that cannot be read.
        """
        from gensc.link.calibration import radio_settings

        return radio_settings(
            Path(self.profile) if self.profile else None,
            transmit=False,
            sample_rate=self.sample_rate,
            frequency=self.frequency,
            gain=self.gain,
            bandwidth=self.bandwidth,
            antenna=self.antenna,
            lo_offset=self.lo_offset,
            clock_source=self.clock_source,
            ppm=self.correct_ppm,
        )


@dataclass(frozen=True)
class DeadlineConfig:
    """How long the receiver waits, in seconds."""

    section_s: float = setting(
        1.0, "A section of which nothing more comes is decoded without the rest.", least=0.01
    )
    quiet_s: float = setting(
        1.0, "Everything is, where nothing at all comes for so long.", least=0.01
    )
    image_s: float = setting(
        5.0, "An image of which nothing more comes, and that nothing was made of, is lost.",
        least=0.1,
    )  # fmt: skip
    announced_s: float = setting(
        20.0, "An image that its sender has announced, and that was never heard, is lost.",
        least=0.1,
    )  # fmt: skip


@dataclass(frozen=True)
class StageConfig:
    """What is done with an image after it was stored, each in a process of its own."""

    inpaint: str = setting(
        NO_INPAINTER, "Fills in what was not sent: an inpainter's weights, mean, smooth or none."
    )
    refine: str = setting(NO_REFINER, "Restores detail: a refiner's weights, or none.")
    edit: str = setting(NO_EDITOR, "Edits by the caption: as gensc receive --edit takes it.")
    edit_limit_s: float = setting(300.0, "Seconds an edit may take.", least=0.1)
    waiting: int = setting(8, "Images that wait for a stage; of more the newest stay.", least=1)
    batch: int = setting(4, "Images that a stage takes at once.", least=1)
    limit_s: float = setting(
        30.0, "A stage that needs longer for a batch hangs, and is started again.", least=0.05
    )
    start_s: float = setting(120.0, "The same of its start: weights are loaded then.", least=0.05)
    pause_s: float = setting(1.0, "Until a broken stage is started again; doubled each time,",
                             least=0.01)  # fmt: skip
    longest_pause_s: float = setting(60.0, "up to this.", least=0.01)
    target_latency_ms: float = setting(
        0.0, "An image older than this is passed over by the stages; 0: none is.", least=0
    )


@dataclass(frozen=True)
class ReportConfig:
    """What is told to transmitters, beside the radio."""

    address: str = setting("tcp://127.0.0.1:5580", "Bound by the receiver; empty: no reports.")
    name: str = setting("receiver", "Of this station, for people.")
    keys: str = setting("", "Key of this receiver (gensc keys); needed beyond this machine.")
    trusted: tuple[str, ...] = setting((), "Public keys of the transmitters that are let in.")
    interval_s: float = setting(0.25, "Between two reports of the SNR.", least=0.01)


@dataclass(frozen=True)
class DashboardConfig:
    """The page that shows it live."""

    address: str = setting("", "HOST:PORT to show the dashboard at; empty: none.")
    token: str = setting(
        "", "What opens it; empty: made once, and kept in dashboard.token beside the archive."
    )


@dataclass(frozen=True)
class ReceiverConfig:
    """A receiver service.

    Raises:
        ValueError: no source, or two of one name.
    """

    archive: str = setting("out/archive", "Folder of the archive.")
    models: tuple[str, ...] = setting(
        (), "Where codecs are looked for beside the installed ones, as --model takes it."
    )
    reference: tuple[str, ...] = setting(
        (), "Originals (folders, files): what arrives is scored against them, found by content."
    )
    deadlines: DeadlineConfig = setting(DeadlineConfig(), "How long is waited.")
    stages: StageConfig = setting(StageConfig(), "What betters images after they were stored.")
    reports: ReportConfig = setting(ReportConfig(), "Reports to the transmitters.")
    dashboard: DashboardConfig = setting(DashboardConfig(), "The page that shows it live.")
    sources: tuple[SourceConfig, ...] = setting(
        (SourceConfig(),), "Where it comes from; as many as there are.", key="source"
    )

    def __post_init__(self) -> None:
        """Refuse sources that cannot be told apart."""
        names = [source.name for source in self.sources]
        if not names:
            raise ValueError("no [[source]]: there is nothing to receive from")
        twice = next((name for name in names if names.count(name) > 1), "")
        if twice:
            raise ValueError(f"two sources are called {twice!r}")


def read(path: Path) -> ReceiverConfig:
    """The configuration of a file.

    Raises:
        UserError: what is wrong with it, in one line.
    """
    return load(ReceiverConfig, path)
