"""Codecs on many small images at once."""

import numpy as np
import pytest
import torch
from skimage.data import astronaut

from gensc_models.channels.single import simulate
from gensc_models.codecs.deepjscc.network import DeepJsccConfig
from gensc_models.codecs.jscc import CodecConfig, JsccCodec, load_jscc
from gensc_models.data.cifar import ImageSet
from gensc_models.metrics.fidelity import psnr
from gensc_models.training.evaluation.cifar import (
    _send,
    decode_through,
    evaluate_images,
    markdown_table,
)


@pytest.fixture(scope="module")
def images() -> ImageSet:
    photo = astronaut()
    parts = [photo[y : y + 32, 180 : 180 + 32] for y in range(0, 320, 32)]
    return ImageSet(np.stack(parts), np.zeros(10, np.int64), "pieces of a photo")


@pytest.mark.parametrize("rate", [16, 128])
def test_a_batch_is_what_the_codec_does_image_by_image(images: ImageSet, rate: int) -> None:
    codec = load_jscc("softcast")
    together = decode_through(codec, images.images[:3], rate, 60.0, "none")
    for image, decoded in zip(images.images, together, strict=False):
        sent = codec.encode_image(image, rate, 25.0)
        clean = np.full(len(sent.symbols), 1e-6, np.float32)
        alone = codec.decode_image(sent.received(sent.symbols, clean))
        assert np.abs(alone.astype(int) - decoded).max() <= 1


def test_points_are_means_over_the_images(images: ImageSet) -> None:
    codec = load_jscc("softcast")
    (point,) = evaluate_images(codec, images, [10.0], seed=5)
    decoded = decode_through(codec, images.images, 128, 10.0, seed=5)
    each = [psnr(a, b) for a, b in zip(images.images, decoded, strict=True)]
    assert point.mean_psnr_db == pytest.approx(np.mean(each), abs=2e-3)
    of_mean = -10 * np.log10(np.mean(10 ** (-np.array(each) / 10)))
    assert point.psnr_of_mean_mse_db == pytest.approx(of_mean, abs=2e-3)
    assert (point.images, point.source, point.csi) == (10, "pieces of a photo", "perfect")


@pytest.mark.parametrize("channel", ["awgn", "rayleigh"])
def test_noise_has_the_power_that_the_precision_says(channel: str) -> None:
    sent = torch.randn(200, 256, 2, 2, generator=torch.Generator().manual_seed(1))
    received, precision = _send(sent, 32, channel, 6.0, torch.Generator().manual_seed(2))
    assert not received[:, 64:].any()
    assert not precision[:, 64:].any()
    whitened = ((received - sent)[:, :64].square() * precision[:, :64]).mean().item()
    assert whitened == pytest.approx(1.0, rel=0.03)
    if channel == "awgn":
        assert precision[0, 0, 0, 0].item() == pytest.approx(10**0.6)


def test_symbols_are_those_of_a_burst(images: ImageSet) -> None:
    """The same numbers share a symbol, so fading per symbol hits the same pairs."""
    sent = torch.arange(2 * 256 * 4, dtype=torch.float32).reshape(2, 256, 2, 2)
    heard = []

    def record(symbols, *_):
        heard.append(symbols)
        return simulate(symbols, "none", 0.0, torch.Generator())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gensc_models.training.evaluation.cifar.simulate", record)
        received, _ = _send(sent, 128, "none", 0.0, torch.Generator())
    torch.testing.assert_close(received, sent)
    (row,) = heard
    # Symbol n = k h w + i w + j carries channels 2k and 2k + 1 of block (i, j).
    k, i, j = 5, 1, 0
    pair = row[1, k * 4 + i * 2 + j] * 2**0.5
    torch.testing.assert_close(pair, sent[1, 2 * k : 2 * k + 2, i, j])


def test_a_rate_the_codec_does_not_have_is_refused(images: ImageSet) -> None:
    config = CodecConfig("small", (128,), DeepJsccConfig((10.0,)))
    with pytest.raises(ValueError, match="rate 128"):
        evaluate_images(JsccCodec(config), images, [10.0], rate=64)


def test_table_has_a_row_per_point(images: ImageSet) -> None:
    points = evaluate_images(load_jscc("softcast"), images, [0.0, 10.0])
    lines = markdown_table(points).splitlines()
    assert len(lines) == 4
    assert lines[2].startswith("| awgn | 0 dB | ")
    assert f"{points[1].psnr_of_mean_mse_db:.2f}" in lines[3]
