"""Rate controller block."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zmq

from gensc_phy.adaptation.rate_control import ControlConfig, RateController
from gensc_phy.adaptation.rate_table import Choice, RateTableError, load_tables, pick

from . import choice_message, snr_datagram
from .codecs import default_rate_tables
from .errors import GenscError, PduError
from .message_ports import message_block
from .metadata import read_image
from .zmq_socket import Endpoint, Listener

POLL_MS = 50
"""How often silence is noticed."""


class rate_controller(message_block):
    """Chooses operating point, threshold and MCS from the SNR that a receiver feeds back.

    Reports of an `snr_feedback` (SUB socket) move a
    `gensc_phy.adaptation.rate_control.RateController` over the rows of a rate table (`gensc adapt`
    makes one). Each [image] goes on with the choice of that moment in its metadata
    (`choice_message.attached`). Besides, every new choice goes out on [choice] as a dict and on
    [mcs] as the pair ("mcs" . index), every report on [snr] as the pair ("snr_db" . filtered
    value).

    Until the first report, and some time after the last one, the choice is the most robust row.
    Datagrams that are none, and peers that do not speak ZeroMQ, are counted in `dropped`.

    With [image] connected the block ends with the images; without, when the flowgraph is stopped.

    Args:
        table: JSON file of rate tables; empty: the one beside the weights of the codec bank.
        address: ZeroMQ address of the feedback.
        bind: this end binds and the feedback connects.
        t_max_s, mask_psnr_db: which table of the file; both 0: its first.
        margin_db, spread_factor, hysteresis_db, time_constant_s, silence_s, fallback_s: see
            `gensc_phy.adaptation.rate_control.ControlConfig`.

    Attributes:
        clock: seconds of a clock that never runs backwards; a simulation may give its own.
        received: reports used so far.

    Raises:
        GenscError: no such table, not an address, or numbers that make no controller.
    """

    def __init__(
        self,
        table: str,
        address: str,
        bind: bool = False,
        t_max_s: float = 0.0,
        mask_psnr_db: float = 0.0,
        margin_db: float = 0.5,
        spread_factor: float = 1.0,
        hysteresis_db: float = 0.5,
        time_constant_s: float = 0.5,
        silence_s: float = 1.0,
        fallback_s: float = 2.0,
    ) -> None:
        message_block.__init__(self, "rate_controller")
        try:
            tables = load_tables(Path(table) if table else default_rate_tables())
            chosen = pick(tables, t_max_s, mask_psnr_db) if t_max_s or mask_psnr_db else tables[0]
            config = ControlConfig(
                margin_db, spread_factor, hysteresis_db, time_constant_s, silence_s, fallback_s
            )
        except RateTableError as error:
            raise GenscError(str(error)) from error
        except ValueError as error:
            raise GenscError(f"rate_controller: {error}") from error
        if chosen.transport != "burst":
            raise GenscError(f"{table}: a table of the idealised capacity has no MCS to send with")
        self.received = 0
        self.clock: Callable[[], float] = time.monotonic
        self._table, self._config = chosen, config
        self._lock = threading.Lock()
        self._controller = self._new_controller()
        self._said: Choice | None = None
        self._endpoint = Endpoint(zmq.SUB, address, bind, {zmq.RCVHWM: 64, zmq.MAXMSGSIZE: 4096})
        self._listener = Listener(
            self._endpoint, self._take, self.drop, POLL_MS, lambda: self._say(self.choice())
        )
        self.setup_ports({"image": self._image}, ["image", "choice", "snr", "mcs"])

    def _new_controller(self) -> RateController:
        return RateController(self._table, self._config, lambda: self.clock())

    @property
    def address(self) -> str:
        """Where it listens, a port chosen by the system filled in."""
        return self._endpoint.address

    # ------------------------------------------------------------------ for Function Probe

    def choice(self) -> Choice:
        """The row for an image sent now."""
        with self._lock:
            return self._controller.choose()

    def level(self) -> float:
        """The filtered SNR in dB; NaN before the first report."""
        with self._lock:
            return self._controller.level_db

    def mcs(self) -> int:
        """Index of the scheme chosen now."""
        return self.choice().mcs or 0

    def point(self) -> int:
        """Operating point chosen now."""
        return self.choice().point

    def alpha(self) -> float:
        """Threshold chosen now."""
        return self.choice().alpha

    def gvif(self) -> float:
        """Fidelity expected of the choice."""
        return self.choice().gvif

    # ------------------------------------------------------------------ running

    def start(self) -> bool:
        """Begin without a report, and start the thread that waits on the socket."""
        with self._lock:
            self._controller = self._new_controller()
        self._said = None
        started = super().start()
        self._listener.start()
        return started

    def stop(self) -> bool:
        """End that thread and close the socket."""
        self._listener.stop()
        return super().stop()

    def _take(self, datagram: bytes) -> bool:
        try:
            report = snr_datagram.unpack(datagram)
        except PduError as error:
            self.drop(str(error))
            return False
        with self._lock:
            self._controller.report(report.snr_db)
            level = self._controller.level_db
        self.received += 1
        self.publish("snr", choice_message.pair("snr_db", level))
        return False

    def _say(self, choice: Choice) -> None:
        """Publish a choice unless it was the last one published."""
        if choice == self._said:
            return
        self._said = choice
        self.publish("choice", choice_message.to_pmt(choice))
        self.publish("mcs", choice_message.pair("mcs", choice.mcs or 0))

    def _image(self, pdu: Any) -> None:
        read_image(pdu)
        self.publish("image", choice_message.attach(pdu, self.choice()))
