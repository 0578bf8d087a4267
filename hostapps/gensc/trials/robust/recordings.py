"""Damaged recordings: what comes out of them is what was sent, or is said not to be."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gensc.data.images import fit, load_image
from gensc.link.radio import Place, RadioSettings
from gensc.receiver.run import ReceiveSettings, receive_images
from gensc.system.plain import json_text
from gensc.transmitter.run import SendSettings, send_images

Samples = NDArray[np.complex64]
Damage = Callable[[np.random.Generator, Samples], Samples]

SESSION = 0xA3F2
PHOTOS = ("chelsea", "coffee", "astronaut")
CAPTION = "photo {}"
_SHAPE = 96, 128
#: An image of which all came, no symbol erased, and whose bursts say at least this SNR is called
#: good …
_GOOD_SNR_DB = 20.0
#: … and wrong where its PSNR against the same image from the undamaged recording is below this.
_GOOD_PSNR_DB = 15.0


def _span(rng: np.random.Generator, x: Samples, most: float = 0.3) -> slice:
    length = int(rng.integers(1, max(2, int(most * x.size))))
    start = int(rng.integers(0, x.size - length))
    return slice(start, start + length)


def _cut(rng: np.random.Generator, x: Samples) -> Samples:
    return x[_span(rng, x, 0.9)]


def _silence(rng: np.random.Generator, x: Samples) -> Samples:
    x[_span(rng, x)] = 0
    return x


def _dropped(rng: np.random.Generator, x: Samples) -> Samples:
    return np.delete(x, _span(rng, x, 0.05))


def _doubled(rng: np.random.Generator, x: Samples) -> Samples:
    span = _span(rng, x, 0.4)
    return np.insert(x, span.start, x[span])


def _exchanged(rng: np.random.Generator, x: Samples) -> Samples:
    a, b = sorted(rng.integers(1, x.size, 2))
    return np.concatenate([x[a:b], x[:a], x[b:]])


def _noise(rng: np.random.Generator, x: Samples) -> Samples:
    span = _span(rng, x)
    noise = rng.standard_normal((2, x[span].size)) * 10 ** rng.uniform(-1.5, 1.0)
    x[span] += (noise[0] + 1j * noise[1]).astype(np.complex64)
    return x


def _not_finite(rng: np.random.Generator, x: Samples) -> Samples:
    x[rng.integers(0, x.size, 50)] = rng.choice([np.nan, np.inf, -np.inf, 3e38], 50)
    return x


def _bits(rng: np.random.Generator, x: Samples) -> Samples:
    raw = x.view(np.uint8)
    at = rng.integers(0, raw.size, int(rng.integers(1, 400)))
    raw[at] ^= (1 << rng.integers(0, 8, at.size)).astype(np.uint8)
    return x


def _own_echo(rng: np.random.Generator, x: Samples) -> Samples:
    return x + np.roll(x, int(rng.integers(200, x.size))) * np.float32(rng.uniform(0.3, 1.0))


DAMAGES: dict[str, Damage] = {
    "cut": _cut, "silence within": _silence, "samples dropped": _dropped,
    "samples twice": _doubled, "parts exchanged": _exchanged, "noise within": _noise,
    "not finite": _not_finite, "bits flipped": _bits, "itself over it": _own_echo,
}  # fmt: skip


@dataclass
class Judged:
    """What came out of damaged recordings of one kind.

    Attributes:
        damage: the kind.
        recordings, images, texts: how many, and what came out of them.
        whole: images of which all symbols came, with an SNR that calls them good.
        wrong: of these, other pictures than their keys say, or much worse than the bursts say.
        wrong_texts: texts that are given out as whole, and are not what was sent.
        unknown: images and texts under keys that nobody sent.
        failures: receptions that ended in an exception.
        why: a line for each of the last four.
    """

    damage: str
    recordings: int = 0
    images: int = 0
    texts: int = 0
    whole: int = 0
    wrong: int = 0
    wrong_texts: int = 0
    unknown: int = 0
    failures: int = 0
    why: list[str] = field(default_factory=list)


def judge(
    model: str, count: int, seed: int = 0, step: Callable[[], None] = lambda: None
) -> list[Judged]:
    """Damage a recording of three captioned photos so often, each kind in turn.

    Args:
        model: codec that it was made with.
        count: recordings.
        seed: of all damage.
        step: called after each.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        _record(model, folder)
        clean = _received(folder / "capture", folder / "clean")
        samples = np.fromfile(folder / "capture.sigmf-data", "<c8")
        kinds = {kind: Judged(kind) for kind in DAMAGES}
        for number in range(count):
            kind = list(DAMAGES)[number % len(DAMAGES)]
            rng = np.random.default_rng((seed, number))
            with np.errstate(all="ignore"):
                damaged = DAMAGES[kind](rng, samples.copy())
            told = kinds[kind]
            told.recordings += 1
            damaged.astype("<c8").tofile(folder / "damaged.sigmf-data")
            shutil.copy(folder / "plain.sigmf-meta", folder / "damaged.sigmf-meta")
            out = folder / "out"
            try:
                found = _received(folder / "damaged", out)
            except Exception as error:  # what this is about
                told.failures += 1
                told.why.append(f"{number}: {type(error).__name__}: {error}")
            else:
                _compare(told, number, found, clean)
            shutil.rmtree(out, ignore_errors=True)
            step()
        return list(kinds.values())


