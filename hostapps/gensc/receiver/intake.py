"""From what a source's flowgraph gives to what is kept of it: one image after the other, stored
before anything else is done with it."""

from __future__ import annotations

import io
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from gensc.receiver import records
from gensc.receiver.account import LOST, NOT_WRITTEN, OPEN, WEIGHTS_MISSING, Account
from gensc.receiver.archive import Archive
from gensc.receiver.bus import MOST_SYMBOLS, Bus
from gensc.receiver.chain import Chain
from gensc.receiver.kept import KeptImages
from gensc.receiver.ledger import Ledger
from gensc.receiver.records import Caption
from gensc.receiver.spent import codec_or_bank
from gensc.receiver.talk import Talk
from gensc.receiver.taps import Taps
from gensc.system.weights import Weights
from gnuradio.gensc.file_names import FileNames

if TYPE_CHECKING:
    from gensc.link.blocks import Seen
    from gensc_phy.waveform.assemble import SectionSymbols
    from gnuradio.gensc.metadata import Metadata

#: Captions that wait for their image, or are remembered beside it.
_CAPTIONS = 1024
#: Seconds between two events of bursts of one source.
_BURSTS_S = 0.05
KEPT = "kept"

Stored = Callable[[Account, "Seen", dict[str, Any], Path], None]


