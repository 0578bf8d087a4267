"""JPEG 2000, WebP and AVIF as baselines: real bytes, the best that fits."""

import numpy as np
import pytest
from skimage.data import chelsea

from gensc.experiment.baselines import jpeg2000, modern
from gensc_models.metrics.fidelity import psnr

PHOTO = np.ascontiguousarray(chelsea()[40:168, 90:282])


@pytest.mark.parametrize("max_bytes", [500, 1503, 4000, 20000])
def test_the_codestream_fits_and_fills_what_is_granted_up_to_its_steps(max_bytes):
    data = jpeg2000.fit(PHOTO, max_bytes)
    assert 0.9 * max_bytes < len(data) <= max_bytes
    assert jpeg2000.decode(data).shape == PHOTO.shape


def test_more_bytes_give_a_better_picture():
    quality = [psnr(PHOTO, jpeg2000.decode(jpeg2000.fit(PHOTO, n))) for n in (700, 2000, 6000)]
    assert quality == sorted(quality)
    assert quality[-1] > 34


def test_colours_are_decorrelated():
    """Without the colour transform the same bytes give a picture that is decibels worse."""
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(PHOTO).save(
        buffer, "JPEG2000", no_jp2=True, irreversible=True, mct=0,
        quality_mode="rates", quality_layers=[PHOTO.size / 2000],
    )  # fmt: skip
    plain = psnr(PHOTO, jpeg2000.decode(buffer.getvalue()))
    assert psnr(PHOTO, jpeg2000.decode(jpeg2000.encode(PHOTO, 2000))) > plain + 1.0


def test_a_picture_without_content_takes_no_more_than_it_needs():
    flat = np.full((64, 64, 3), 90, np.uint8)
    data = jpeg2000.fit(flat, 5000)
    assert len(data) < 500
    assert np.abs(jpeg2000.decode(data).astype(int) - flat).max() <= 1


@pytest.mark.parametrize("max_bytes", [0, 1, 60])
def test_where_not_even_the_headers_fit_there_is_nothing(max_bytes):
    assert jpeg2000.fit(PHOTO, max_bytes) is None


@pytest.mark.parametrize("data", [b"", b"junk", b"\xff\x4f\xff\x51" + bytes(40)])
def test_bytes_that_are_no_picture_are_none(data):
    assert jpeg2000.decode(data) is None


@pytest.mark.parametrize("kind", ["webp", "avif"])
def test_modern_files_come_back_and_improve_with_quality(kind):
    sizes, quality = [], []
    for level in (0, 50, 95):
        data = modern.encode(kind, PHOTO, level)
        sizes.append(len(data))
        quality.append(psnr(PHOTO, modern.decode(kind, data)))
    assert sizes == sorted(sizes)
    assert quality == sorted(quality)


@pytest.mark.parametrize("kind", ["webp", "avif"])
@pytest.mark.parametrize("max_bytes", [1500, 4000])
def test_modern_files_fit_what_is_granted_and_no_better_one_would(kind, max_bytes):
    data = modern.fit(kind, PHOTO, max_bytes)
    assert len(data) <= max_bytes
    same = [q for q in modern.QUALITIES if modern.encode(kind, PHOTO, q) == data]
    better = same[-1] + 1
    assert len(modern.encode(kind, PHOTO, better)) > max_bytes


@pytest.mark.parametrize("kind", ["webp", "avif"])
def test_where_not_even_the_lowest_quality_fits_there_is_none(kind):
    assert modern.fit(kind, PHOTO, 40) is None
    assert modern.decode(kind, b"no picture") is None