def _record(model: str, folder: Path) -> None:
    for number, name in enumerate(PHOTOS):
        path = folder / f"{number}.png"
        Image.fromarray(fit(load_image(f"skimage:{name}"), *_SHAPE)).save(path)
        path.with_suffix(".txt").write_text(CAPTION.format(number), encoding="utf-8")
    photos = [str(folder / f"{number}.png") for number in range(len(PHOTOS))]
    settings = SendSettings(photos, model, session=SESSION, caption="file")
    send_images(settings, Place("file", str(folder / "capture")), RadioSettings())
    # The checksum of the samples would give every damage away.
    meta = json.loads((folder / "capture.sigmf-meta").read_text(encoding="utf-8"))
    meta["global"].pop("core:sha512", None)
    (folder / "plain.sigmf-meta").write_text(json_text(meta), encoding="utf-8")


@dataclass(frozen=True)
class _Found:
    """What a reception left: images with what is said of them, and texts that are called whole."""

    images: dict[str, tuple[NDArray[np.uint8], int | None, float | None]]
    texts: dict[str, str]


def _received(capture: Path, out: Path) -> _Found:
    receive_images(ReceiveSettings(out), Place("file", str(capture)), RadioSettings())
    images = {}
    for line in (out / "results.jsonl").read_text(encoding="utf-8").splitlines():
        told = json.loads(line, parse_constant=_no_json)
        pixels = load_image(str(out / told["image"]))
        lost = (told["fragments_lost"] or 0) + (told["extra"]["symbols_erased"] or 0)
        images[told["image"]] = pixels, lost, told["snr_measured_db"]
    texts = {
        path.name: path.read_text(encoding="utf-8").removesuffix("\n")
        for path in out.glob("*.txt")
        if "-damaged" not in path.name
    }
    return _Found(images, texts)


def _no_json(constant: str) -> float:
    raise ValueError(f"{constant} in a result line")


def _compare(told: Judged, number: int, found: _Found, clean: _Found) -> None:
    known = {f"{SESSION:04x}-{n:05d}": n for n in range(len(PHOTOS))}
    for name, (pixels, lost, snr_db) in found.images.items():
        told.images += 1
        key = name[:10]
        if key not in known:
            told.unknown += 1
            told.why.append(f"{number}: {name}: nobody sent it")
            continue
        if lost or snr_db is None or snr_db < _GOOD_SNR_DB:
            continue
        told.whole += 1
        references = [clean.images[f"{k}.png"][0] for k in known]
        errors = [_error_db(pixels, reference) for reference in references]
        if int(np.argmax(errors)) != known[key]:
            told.wrong += 1
            told.why.append(f"{number}: {name}: is another picture")
        elif errors[known[key]] < _GOOD_PSNR_DB:
            told.wrong += 1
            told.why.append(f"{number}: {name}: {snr_db:.1f} dB said, PSNR {max(errors):.1f} dB")
    for name, text in found.texts.items():
        told.texts += 1
        key = name[:10]
        if key not in known:
            told.unknown += 1
            told.why.append(f"{number}: {name}: nobody sent it")
        elif text != CAPTION.format(known[key]):
            told.wrong_texts += 1
            told.why.append(f"{number}: {name}: {text!r}")


def _error_db(pixels: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """PSNR against what the undamaged recording gave; 99 where they are equal."""
    if pixels.shape != reference.shape:
        return 0.0
    mse = float(np.mean((pixels.astype(float) - reference) ** 2))
    return 99.0 if mse == 0 else 10 * float(np.log10(255**2 / mse))


def totals(kinds: Sequence[Judged]) -> Counter[str]:
    """All kinds together."""
    counted: Counter[str] = Counter()
    for told in kinds:
        counted.update({k: v for k, v in vars(told).items() if isinstance(v, int)})
    return counted
