"""What the codecs around a linear code learn from: crops over random channels, in decibels.

The photo codec and Swin JSCC start from the linear code that is fitted to their data and put their
networks around it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.codecs.layers import FilmBlock
from gensc_models.codecs.photo.network import ResidualJscc
from gensc_models.codecs.softcast.linear import fit_klt, real_channels
from gensc_models.codecs.softcast.wide import WIDE_BLOCK, fit_wide
from gensc_models.codecs.swin.transformer import (
    PatchDivision,
    PatchMerging,
    SwinBlock,
    WindowAttention,
)
from gensc_models.data.photos import BLOCK, CropSampler, Photo, crop_to_blocks, to_tensor
from gensc_models.training.channel import ChannelSampler

VALIDATION_BATCH = 50
CropShapes = Sequence[tuple[int, int, float]]
"""Crop size, crops in a batch, probability: about equal pixels per step, so equal time."""


def distortion_loss(decoded: Tensor, image: Tensor, reference: Tensor) -> Tensor:
    """Mean of ``log(mse_i + 0.3 reference_i)``: decibels, so that no operating point starves.

    The expected distortion of the linear code at the same point (``reference``, ``B``) keeps
    trivially easy crops, such as sky, from taking over.
    """
    mse = (decoded - image).square().mean(dim=(1, 2, 3))
    return torch.log(mse + 0.3 * reference).mean()


def forward_pass(
    model: ResidualJscc, channel: ChannelSampler, image: Tensor, progress: float
) -> Tensor:
    """Loss of one batch ``B x 3 x H x W`` over freshly drawn operating points and channels."""
    count, _, height, width = image.shape
    points = channel.operating_points(count, progress)
    snr, known, rate = (p.to(image.device) for p in points)
    sent, scale = model.encode(image, known, rate)
    symbols = channel.precision(points[0], sent.shape[1] // 2, height // BLOCK, width // BLOCK)
    precision = symbols.repeat_interleave(2, dim=1).to(image.device) * real_channels(rate)
    received = channel.transmit(sent, precision)
    decoded = model.decode(received, precision, scale, known, rate)
    return distortion_loss(decoded, image, model.linear.expected_mse(snr, known, rate))


@torch.inference_mode()
def psnr_at(
    model: ResidualJscc, photos: Sequence[Photo], points: Sequence[tuple[int, float]]
) -> dict[str, float]:
    """Mean PSNR of rounded images per (rate, SNR) over AWGN, with the same noise every time."""
    device = model.linear.mean.device
    result: dict[str, float] = {}
    by_shape: dict[tuple[int, ...], list[Tensor]] = {}
    for photo in photos:
        image = to_tensor(crop_to_blocks(photo))
        by_shape.setdefault(tuple(image.shape), []).append(image)
    batches = [
        torch.cat(same[i : i + VALIDATION_BATCH]).to(device)
        for same in by_shape.values()
        for i in range(0, len(same), VALIDATION_BATCH)
    ]
    for rate, snr in points:
        total = 0.0
        generator = torch.Generator().manual_seed(rate * 1000 + int(snr))
        for image in batches:
            count = len(image)
            snr_db = torch.full((count,), float(snr), device=device)
            rates = torch.full((count,), rate, device=device)
            sent, scale = model.encode(image, snr_db, rates)
            precision = torch.full_like(sent, 10.0 ** (snr / 10.0)) * real_channels(rates)
            noise = torch.randn(sent.shape, generator=generator).to(device)
            received = sent + noise * precision.clamp_min(1e-9).rsqrt()
            decoded = model.decode(received, precision, scale, snr_db, rates)
            error = (decoded.clamp(0, 1) * 255).round() / 255 - image
            mse = error.square().mean(dim=(1, 2, 3)).clamp_min(1e-10)
            total -= 10.0 * mse.log10().sum().item()
        result[f"C{rate}@{snr:g}dB"] = round(total / len(photos), 3)
    return result


def code_statistics(
    photos: Sequence[Photo], side: int, crops: int, seed: int, wide: bool
) -> dict[str, Tensor]:
    """Mean colour, KLT basis and variances (:func:`fit_klt`) over random crops of ``side``.

    With the rotation of :func:`fit_wide` where the code is ``wide``.
    """
    sampler = CropSampler(photos, seed)
    grid = side // BLOCK
    blocks = torch.cat(
        [
            F.pixel_unshuffle(sampler.batch(1, side), BLOCK)
            .reshape(3, BLOCK * BLOCK, grid * grid)
            .permute(2, 0, 1)
            .reshape(-1, 3, BLOCK, BLOCK)
            for _ in range(crops)
        ]
    )
    mean, basis, variance = fit_klt(blocks)
    statistics = {"mean": mean, "basis": basis, "variance": variance}
    if wide:
        sampler = CropSampler(photos, seed)
        batches = [sampler.batch(100, WIDE_BLOCK) for _ in range(crops // 25)]
        statistics["rotation"], statistics["variance"] = fit_wide(torch.cat(batches), mean, basis)
    return statistics


def crop_batches(photos: Sequence[Photo], shapes: CropShapes, seed: int) -> Callable[[], Tensor]:
    """A source of batches of random crops, one of the shapes each time."""
    sampler = CropSampler(photos, seed)
    sizes, counts, odds = zip(*shapes, strict=True)

    def make() -> Tensor:
        shape = sampler.random.choice(len(sizes), p=odds)
        return sampler.batch(counts[shape], sizes[shape])

    return make


def inner_matrices(network: nn.Module) -> list[nn.Parameter]:
    """Weights inside a network's blocks and between its stages: what Muon is for.

    The first and the last layers are not: their sizes are given by the data, not chosen.
    """
    inside = (FilmBlock, WindowAttention, SwinBlock, PatchMerging, PatchDivision)
    names = ("conv1", "conv2", "qkv", "out", "mlp_in", "mlp_out", "reduce", "expand")
    return [
        getattr(module, name).weight
        for module in network.modules()
        if isinstance(module, inside)
        for name in names
        if hasattr(module, name)
    ]
