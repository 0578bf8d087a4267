"""Settings of the transmitter service, as a TOML file has them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gensc.system import toml_file
from gensc.system.toml_file import setting
from gensc.transmitter.choice import SCHEMES


@dataclass(frozen=True)
class SourceSettings:
    """Where images come from: one of the three at least."""

    watch: str = setting("", "A folder that is watched: what is put there is sent.")
    images: tuple[str, ...] = setting((), "Files, folders, globs, skimage:NAME, sent once.")
    camera: str = setting("", "A camera: camera:0 is the first of this machine.")
    settle_s: float = setting(
        1.0, "Seconds that a file must not have changed for before it is taken.", least=0
    )
    camera_interval_s: float = setting(1.0, "Seconds between two pictures of the camera.", least=0)
    max_side: int = setting(0, "Larger pictures are scaled down to this; 0 leaves them.", least=0)


@dataclass(frozen=True)
class AirSettings:
    """Where samples go."""

    to: str = setting(
        "tcp://127.0.0.1:5571",
        "A ZeroMQ address, a recording, or pluto:URI, uhd:ARGS, soapy:driver=NAME.",
    )
    bind: bool = setting(True, "ZeroMQ: this end binds and the receiver connects.")
    sample_rate: float = setting(1e6, "Complex samples per second.", least=1)
    frequency: float = setting(2.45e9, "Centre frequency of the hardware, Hz.", least=0)
    gain: float | None = setting(None, "Of the hardware, dB.")
    antenna: str = setting("", "Port of the hardware, as its driver names it.")
    bandwidth: float | None = setting(None, "Of the analog filter, Hz.")
    amplitude: float | None = setting(
        None, "Of the samples; left out: 1, for hardware 0.2.", least=0
    )


@dataclass(frozen=True)
class CodecSettings:
    """What images are encoded by."""

    scheme: str = setting(
        "auto", "The analog code, the codec bank, or by the channel.", among=SCHEMES
    )
    analog: str = setting("", "The analog code: name or folder of weights, FILE.py:CLASS.")
    rate: int = setting(
        0, "Its symbols per 16x16 block; 0: as many as fit into t_max_s.", least=0, most=128
    )
    bank: str = setting("hyperprior", "The codec bank: name or folder of weights.")
    importance: str = setting("", "What the bank keeps first; left empty: learned.")
    caption: str = setting("", "Text sent with every image, as gensc send --caption.")


@dataclass(frozen=True)
class AdaptSettings:
    """How the channel decides."""

    t_max_s: float = setting(0.05, "Time on the air of an image, seconds.", least=1e-3)
    mask_psnr_db: float = setting(30.0, "Which of the bank's rate tables, with t_max_s.")
    margin_db: float = setting(0.5, "Kept below the measured SNR in any case, dB.", least=0)
    spread_factor: float = setting(
        1.0, "Standard deviations of the SNR kept below it besides.", least=0
    )
    hysteresis_db: float = setting(0.5, "The SNR must be so far above a row to take it.", least=0)
    time_constant_s: float = setting(1.0, "Memory of level and spread, seconds.", least=1e-3)
    silence_s: float = setting(3.0, "A report of that age is no longer trusted.", least=1e-3)
    fallback_s: float = setting(5.0, "Seconds from then on to the most robust row.", least=1e-3)
    spread_db: float = setting(3.0, "Above this spread the analog code is taken, dB.", least=0)
    unknown_db: float = setting(0.0, "SNR the analog code counts on while nothing is known, dB.")


@dataclass(frozen=True)
class ReportSettings:
    """The receiver's reports, which come beside the radio."""

    address: str = setting(
        "", "Of the receiver, tcp://HOST:5580; left empty there are no reports: sent is all."
    )
    name: str = setting("", "Of this station, for people.")
    keys: str = setting("", "Secret key of this end (gensc keys), where the receiver has keys.")
    receiver_key: str = setting("", "Public key of the receiver.")
    wait: bool = setting(True, "Send only while the receiver is there to report.")
    window: int = setting(4, "Images on their way without an answer, at most.", least=1, most=1024)
    answer_s: float = setting(30.0, "An image without an answer is sent again then.", least=0.1)
    tries: int = setting(3, "Times that an image is sent before it is given up.", least=1)
    resend: int = setting(
        0, "Times that missing bursts of bits and texts are sent again; 0: never.", least=0
    )


@dataclass(frozen=True)
class TransmitterConfig:
    """All of it."""

    queue: str = setting("queue.db", "File of the queue; it survives a kill.")
    stand_by: bool = setting(
        False, "A second process stands by, and goes on at once where this one is killed."
    )
    source: SourceSettings = setting(SourceSettings(), "Where images come from.")
    air: AirSettings = setting(AirSettings(), "Where samples go.")
    codec: CodecSettings = setting(CodecSettings(), "What images are encoded by.")
    adapt: AdaptSettings = setting(AdaptSettings(), "How the channel decides.")
    reports: ReportSettings = setting(ReportSettings(), "What the receiver reports.")


def load(path: Path) -> TransmitterConfig:
    """The settings of a file.

    Raises:
        UserError: as `gensc.system.toml_file.load`.
    """
    return toml_file.load(TransmitterConfig, path)
