"""Importance without learning, to hold the learned one against."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter, uniform_filter

from gensc_models.semantics.importance.pixels import Map, Photo, check_image

# What fits the maps of BSDS500 train + val best in the mean square.
CENTRE_DEVIATION = 0.2
# The scale at which the method's authors look at any picture.
RESIDUAL_SIDE = 64
RESIDUAL_BLUR = 2.5


class CentrePrior:
    """What lies in the middle matters: a Gaussian over the picture, whatever it shows."""

    name = "centre prior"

    def __call__(self, image: Photo) -> Map:
        """The map of an image."""
        check_image(image)
        high, wide = (
            np.exp(-0.5 * ((np.arange(n) + 0.5) / n - 0.5) ** 2 / CENTRE_DEVIATION**2)
            for n in image.shape[:2]
        )
        return np.outer(high, wide).astype(np.float32)


class SpectralResidual:
    """What the spectrum of natural images does not explain stands out.

    Hou and Zhang, "Saliency detection: a spectral residual approach", CVPR 2007: of the
    log-spectrum of a small grey picture its local mean is subtracted; what remains, with the
    phases as they are, is brought back, squared and smoothed.
    """

    name = "spectral residual"

    def __call__(self, image: Photo) -> Map:
        """The map of an image."""
        check_image(image)
        height, width = image.shape[:2]
        factor = RESIDUAL_SIDE / min(height, width)
        size = max(1, round(width * factor)), max(1, round(height * factor))
        small = Image.fromarray(image).convert("L").resize(size, Image.Resampling.BILINEAR)
        spectrum = np.fft.fft2(np.asarray(small, dtype=np.float64))
        log_amplitude = np.log(np.abs(spectrum) + 1e-9)
        residual = log_amplitude - uniform_filter(log_amplitude, 3, mode="wrap")
        back = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
        smooth = gaussian_filter(back, RESIDUAL_BLUR)
        low, high = smooth.min(), smooth.max()
        unit = ((smooth - low) / max(high - low, 1e-12)).astype(np.float32)
        whole = Image.fromarray(unit).resize((width, height), Image.Resampling.BILINEAR)
        return np.asarray(whole)
