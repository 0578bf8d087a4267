"""Semantic fine-tuning of decoded images: a prior by diffusion, an image by a transformer.

After K. Zhang et al., "Semantic Successive Refinement: A Generative AI-aided Semantic Communication
Framework", section III-D. N1 is :mod:`prior`, N2 :mod:`restoration` (blocks in
:mod:`transformer`), the diffusion :mod:`diffusion`; :mod:`network` puts them together.
"""

from gensc_models.restore.refiner.config import CIFAR, CONFIGS, PAPER, PHOTO, RefinerConfig
from gensc_models.restore.refiner.refiner import Refiner, load_refiner

__all__ = ["CIFAR", "CONFIGS", "PAPER", "PHOTO", "Refiner", "RefinerConfig", "load_refiner"]
