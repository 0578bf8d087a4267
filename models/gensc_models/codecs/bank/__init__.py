"""Codec bank: a hyperprior image codec with real bitstreams and 19 operating points.

Balle, Minnen, Singh, Hwang and Johnston, "Variational image compression with a scale hyperprior"
(ICLR 2018), made variable in rate by gains (Cui et al., CVPR 2021) and grown around a wavelet
codec, so that training starts from the answer that is known.
"""

from gensc_models.codecs.bank.codec import Bits, Decoded, Encoded, HyperpriorCodec
from gensc_models.codecs.bank.errors import BitstreamError
from gensc_models.codecs.bank.transforms import HyperpriorConfig

__all__ = [
    "Bits",
    "BitstreamError",
    "Decoded",
    "Encoded",
    "HyperpriorCodec",
    "HyperpriorConfig",
]
