"""A program that keeps an archive busy until it is killed; it says what has been acknowledged.

`python -m gensc.trials.robust.archive_writer FOLDER SEED` opens the archive, says ``open``, and
then from several threads stores images, replaces their refined ones and gives others up. A line on
stdout follows each call that has returned: ``KEY STAGE SHA256``, or ``KEY lost``.
"""

from __future__ import annotations

import hashlib
import io
import os
import random
import sys
import threading
import time

import numpy as np
from PIL import Image

from gensc.receiver.archive import Archive, Fates, Record

THREADS = 4
_SIDE = 96


def say(*words: str) -> None:
    """One line at once and whole: what is in a pipe survives the program."""
    os.write(1, (" ".join(words) + "\n").encode())


def picture(generator: random.Random) -> bytes:
    """A PNG file of some 28 kB."""
    rng = np.random.default_rng(generator.getrandbits(32))
    pixels = rng.integers(0, 256, (_SIDE, _SIDE, 3), dtype=np.uint8)
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG", compress_level=0)
    return data.getvalue()


def work(archive: Archive, seed: int, session: int) -> None:
    """Store, refine and lose images for ever."""
    generator = random.Random(seed)
    image_id = 0
    while True:
        image_id += 1
        now = time.time()
        if generator.random() < 0.15:
            record = Record(session, image_id, now, fate="lost", cause="never heard")
            say(archive.lost(record), "lost")
            continue
        png = picture(generator)
        symbols = Fates(sent=1000, received=1000)
        shape = (_SIDE, _SIDE, 3)
        key = archive.store(Record(session, image_id, now, shape=shape, symbols=symbols), png).stem
        say(key, "coarse", hashlib.sha256(png).hexdigest())
        archive.update(key, metrics={"psnr": 30.0})
        for _ in range(generator.randrange(3)):
            png = picture(generator)
            archive.replace(key, "refined", png, {"ms": 80.0})
            say(key, "refined", hashlib.sha256(png).hexdigest())


def main(folder: str, seed: int) -> None:
    """Never ends by itself."""
    archive = Archive(folder)
    say("open")
    for number in range(THREADS):
        arguments = (archive, seed * THREADS + number, (seed * THREADS + number) % 65536)
        threading.Thread(target=work, args=arguments).start()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
