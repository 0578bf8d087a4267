"""Where the training of DeepJSCC starts: at the best linear code that its layers can hold.

From random weights the network needs hundreds of thousands of images to come to what linear
algebra gives at once. So the strided layers become the KLT of 2x2 pixels and the KLT of 2x2
vectors of its coefficients, the layers between them identities, the last one of the encoder the
gains ``lambda^(-1/4)`` (as in :mod:`gensc_models.linear`), the first one of the decoder their LLSE
inverse; all PReLUs start straight. Layers, loss and training stay those of the publication.
"""

from __future__ import annotations

import torch
from gensc_models.deepjscc import KERNEL, LATENT, Autoencoder
from torch import Tensor, nn
from torch.nn import functional as F

# Slope in the middle of the sigmoid is 1/4; somewhat steeper fits [0, 1] best as a whole.
LOGIT_SLOPE = 5.0
# Noise on the weights, relative to a random initialisation: paths that the linear code does not
# use must differ, or they would learn alike.
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


@torch.no_grad()
def start_linear(network: Autoencoder, images: Tensor, snr_db: float) -> None:
    """Overwrites the weights of ``network``.

    ``images`` (``B x 3 x H x W`` in [0, 1]) give the statistics, ``snr_db`` the LLSE inverse.
    """
    down = [m for m in network.encoder if isinstance(m, nn.Conv2d)]
    up = [m for m in network.decoder if isinstance(m, nn.ConvTranspose2d)]
    for layer in network.modules():
        if isinstance(layer, nn.PReLU):
            layer.weight.fill_(1.0)
    for conv in down + up:
        conv.weight.normal_(std=NOISE * (2.0 / (conv.in_channels * KERNEL**2)) ** 0.5)
        conv.bias.zero_()

    mean, fine, _ = _klt(_patches(images))
    pixels = len(fine)
    fine_kernels = fine.reshape(pixels, 3, 2, 2)
    down[0].weight[:pixels] = 0.0
    down[0].weight[:pixels, :, PATCH, PATCH] = fine_kernels
    down[0].bias[:pixels] = -(fine @ mean)
    coefficients = F.conv2d(images - mean.reshape(3, 4).mean(dim=1)[:, None, None], fine_kernels,
                            stride=2)  # fmt: skip

    _, coarse, variance = _klt(_patches(coefficients))
    kept = down[1].out_channels
    down[1].weight[:, :pixels] = 0.0
    down[1].weight[:, :pixels, PATCH, PATCH] = coarse[:kept].reshape(kept, pixels, 2, 2)
    for conv in (*down[2:4], *up[1:3]):
        conv.weight[:, :, CENTRE, CENTRE] += torch.eye(conv.in_channels)

    sent = variance[:LATENT]
    gains = sent**-0.25 / sent.sqrt().mean().sqrt()
    noise = 10.0 ** (-snr_db / 10.0)
    inverse = gains * sent / (gains**2 * sent + noise)
    down[4].weight[:, :LATENT, CENTRE, CENTRE] += torch.diag(gains)
    up[0].weight[:, :LATENT, CENTRE, CENTRE] += torch.diag(inverse)
    up[3].weight[:LATENT, :pixels] = 0.0
    up[3].weight[:LATENT, :pixels, PATCH, PATCH] = coarse[:LATENT].reshape(LATENT, pixels, 2, 2)
    up[4].weight[:pixels] = 0.0
    up[4].weight[:pixels, :, PATCH, PATCH] = LOGIT_SLOPE * fine_kernels
    up[4].bias.copy_(LOGIT_SLOPE * (mean.reshape(3, 4).mean(dim=1) - 0.5))