class Intake:
    """Takes bursts, sections, images and texts of all sources.

    Args:
        archive, ledger, talk, bus: that they go to.
        models: where codecs are looked for beside the installed ones.
        on_stored: told of every image that is in the archive, with the fields of its event.
        several: there is more than one source: names of images begin with theirs.

    Attributes:
        counted: texts and bursts, files that could not be written.
    """

    def __init__(
        self,
        archive: Archive,
        ledger: Ledger,
        talk: Talk,
        bus: Bus,
        models: tuple[str, ...],
        on_stored: Stored,
        several: bool = False,
    ) -> None:
        self.archive, self.ledger, self.talk, self.bus = archive, ledger, talk, bus
        self._models, self._on_stored, self._several = models, on_stored, several
        self._weights = lru_cache(maxsize=64)(self._weights_of)
        self._kept = KeptImages(FileNames(archive.folder / KEPT))
        self._captions: OrderedDict[tuple[str, int, int], Caption] = OrderedDict()
        self._lock = threading.Lock()
        self._due: dict[str, float] = {}
        self.counted: Counter[str] = Counter()

    def taps(self, source: str, chain: Callable[[], Chain]) -> Taps:
        """What a source's flowgraph tells."""
        return Taps(
            image=lambda seen: self._image(source, chain(), seen),
            text=lambda seen: self._text(source, seen),
            keep=lambda *section: self._keep(source, *section),
            fragment=lambda seen: self._burst(source, chain(), seen),
            section=lambda seen: self._section(source, seen),
            failed=lambda meta, cause, why: self._failed(source, meta, cause, why),
        )

    # ------------------------------------------------------------------ bursts and sections

    def _burst(self, source: str, chain: Chain, seen: Seen) -> None:
        meta = seen.metadata
        account = self.ledger.burst(source, meta, seen.data.size)
        if account is not None and chain.probe is not None:
            last = (meta.sample or 0) + chain.config.burst_len(seen.data.size) - 1
            came = chain.probe.came_at(last)
            account.times |= {"burst": seen.time} | ({"last_sample": came} if came else {})
        if meta.snr_db is not None and meta.session is not None:
            self.talk.burst(meta.session, meta.snr_db)
        if seen.time >= self._due.get(source, 0.0):
            self._due[source] = seen.time + _BURSTS_S
            some = seen.data[:: -(-seen.data.size // MOST_SYMBOLS) or 1]
            self.bus.publish(
                "burst", source=source, session=meta.session, image_id=meta.image_id,
                snr_db=meta.snr_db, cfo_hz=meta.cfo_hz,
                symbols=np.stack([some.real, some.imag], axis=1).round(3),
            )  # fmt: skip

    def _section(self, source: str, seen: Seen) -> None:
        account = self.ledger.section(source, seen.metadata)
        if account is not None:
            account.times["section"] = seen.time

    def _keep(self, source: str, meta: Metadata, section: SectionSymbols, why: str) -> None:
        """Symbols without a decoder: kept, and the image is lost until it has one."""
        try:
            (self.archive.folder / KEPT).mkdir(exist_ok=True)
            path = self._kept.add(meta, section)
        except OSError as error:
            self.unwritten(f"{meta.key}: symbols are not kept: {error.strerror or error}")
        else:
            self.counted["sections_kept"] += 1
            self.bus.publish("problem", line=f"{why}; symbols kept in {path.name}")
        self._failed(source, meta, WEIGHTS_MISSING, why)

    def _failed(self, source: str, meta: Metadata, cause: str, why: str) -> None:
        account = self.ledger.failed(source, meta, cause, why)
        if account is not None:
            self.lost(account)

    # ------------------------------------------------------------------ images

    def _image(self, source: str, chain: Chain, seen: Seen) -> None:
        meta = seen.metadata
        if meta.shape is None or seen.data.size != int(np.prod(meta.shape)):
            self.bus.publish("problem", line=f"{meta.key}: {seen.data.size} bytes are no image")
            return
        account = self.ledger.image(source, meta)
        pixels = seen.data.reshape(meta.shape)
        weights = self._weights(meta.weights or 0)
        peer = self.talk.peer(account.session)
        record = records.picture(
            account, seen, chain.config, weights, self._caption(account), peer, self._name(account)
        )
        try:
            path = self.archive.store(record, png_of(pixels))
        except Exception as error:  # whatever it is, the next image is to be stored
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            self.unwritten(f"{record.stem} is not stored: {why}")
            if account.fate == OPEN:
                account.why = why
                self.ledger.settle(account, LOST, NOT_WRITTEN)
                self.lost(account)
            return
        stored = time.perf_counter()
        self.ledger.settle(account, record.fate, record.cause, path.stem)
        self.talk.image(account)
        self._late_caption(account, record.caption)
        took = {**record.latency_ms, "store": 1e3 * (stored - seen.time)}
        event = {
            "key": account.key,
            "session": account.session,
            "image_id": account.image_id,
            "source": source,
            "name": record.name,
            "shape": meta.shape,
            "file": str(path),
            "snr_db": meta.snr_db,
            "spread_db": record.spread_db,
            "fragments": meta.fragments,
            "fragments_received": meta.fragments_received,
            "scheme": record.scheme,
            "weights": record.weights,
            "rate": meta.rate,
            "choice": record.choice,
            "reason": record.reason,
            "fate": record.fate,
            "cause": record.cause,
            "psnr": None,
            "latency_ms": took,
        }
        self._on_stored(account, seen, event, path)

    def lost(self, account: Account) -> None:
        """An image that was given up: said to everybody."""
        again = bool(account.key)
        record = records.loss(
            account, self._caption(account), self.talk.peer(account.session), self._name(account)
        )
        if not again:  # the archive has it as lost already
            try:
                account.key = self.archive.lost(record)
            except OSError as error:
                account.key = record.stem
                self.unwritten(f"{record.stem} is lost, and that is not noted: {error}")
        self.talk.image(account)
        self.bus.publish(
            "lost", key=account.key, cause=account.cause, why=account.why, source=account.source,
            session=account.session, image_id=account.image_id, name=record.name,
        )  # fmt: skip

    def _name(self, account: Account) -> str:
        stem = f"{account.session:04x}-{account.image_id:05d}"
        return f"{account.source}-{stem}" if self._several and account.source else stem

    def unwritten(self, line: str) -> None:
        """Something could not be written: counted and said."""
        with self._lock:
            self.counted["unwritten"] += 1
        self.bus.publish("problem", line=line)

    def _weights_of(self, fingerprint: int) -> Weights | None:
        try:
            found = codec_or_bank(fingerprint, self._models)
        except ValueError:
            return None
        return Weights(found.name, found.sha256)

    # ------------------------------------------------------------------ captions

    def caption(self, account: Account) -> str:
        """The caption of an image as far as it has come."""
        caption = self._caption(account)
        return caption.text if caption else ""

    def _caption(self, account: Account) -> Caption | None:
        with self._lock:
            return self._captions.get((account.source, account.session, account.image_id))

    def _text(self, source: str, seen: Seen) -> None:
        meta = seen.metadata
        state = meta.text_state or "exact"
        caption = Caption(seen.data.tobytes().decode("utf-8", "replace"), state)
        self.counted[f"texts_{state}"] += 1
        key = str(meta.key)
        if meta.shape and all(meta.shape):
            place = source, meta.session or 0, meta.image_id or 0
            with self._lock:
                self._captions[place] = caption
                while len(self._captions) > _CAPTIONS:
                    self._captions.popitem(last=False)
            account = self.ledger.account(*place)
            if account is not None and account.key:
                key = account.key
                self._note(account, caption)
        self.bus.publish("text", key=key, text=caption.text, state=state)

    def _late_caption(self, account: Account, known: str | None) -> None:
        """One that came while its image was being stored."""
        caption = self._caption(account)
        if caption is not None and caption.text != known:
            self._note(account, caption)

    def _note(self, account: Account, caption: Caption) -> None:
        try:
            self.archive.update(account.key, caption=caption.text, caption_state=caption.state)
        except KeyError:
            pass  # not noted in the archive either: said then
        except OSError as error:
            self.unwritten(f"{account.key}: its caption is not noted: {error}")


def png_of(pixels: np.ndarray) -> bytes:
    """An image as a PNG file; quickly, not small."""
    data = io.BytesIO()
    Image.fromarray(np.asarray(pixels)).save(data, "PNG", compress_level=1)
    return data.getvalue()
