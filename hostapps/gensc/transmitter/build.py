"""The parts of the transmitter service, from its settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gensc.adapt.tables import load_table, tables_of
from gensc.link.radio import Place, RadioSettings, open_sink, parse_place
from gensc.link.schemes import Scheme
from gensc.system import codecs
from gensc.system.errors import UserError
from gensc.transmitter.camera import CameraSource
from gensc.transmitter.choice import ChoiceConfig, Chooser
from gensc.transmitter.config import AirSettings, TransmitterConfig
from gensc.transmitter.watch import FolderSource, ListSource, Source
from gensc_phy.adaptation.rate_control import ControlConfig
from gensc_phy.waveform.config import WaveformConfig
from gnuradio.gensc.radio.settings import KINDS


def place(air: AirSettings) -> Place:
    """Where samples go.

    Raises:
        UserError: nowhere that is known.
    """
    is_radio = air.to.split(":", 1)[0] in KINDS
    return parse_place("" if is_radio else air.to, "", "to", air.to if is_radio else "")


def sink(air: AirSettings, where: Place) -> Any:
    """The block that takes the samples.

    Raises:
        UserError: it cannot be opened.
    """
    radio = RadioSettings(
        sample_rate=air.sample_rate,
        frequency=air.frequency,
        gain=air.gain,
        antenna=air.antenna,
        bandwidth=air.bandwidth,
    )
    return open_sink(where, radio, air.bind)


def amplitude(air: AirSettings, where: Place) -> float:
    """Of the samples."""
    if air.amplitude is not None:
        return air.amplitude
    return 0.2 if where.is_hardware else 1.0


def chooser(
    config: TransmitterConfig,
    scheme: Scheme | None,
    waveform: WaveformConfig,
    clock: Callable[[], float],
) -> Chooser:
    """What chooses how each image is sent.

    Raises:
        UserError: no such bank or table, or a rate that the analog code has not.
    """
    codec, adapt = config.codec, config.adapt
    rates: tuple[int, ...] = (codecs.DEFAULT_RATE,)
    if scheme is not None:
        if codec.rate:
            rates = (codecs.check_rate_of(scheme.codec, codec.rate),)
        else:
            rates = tuple(sorted(scheme.codec.rates))
    table = None
    if codec.scheme != "analog":
        table = load_table(tables_of(codec.bank), adapt.t_max_s, adapt.mask_psnr_db)
        if table.transport != "burst" or table.bandwidth_hz != config.air.sample_rate:
            raise UserError(
                f"the rate table of {codec.bank} is for {table.bandwidth_hz:g} samples a second, "
                f"sample_rate is {config.air.sample_rate:g}"
            )
    control = ControlConfig(
        margin_db=adapt.margin_db,
        spread_factor=adapt.spread_factor,
        hysteresis_db=adapt.hysteresis_db,
        time_constant_s=adapt.time_constant_s,
        silence_s=adapt.silence_s,
        fallback_s=adapt.fallback_s,
    )
    how = ChoiceConfig(
        codec.scheme, rates, adapt.t_max_s, adapt.spread_db, adapt.unknown_db, control
    )
    return Chooser(how, table, waveform, clock)


def sources(config: TransmitterConfig) -> list[Source]:
    """Where images come from.

    Raises:
        UserError: nowhere, or nothing there.
    """
    told, found = config.source, list[Source]()
    if told.images:
        found.append(ListSource(told.images))
    if told.watch:
        found.append(FolderSource(told.watch, told.settle_s))
    if told.camera:
        frames = Path(f"{config.queue}.frames")
        found.append(CameraSource(told.camera, frames, told.camera_interval_s))
    if not found:
        raise UserError("nothing to send: name images, a folder to watch, or a camera")
    return found
