"""A tiny CLIP with random weights, in a folder as open_clip reads it."""

import json

import torch
from open_clip.model import CLIP
from safetensors.torch import save_file

MODEL = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 16, "head_width": 8, "patch_size": 8},
    "text_cfg": {"context_length": 24, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}


def save_clip(folder):
    """`open_clip_config.json` and `open_clip_model.safetensors`."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(7)
    model = CLIP(**MODEL)
    # As they start, one text is hardly told from another.
    torch.nn.init.normal_(model.token_embedding.weight, std=1.0)
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    config = {"model_cfg": MODEL, "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.25] * 3}}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
