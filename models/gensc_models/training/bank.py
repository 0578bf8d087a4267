"""What the codec bank learns: what bits cost, and a decoder that is told how sure it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as save_tensors
from torch import Tensor
from torch.nn import functional as F

from gensc_models.codecs.bank import wavelet
from gensc_models.codecs.bank.network import Coded, HyperpriorNetwork, multipliers
from gensc_models.codecs.bank.scales import LEVELS
from gensc_models.data.photos import BLOCK, Photo, crop_to_blocks, to_tensor
from gensc_models.training.uncertainty import Draw, Drawer, Shares, known, matching_position
from gensc_phy.atomic import write_bytes


def draw_masks(count: int, side: int, share: float, generator: torch.Generator) -> Tensor:
    """Masks ``count x side x side``: all kept, or (a ``share`` of them) one smooth region."""
    noise = torch.randn(count, 1, 3, 3, generator=generator)
    smooth = F.interpolate(noise, size=(side, side), mode="bilinear", align_corners=True)[:, 0]
    whole = torch.rand(count, generator=generator) >= share
    return (smooth > 0.0) | whole[:, None, None]


UNSENT_SHARE = 0.25
"""Weight of what the mask did not send, which the decoder can only guess."""


def rate_loss(coded: Coded, position: Tensor, pixels: int) -> Tensor:
    """Bits per pixel of each image over ``sqrt(lambda)``, averaged.

    The division keeps the best point, whose bits are fifty times those of the last, from taking all
    the gradient.
    """
    rate = (coded.y_bits + coded.z_bits) / pixels
    return (rate / multipliers(position).sqrt()).mean()


def distortion_loss(
    decoded: Tensor, image: Tensor, keep: Tensor, position: Tensor, whole: Tensor
) -> Tensor:
    """Mean logarithm of the squared error: PSNR, averaged over images, in nepers of power.

    Where part of an image was not sent, both parts count by themselves. Images that are ``whole``
    (``B`` bool) count by ``sqrt(lambda) 255^2 MSE`` instead, which is commensurate with
    :func:`rate_loss`.
    """
    pixels = keep.repeat_interleave(BLOCK, 1).repeat_interleave(BLOCK, 2).float()
    squares = (decoded - image).square().mean(dim=1)
    weight = 255.0**2 * multipliers(position).sqrt()
    total = decoded.new_zeros(len(image))
    for part, share in ((pixels, 1.0), (1.0 - pixels, UNSENT_SHARE)):
        area = part.sum(dim=(1, 2))
        error = (squares * part).sum(dim=(1, 2)) / area.clamp_min(1.0)
        counted = torch.where(whole, weight * error, torch.log(error + 1e-7))
        total = total + share * counted * (area > 0)
    return total.mean()


class Spread:
    """Running standard deviation of latents about their means, by level."""

    FORGET = 0.998

    def __init__(self, first: Tensor) -> None:
        # As if each level had been seen a little already, with the model's own deviation.
        self.count = torch.full((LEVELS,), 2000.0, dtype=torch.float64)
        self.squares = first.double().cpu().square() * self.count

    @torch.no_grad()
    def see(self, coded: Coded) -> Tensor:
        """Takes in a batch and gives the deviations as they are now, ``64``."""
        level = coded.levels.round().long()[coded.sent].cpu()
        values = coded.latents[coded.sent].double().square().cpu()
        self.count = self.FORGET * self.count + torch.bincount(level, minlength=LEVELS).double()
        seen = torch.bincount(level, weights=values, minlength=LEVELS)
        self.squares = self.FORGET * self.squares + seen
        return self.deviations()

    def deviations(self) -> Tensor:
        """As they are now, ``64``."""
        return (self.squares / self.count).sqrt().float()


def save_network(network: HyperpriorNetwork, path: Path) -> None:
    """Parameters and buffers in float16 for a later ``start``; levels' statistics in float32."""
    tensors = {
        name: (value.half() if value.ndim > 1 else value).contiguous()
        for name, value in network.state_dict().items()
    }
    write_bytes(path, save_tensors(tensors))


def load_network(network: HyperpriorNetwork, path: Path) -> None:
    """Reads :func:`save_network`.

    Raises
    ------
    ValueError
        No such file, or of a network of another shape.
    """
    try:
        tensors = load_file(path)
        network.load_state_dict({name: value.float() for name, value in tensors.items()})
    except (OSError, SafetensorError, RuntimeError) as error:
        raise ValueError(f"{path}: cannot start from it: {error}") from error


class Objective:
    """Both losses on freshly drawn ways in which latents are known.

    A learned analysis takes part through what is quantised and whole, for which bits and error
    then count together.
    """

    def __init__(self, shares: Shares, lowest: float, seed: int) -> None:
        self.drawer = Drawer(shares, lowest, seed)

    def entropy(
        self, network: HyperpriorNetwork, spread: Spread, image: Tensor, keep: Tensor
    ) -> Tensor:
        """Bits per pixel over ``sqrt(lambda)`` of a batch."""
        position = self._positions(self.drawer.batch(len(image)), image)
        coded = network(image, position, keep)
        network.transforms.spread.copy_(spread.see(coded))
        return rate_loss(coded, position, image.shape[-1] * image.shape[-2])

    def decoder(
        self, network: HyperpriorNetwork, spread: Spread, image: Tensor, keep: Tensor
    ) -> Tensor:
        """Logarithm of the universal decoder's error on a batch."""
        draws = self.drawer.batch(len(image))
        position = self._positions(draws, image)
        transforms = network.transforms
        joint = transforms.analysis is not None
        with torch.set_grad_enabled(joint):
            coded = network(image, position, keep)
        if joint:
            transforms.spread.copy_(spread.see(coded))
        estimate, deviation = known(coded, transforms.spread, draws, self.drawer.generator)
        whole = torch.tensor([joint and d.kind == "quantised" for d in draws], device=image.device)
        if joint:
            through = (coded.values + coded.means) * whole[:, None, None, None]
            estimate = estimate + (through - through.detach())
        decoded = transforms.synthesise(estimate, deviation, position)
        loss = distortion_loss(decoded, image, keep, position, whole)
        if joint:
            loss = loss + rate_loss(coded, position, image.shape[-1] * image.shape[-2])
        return loss

    @staticmethod
    def _positions(draws: Sequence[Draw], image: Tensor) -> Tensor:
        return torch.tensor([d.position for d in draws], device=image.device)


ANALOG_POINTS = ((1 / 48, 1.0), (1 / 24, 1.0), (1 / 24, 7.0), (1 / 24, 13.0), (1 / 6, 10.0))
"""CBR and SNR at which analog transmission is validated, at the operating point of :class:`Drawer`.
"""


@torch.no_grad()
def analog_psnr(
    network: HyperpriorNetwork, photos: Sequence[Photo], cbr: float, snr_db: float
) -> float:
    """Mean PSNR of photos sent as analog symbols alone, their sides whole multiples of 64."""
    generator = torch.Generator().manual_seed(1)
    draw = Draw("analog", matching_position(cbr, snr_db, network.config.lowest), snr_db, cbr)
    errors = []
    for photo in photos:
        image = to_tensor(crop_to_blocks(photo, 64))
        position = torch.tensor([draw.position])
        keep = torch.ones(1, *wavelet.grid(*image.shape[-2:]), dtype=torch.bool)
        coded = network(image, position, keep)
        told = known(coded, network.transforms.spread, [draw], generator)
        decoded = network.transforms.synthesise(*told, position).clamp(0.0, 1.0)
        errors.append(-10.0 * math.log10(float((decoded - image).square().mean())))
    return sum(errors) / len(errors)
