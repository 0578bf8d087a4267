"""A receiver service without a radio: a bus, pictures in a folder, controls that remember."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gensc.receiver.archive import Archive
from gensc.receiver.bus import Bus
from gensc.system.errors import UserError


class StandIn:
    """What `gensc.receiver.dashboard.watched.Watched` asks for; itself its own controls."""

    def __init__(self, folder: Path) -> None:
        self.bus, self.folder, self.controls = Bus(), folder, self
        self.archive: Archive | None = None
        self.paused, self.refiner, self.target_latency_ms = False, "refiner-photo", 500.0
        self.counters: dict[str, Any] = {"delivered": 0, "lost": {}, "bursts": 0}
        self.users: dict[str, dict[str, Any]] = {}
        self.random = np.random.default_rng(1)

    def pause(self, paused: bool) -> None:
        self.paused = paused

    def set_refiner(self, name: str) -> None:
        if name not in ("none", "refiner-photo", "refiner-swin"):
            raise UserError(f"{name}: no such refiner")
        self.refiner = name

    def set_target_latency_ms(self, milliseconds: float) -> None:
        self.target_latency_ms = milliseconds

    def state(self) -> dict[str, Any]:
        return {
            "uptime_s": 754.0,
            "paused": self.paused,
            "refiner": self.refiner,
            "refiners": ["none", "refiner-photo", "refiner-swin"],
            "target_latency_ms": self.target_latency_ms,
            "sources": [
                {"name": "loopback", "kind": "loopback", "state": "running", "why": "",
                 "samples": 1_234_567, "bursts": self.counters.get("bursts")},
            ],
            "stages": [
                {"name": "refined", "waiting": 1, "dropped": 3, "failed": 0, "busy": True,
                 "last_ms": 87.2, "state": "ok", "why": ""},
                {"name": "edited", "waiting": 0, "dropped": 0, "failed": 4, "busy": False,
                 "last_ms": None, "state": "broken", "why": "does not answer for 30 s"},
            ],
            "counters": self.counters,
            "users": list(self.users.values()),
            "choice": None,
        }  # fmt: skip

    def close(self) -> None:
        self.bus.close()

    def lose(self, key: str, cause: str) -> None:
        self.counters["lost"][cause] = self.counters["lost"].get(cause, 0) + 1
        self.bus.publish("lost", key=key, cause=cause)

    def receive(
        self,
        photo: np.ndarray,
        number: int,
        snr_db: float,
        name: str = "photo",
        text: str = "a photo",
        session: int = 0xA3F2,
        row: tuple[int, float] | None = None,
    ) -> str:
        """An image with everything that follows it; returns its key."""
        key = f"{session:04x}-{number:05d}"
        height, width, _ = photo.shape
        noise = self.random.normal(0, 90 * 10 ** (-snr_db / 20), photo.shape)
        received = np.clip(photo + noise, 0, 255).astype(np.uint8)
        refined = np.clip(photo + 0.6 * noise, 0, 255).astype(np.uint8)
        for content, end in ((photo, "-original"), (received, ""), (refined, "-refined")):
            Image.fromarray(content).save(self.folder / f"{key}{end}.png")
        kept = self.random.random((height // 16, width // 16)) < 0.8 if row else None
        choice = None
        if row:
            choice = {"scheme": "bank", "point": row[0], "alpha": row[1],
                      "cbr": 1 / (12 + 2 * row[0]), "mcs": 3, "gvif": 0.93,
                      "reason": f"{snr_db:.1f} dB less 0.5 dB margin"}  # fmt: skip
            self.bus.publish("choice", key=key, **choice)
        self.bus.publish("burst", source="loopback", session=session, image_id=number,
                         snr_db=snr_db, cfo_hz=1234.5,
                         symbols=self._symbols(snr_db, bits=bool(row)))  # fmt: skip
        self.bus.publish("spectrum", source="loopback", rate=1e6, db=self._spectrum(snr_db))
        self.counters["delivered"] += 1
        self.counters["bursts"] += 8
        self.users[f"{session:04x}"] = {
            "name": f"{session:04x}", "images": self.counters["delivered"],
            "lost": sum(self.counters["lost"].values()), "snr_db": snr_db, "last_at": time.time(),
        }  # fmt: skip
        self.bus.publish(
            "image", key=key, session=session, image_id=number, source="loopback", name=name,
            shape=photo.shape, file=f"{key}.png", original=str(self.folder / f"{key}-original.png"),
            snr_db=snr_db, spread_db=0.4, fragments=8, fragments_received=8 - (number % 5 == 3),
            scheme="hyperprior" if row else "swin-photo", weights="8b1f", rate=16, choice=choice,
            psnr=_psnr(photo, received), map=None if kept is None else kept.astype(float).tolist(),
            latency_ms={"detect": 2 + snr_db / 9, "decode": 31.0 + number % 7, "store": 4.2,
                        "total": 40.0 + number % 9},
        )  # fmt: skip
        self.bus.publish("text", key=key, text=text, state="ok")
        if not self.paused:
            self.bus.publish("refined", key=key, file=f"{key}-refined.png", stage="refined",
                             ms=81.0 + number % 11, psnr=_psnr(photo, refined))  # fmt: skip
        self.bus.publish("counters", **self.counters)
        return key

    def _symbols(self, snr_db: float, bits: bool) -> np.ndarray:
        points = self.random.normal(0, math.sqrt(0.5), (256, 2))
        if bits:
            points = self.random.choice([-3, -1, 1, 3], (256, 2)) / math.sqrt(10)
        return points + self.random.normal(0, 10 ** (-snr_db / 20) / math.sqrt(2), (256, 2))

    def _spectrum(self, snr_db: float) -> np.ndarray:
        frequency = np.linspace(-0.5, 0.5, 256)
        level = np.where(np.abs(frequency) < 0.41, 0.0, -snr_db - 6.0)
        return -40 + level + self.random.normal(0, 1.2, 256)


def _psnr(a: np.ndarray, b: np.ndarray) -> float:
    error = np.mean((a.astype(float) - b.astype(float)) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))
