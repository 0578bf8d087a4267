"""What `gensc calibrate` has found out about a radio, and the settings that follow from it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from gensc.link.radio import RadioSettings
from gensc.system.errors import UserError
from gensc.system.plain import json_text
from gensc_phy.atomic import write_text


@dataclass(frozen=True)
class Calibration:
    """Of one pair of radios, or of one in loopback.

    Attributes:
        device: the receiving one, as it was named.
        frequency, sample_rate: where it was measured, Hz.
        rx_gain, tx_gain: dB, with the best SNR without clipping; None where it was not varied.
        ppm: of the receiver against the transmitter.
    """

    device: str
    frequency: float
    sample_rate: float
    rx_gain: float | None = None
    tx_gain: float | None = None
    ppm: float | None = None

    def write(self, path: Path) -> None:
        """Write it as JSON.

        Raises:
            UserError: the file cannot be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, json_text(asdict(self), indent=1) + "\n")
        except OSError as error:
            raise UserError(f"{path}: {error.strerror}") from error


def read(path: Path) -> Calibration:
    """A calibration from its file.

    Raises:
        UserError: no such file, or no calibration.
    """
    try:
        told = json.loads(path.read_text())
        known = {f.name for f in fields(Calibration)}
        return Calibration(**{k: v for k, v in told.items() if k in known})
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: no file of gensc calibrate") from error


def radio_settings(
    profile: Path | None,
    *,
    transmit: bool,
    sample_rate: float,
    frequency: float,
    gain: float | None,
    bandwidth: float | None,
    antenna: str,
    lo_offset: float,
    clock_source: str,
    ppm: float | None,
) -> RadioSettings:
    """What a radio is told: as the user says, and where that is nothing, as a calibration says.

    Args:
        profile: file of the calibration; None has none.
        transmit: of the transmitter; or else of the receiver.

    The others are fields of `RadioSettings`.

    Raises:
        UserError: a number that no radio can be told, or a file that is no calibration.
    """
    from gnuradio.gensc.errors import GenscError

    known = None if profile is None else read(profile)
    if known is not None:
        if gain is None:
            gain = known.tx_gain if transmit else known.rx_gain
        # It is the receiver whose oscillator was measured against the other one.
        if ppm is None and not transmit:
            ppm = known.ppm
    try:
        return RadioSettings(
            sample_rate, frequency, gain, bandwidth, antenna, lo_offset, clock_source, ppm or 0.0
        )
    except GenscError as error:
        raise UserError(str(error)) from error
