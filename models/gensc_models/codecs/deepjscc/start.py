"""Where the training of DeepJSCC starts: at the best linear code that its layers can hold.

From random weights the network needs hundreds of thousands of images to come to what linear
algebra gives at once. So the strided layers become the KLT of 2x2 pixels and the KLT of 2x2
vectors of its coefficients, the layers between them identities, the last one of the encoder the
gains ``lambda^(-1/4)`` (as in :mod:`gensc_models.codecs.softcast.linear`), the first one of the
decoder their LLSE inverse. A number u is carried by two units, since ``prelu(u) - prelu(-u) = (1 +
slope) u``: the code as a whole is linear while every unit bends, so that training can leave the
linear code at once. (With straight units it stays near it.) Layers, loss and training stay the
published ones.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.codecs.deepjscc.network import KERNEL, LATENT, SLOPE, Autoencoder
from gensc_models.codecs.layers import bias_of

# Slope in the middle of the sigmoid is 1/4; somewhat steeper fits [0, 1] best as a whole.
LOGIT_SLOPE = 5.0
# Noise on the weights, relative to a random initialisation, so that no two paths learn alike.
NOISE = 0.05
SMALLEST_VARIANCE = 1e-9
# A transform of 2x2 pixels inside a 5x5 kernel of stride 2.
PATCH = slice(2, 4)
CENTRE = KERNEL // 2


def _klt(vectors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean, basis (rows, strongest first) and variances of ``N x C`` vectors."""
    mean = vectors.mean(dim=0)
    variance, basis = torch.linalg.eigh(torch.cov(vectors.T))
    return mean, basis.flip(1).T, variance.flip(0).clamp_min(SMALLEST_VARIANCE)


def _patches(maps: Tensor) -> Tensor:
    """``B x C x H x W`` to all 2x2 patches, ``N x 4C``."""
    return F.pixel_unshuffle(maps, 2).permute(0, 2, 3, 1).flatten(0, 2)


def _units(numbers: int, units: int) -> tuple[Tensor, Tensor]:
    """How ``units`` carry ``numbers``: writing (``units x numbers``) and reading its inverse.

    The first numbers have two units each, as far as there are units; the rest one, whose PReLU
    is straight (:func:`_slopes`).
    """
    pairs = units - numbers
    write = torch.cat([torch.eye(numbers), -torch.eye(numbers)[:pairs]])
    read = write.T.clone()
    read[:pairs] /= 1.0 + SLOPE
    return write, read


def _slopes(numbers: int, units: int) -> Tensor:
    pairs = units - numbers
    slopes = torch.full((units,), SLOPE)
    slopes[pairs:numbers] = 1.0
    return slopes


@torch.no_grad()
def start_linear(network: Autoencoder, images: Tensor, snr_db: float) -> None:
    """Overwrites the weights of ``network``.

    ``images`` (``B x 3 x H x W`` in [0, 1]) give the statistics, ``snr_db`` the LLSE inverse.
    """
    down = [m for m in network.encoder if isinstance(m, nn.Conv2d)]
    up = [m for m in network.decoder if isinstance(m, nn.ConvTranspose2d)]
    for conv in down + up:
        conv.weight.normal_(std=NOISE * (2.0 / (conv.in_channels * KERNEL**2)) ** 0.5)
        bias_of(conv).zero_()

    mean, fine, _ = _klt(_patches(images))
    colours, pixels = mean.reshape(3, 4).mean(dim=1), len(fine)
    fine = fine.reshape(pixels, 3, 2, 2)
    coefficients = F.conv2d(images - colours[:, None, None], fine, stride=2)
    _, coarse, variance = _klt(_patches(coefficients))
    coarse, sent = coarse[:LATENT].reshape(LATENT, pixels, 2, 2), variance[:LATENT]
    gains = sent**-0.25 / sent.sqrt().mean().sqrt()
    noise = 10.0 ** (-snr_db / 10.0)
    inverse = gains * sent / (gains**2 * sent + noise)

    write_fine, read_fine = _units(pixels, down[0].out_channels)
    write, read = _units(LATENT, down[1].out_channels)
    down[0].weight[:, :, PATCH, PATCH] += torch.einsum("un,ncyx->ucyx", write_fine, fine)
    bias_of(down[0]).sub_(write_fine @ torch.einsum("ncyx,c->n", fine, colours))
    down[1].weight[:, :, PATCH, PATCH] += torch.einsum("un,npyx,pv->uvyx", write, coarse, read_fine)
    for conv in down[2:4]:
        conv.weight[:, :, CENTRE, CENTRE] += write @ read
    down[4].weight[:, :, CENTRE, CENTRE] += gains[:, None] * read
    # Transposed convolutions store inputs first.
    up[0].weight[:, :, CENTRE, CENTRE] += inverse[:, None] * write.T
    for conv in up[1:3]:
        conv.weight[:, :, CENTRE, CENTRE] += (write @ read).T
    up[3].weight[:, :, PATCH, PATCH] += torch.einsum("nu,npyx,vp->uvyx", read, coarse, write_fine)
    up[4].weight[:, :, PATCH, PATCH] += LOGIT_SLOPE * torch.einsum("nu,ncyx->ucyx", read_fine, fine)
    bias_of(up[4]).add_(LOGIT_SLOPE * (colours - 0.5))

    straight = torch.ones(LATENT)
    fine_slopes = _slopes(pixels, down[0].out_channels)
    slopes = _slopes(LATENT, down[1].out_channels)
    prelus = [m for m in network.modules() if isinstance(m, nn.PReLU)]
    starts = [fine_slopes, slopes, slopes, slopes, straight, slopes, slopes, slopes, fine_slopes]
    for prelu, start in zip(prelus, starts, strict=True):
        prelu.weight.copy_(start)
