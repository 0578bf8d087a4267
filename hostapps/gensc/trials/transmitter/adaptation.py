"""The service on a channel that walks: GVIF beside that of an oracle which knows the SNR.

The service is the real one, with its queue, its flowgraph and its reports over a socket; behind it
stands the channel, then the receiver, in the same flowgraph. Time is simulated: an image every
`interval_s`, and the controller's clock stands still while one is on its way. The channel has the
SNR of that time before the image is chosen, so a choice is always by reports of before.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gensc.adapt.oracle import Oracle
from gensc.adapt.tables import load_table, tables_of
from gensc.data.images import load_image
from gensc.remote.reports import Sent
from gensc.system import codecs
from gensc.transmitter.choice import Chosen
from gensc.transmitter.config import (
    AdaptSettings,
    CodecSettings,
    ReportSettings,
    SourceSettings,
    TransmitterConfig,
)
from gensc.transmitter.service import Transmitter
from gensc.trials.transmitter.answering import Answering

Row = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """The walk.

    Attributes:
        images: that are sent.
        interval_s: simulated seconds between two.
        low_db, high_db: the SNR walks from the higher one to the lower and back, Es/N0.
        wander_db: standard deviation by which it is off that way, anew for each image.
        photos: different pictures; each is sent again and again, a pixel changed.
        side: they are scaled down to it.
        seed: of walk and noise.
    """

    images: int = 240
    interval_s: float = 0.25
    low_db: float = 3.0
    high_db: float = 18.0
    wander_db: float = 0.2
    photos: int = 4
    side: int = 256
    seed: int = 1

    def walk(self) -> list[float]:
        """The SNR of each image."""
        rng = np.random.default_rng(self.seed)
        share = np.abs(1.0 - 2.0 * np.arange(self.images) / max(1, self.images - 1))
        way = self.low_db + (self.high_db - self.low_db) * share
        off = rng.normal(0.0, self.wander_db, self.images)
        return np.clip(way + off, self.low_db, self.high_db).tolist()


def run(
    plan: Plan,
    images: Sequence[str],
    bank: str = "hyperprior",
    importance: str = "",
    scheme: str = "auto",
    step: Callable[[str], None] = lambda note: None,
) -> list[Row]:
    """A row per image: what was chosen, whether it arrived, its GVIF, the oracle's.

    Raises:
        UserError: no such weights, tables or images.
    """
    from gensc_models.semantics.filtering import CriticalEncoder
    from gnuradio.gensc.codecs import load_bank, load_importance

    adapt = AdaptSettings(margin_db=0.1, hysteresis_db=0.1, time_constant_s=1.0)
    with tempfile.TemporaryDirectory() as name:
        photos = _photos(Path(name), plan, images)
        config = TransmitterConfig(
            queue=str(Path(name, "queue.db")),
            source=SourceSettings(images=(str(Path(name, "photos")),)),
            codec=CodecSettings(scheme=scheme, bank=bank, importance=importance),
            adapt=adapt,
            reports=ReportSettings(window=1, tries=1, answer_s=300.0),
        )
        rows = _walk(plan, config, step)
    table = load_table(tables_of(bank), adapt.t_max_s, adapt.mask_psnr_db)
    encoder = CriticalEncoder(load_bank(bank), load_importance(importance))
    oracle = Oracle(table, encoder, photos)
    for number, row in enumerate(rows):
        row["gvif_oracle"] = oracle.gvif(number % len(photos), row["snr_db"])
    return rows


def _photos(folder: Path, plan: Plan, images: Sequence[str]) -> list[np.ndarray]:
    """The pictures; in the folder each as often as it is sent, no two files alike."""
    photos = [load_image(path, plan.side) for path in itertools.islice(images, plan.photos)]
    (folder / "photos").mkdir()
    for number in range(plan.images):
        path = folder / "photos" / f"{number:05d}.png"
        Image.fromarray(photos[number % len(photos)]).save(path)
        with path.open("ab") as file:  # behind the picture's end: what is decoded stays the same
            file.write(f"{number}".encode())
    return photos


def _walk(plan: Plan, config: TransmitterConfig, step: Callable[[str], None]) -> list[Row]:
    gensc = codecs.gnuradio_blocks()
    snrs, rows = plan.walk(), list[Row]()
    channel = gensc.channel(snr_db=snrs[0], seed=plan.seed, sample_rate=config.air.sample_rate)
    chosen_last: list[Chosen] = []

    def clock() -> float:
        return plan.interval_s * len(rows)

    def on_choice(chosen: Chosen) -> None:
        chosen_last[:] = [chosen]
        channel.set_snr_db(snrs[len(rows)])

    def on_image(fate: str, sent: Sent | None) -> None:
        if sent is None:
            return
        (chosen,) = chosen_last
        arrived = fate == "stored"
        rows.append(
            {
                "at_s": clock(),
                "snr_db": snrs[len(rows)],
                "row_db": None if chosen.row is None else chosen.row.snr_db,
                "counted_db": chosen.snr_db,
                "arrived": arrived,
                "gvif": (sent.gvif or 0.0) if arrived else 0.0,
                **{k: v for k, v in asdict(sent).items() if k not in ("gvif", "sections")},
            }
        )
        step(f"{snrs[len(rows) - 1]:.1f} dB")

    answering = Answering(patience_s=300.0, deadline_s=300.0, on_image=on_image)
    try:
        told = replace(config.reports, address=answering.server.address)
        transmitter = Transmitter(
            replace(config, reports=told), air=channel, clock=clock, on_choice=on_choice
        )
        waveform = transmitter.chain.tx.config
        receiver, assembler = gensc.burst_rx(waveform), gensc.assembler(waveform)
        top = transmitter.chain.top
        top.connect(channel, receiver)
        for source, out, sink, port in (
            (receiver, "fragment", answering, "fragment"),
            (answering, "fragment", assembler, "fragment"),
            (assembler, "section", answering, "section"),
        ):
            top.msg_connect((source, out), (sink, port))
        transmitter.run()
    finally:
        answering.close()
    return rows
