"""Half precision: only on processors that have it, and only where nobody can see it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from gensc.serve.precision import harmless, native
from gensc_models.codecs.codec import Codec, Encoded, Received, Symbols
from gensc_models.data.photos import Photo


@pytest.mark.parametrize(
    ("line", "there"),
    [
        ("flags\t\t: fpu avx512f avx512_bf16 amx_tile", True),
        ("flags\t\t: fpu avx512f avx512_bf160", False),
        ("Features\t: fp asimd bf16 i8mm", True),
        ("model name\t: avx512_bf16", False),
    ],
)
def test_the_processor_says_whether_it_has_it(line: str, there: bool, tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\n{line}\n")
    assert native(tmp_path / "cpuinfo") is there


def test_a_system_that_does_not_say_has_not_got_it(tmp_path: Path) -> None:
    assert native(tmp_path / "none") is False


class Summing(Codec):
    """Whatever it receives it makes one image of, by a product of matrices."""

    name = "summing"
    rates = (1, 2)

    def __init__(self, protected: bool) -> None:
        self.protected = protected

    def encode_image(self, image: Photo, rate: int, snr_db: float) -> Encoded:
        symbols: Symbols = np.ones(16 * rate, np.complex64)
        return Encoded(symbols, 0, rate, *image.shape[:2])

    def decode_image(self, received: Received) -> Photo:
        with torch.autocast("cpu", enabled=not self.protected and torch.is_autocast_enabled("cpu")):
            row = torch.linspace(1100.0, 1201.7, 64).reshape(64, 1)
            level = (row @ torch.ones(1, 64)).float().numpy() - 1000
        return np.repeat(level.round().astype(np.uint8)[..., None], 3, axis=2)


def test_a_codec_whose_image_would_change_stays_as_it_is() -> None:
    # Eight bits of a number beyond 1024 are right to four.
    assert not harmless(Summing(protected=False))
    assert harmless(Summing(protected=True))
