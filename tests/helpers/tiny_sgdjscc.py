"""A clone of SGD-JSCC's code with the networks' calls and names, and next to nothing in them."""

from __future__ import annotations

from pathlib import Path

import torch

AUTOENCODER = '''
from dataclasses import dataclass
from utils.distribution import Distribution
import torch
from torch import nn


class Output:
    def __init__(self, latent_dist):
        self.latent_dist = latent_dist


class AutoencoderKL(nn.Module):
    """Squares of 8 pixels as 16 numbers, and those as squares."""

    def __init__(self, ddconfig, embed_dim):
        super().__init__()
        self.encoder = nn.Conv2d(3, embed_dim, 8, 8, bias=False)
        self.decoder = nn.ConvTranspose2d(embed_dim, 3, 8, 8, bias=False)

    def encode(self, x):
        assert x.shape[1:] == (3, 128, 128)
        return Output(Distribution(self.encoder(x)))

    def decode(self, z):
        return (self.decoder(z),)
'''
DISTRIBUTION = """
class Distribution:
    def __init__(self, mean):
        self.mean = mean
"""
DENOISER = """
import torch
from torch import nn


class MDTv2(nn.Module):
    def __init__(self, depth, hidden_size, patch_size, num_heads):
        super().__init__()
        self.label_proj = nn.Linear(16, 16)
"""
CONTROLLED = '''
import torch
from torch import nn


class MDTv2_ControlNet(nn.Module):
    """Latents of variance one by their best estimate, with a trace of text and edges."""

    def __init__(self, base_model, copy_blocks_num, hidden_size=512):
        super().__init__()
        self.base_model = base_model
        self.control = nn.Parameter(torch.ones(1))

    def forward(self, x, noise_level, y, c=None, mask_token=None, not_control=False):
        assert x.shape[1:] == (16, 16, 16)
        assert noise_level.shape == (len(x), 1)
        assert len(y) == len(not_control) == len(x)
        found = x * torch.sqrt(1 - noise_level**2)[..., None, None]
        found = found + 0.01 * self.base_model.label_proj(y)[..., None, None]
        if c is not None:
            strength = torch.tensor(not_control).reshape(-1, 1, 1, 1)
            found = found + self.control * strength * c
        return found
'''


def clone(folder: Path) -> Path:
    """The code and the checkpoints in ``folder``."""
    package = folder / "models" / "test_advanced_network"
    package.mkdir(parents=True)
    (folder / "utils").mkdir()
    (folder / "utils" / "distribution.py").write_text(DISTRIBUTION)
    for name, text in (
        ("autoencoderkl", AUTOENCODER),
        ("mask_diffusion", DENOISER),
        ("mask_diffusion_controlnet", CONTROLLED),
    ):
        (package / f"{name}.py").write_text(text)
    torch.manual_seed(3)
    # Orthonormal rows, so that what is encoded and decoded loses only what 16 numbers cannot say.
    basis = torch.linalg.qr(torch.randn(192, 192))[0][:16].reshape(16, 3, 8, 8)
    basis[:3] = 0
    for colour in range(3):
        basis[colour, colour] = 1 / 8
    label = {"label_proj.weight": torch.randn(16, 16), "label_proj.bias": torch.zeros(16)}
    joined = {f"base_model.{key}": value for key, value in label.items()}
    checkpoints = {
        "JSCC_model.pth": {
            "vae.encoder.weight": basis,
            "vae.decoder.weight": basis,
            "snr_prediction_net.weight": torch.zeros(1),
        },
        "diffusion_backbone.pth": {"model_ema": label},
        "diffusion_controlnet.pth": {"model_ema": {**joined, "control": torch.ones(1)}},
    }
    (folder / "checkpoint").mkdir()
    for name, tensors in checkpoints.items():
        torch.save(tensors, folder / "checkpoint" / name)
    return folder
