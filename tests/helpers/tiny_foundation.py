"""Foundation models small enough for a test: random weights, saved to disk as real ones are.

Nothing is fetched: the tokenizers know single bytes only.
"""

from __future__ import annotations

from pathlib import Path

import torch

WIDTH = 8
CLIP_TOKENS = 77


def _bytes(*special: str, endings: bool = False) -> dict[str, int]:
    """A vocabulary of all bytes, as byte-level tokenizers spell them."""
    from tokenizers.pre_tokenizers import ByteLevel

    letters = sorted(ByteLevel.alphabet())
    words = letters + [f"{letter}</w>" for letter in letters if endings] + list(special)
    return {word: number for number, word in enumerate(words)}


def _clip():
    """Tokenizer and text encoder of CLIP."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    vocabulary = _bytes("<|startoftext|>", "<|endoftext|>", endings=True)
    tokenizer = CLIPTokenizer(vocabulary, [], model_max_length=CLIP_TOKENS)
    config = CLIPTextConfig(
        vocab_size=len(vocabulary),
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=CLIP_TOKENS,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.eos_token_id,
    )
    return tokenizer, CLIPTextModel(config)


def stable_diffusion(folder: Path, kind: str = "StableDiffusionPipeline") -> Path:
    """A Stable Diffusion pipeline of the named class in ``folder``."""
    import diffusers

    torch.manual_seed(0)
    tokenizer, text_encoder = _clip()
    # Inpainting models are also shown mask and image, InstructPix2Pix the image.
    channels = {"StableDiffusionInpaintPipeline": 9, "StableDiffusionInstructPix2PixPipeline": 8}
    unet = diffusers.UNet2DConditionModel(
        sample_size=32,
        in_channels=channels.get(kind, 4),
        out_channels=4,
        block_out_channels=(WIDTH, WIDTH),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        norm_num_groups=2,
    )
    vae = diffusers.AutoencoderKL(
        block_out_channels=(WIDTH, WIDTH),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        norm_num_groups=2,
        sample_size=64,
    )
    pipe = getattr(diffusers, kind)(
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=diffusers.DDIMScheduler(
            clip_sample=False, set_alpha_to_one=False, steps_offset=1
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.save_pretrained(folder)
    return folder


def controlnet(folder: Path) -> Path:
    """A ControlNet for that pipeline in ``folder``; unlike a fresh one, it has something to say."""
    import diffusers

    torch.manual_seed(1)
    net = diffusers.ControlNetModel(
        block_out_channels=(WIDTH, WIDTH),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        norm_num_groups=2,
        conditioning_embedding_out_channels=(WIDTH, WIDTH),
    )
    for parameter in net.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.1)
    net.save_pretrained(folder)
    return folder


def qwen_image_edit(folder: Path) -> Path:
    """A Qwen-Image-Edit pipeline in ``folder``."""
    import diffusers
    from transformers import (
        Qwen2_5_VLConfig,
        Qwen2_5_VLForConditionalGeneration,
        Qwen2Tokenizer,
        Qwen2VLImageProcessor,
        Qwen2VLProcessor,
        Qwen2VLVideoProcessor,
    )

    torch.manual_seed(0)
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>",
               "<|image_pad|>", "<|video_pad|>"]  # fmt: skip
    vocabulary = _bytes(*special)
    tokenizer = Qwen2Tokenizer(vocabulary, [], extra_special_tokens=special[1:])
    heads = {"hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2}
    text_encoder = Qwen2_5_VLForConditionalGeneration(
        Qwen2_5_VLConfig(
            text_config={
                **heads,
                "num_hidden_layers": 1,
                "num_key_value_heads": 2,
                "vocab_size": len(vocabulary),
                "rope_scaling": {"type": "default", "mrope_section": [1, 1, 2]},
            },
            vision_config={
                "depth": 1,
                "hidden_size": 16,
                "intermediate_size": 16,
                "num_heads": 2,
                "out_hidden_size": 16,
            },
            vision_start_token_id=vocabulary["<|vision_start|>"],
            vision_end_token_id=vocabulary["<|vision_end|>"],
            image_token_id=vocabulary["<|image_pad|>"],
            video_token_id=vocabulary["<|video_pad|>"],
        )
    )
    # The picture that the language model is shown stays small.
    image_processor = Qwen2VLImageProcessor(size={"shortest_edge": 784, "longest_edge": 3136})
    pipe = diffusers.QwenImageEditPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=diffusers.AutoencoderKLQwenImage(
            base_dim=4,
            z_dim=4,
            dim_mult=[1, 1, 1, 1],
            num_res_blocks=1,
            temperal_downsample=[False, True, True],
            latents_mean=[0.0] * 4,
            latents_std=[1.0] * 4,
        ),
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        processor=Qwen2VLProcessor(image_processor, tokenizer, Qwen2VLVideoProcessor()),
        transformer=diffusers.QwenImageTransformer2DModel(
            patch_size=2,
            in_channels=16,
            out_channels=4,
            num_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=16,
            axes_dims_rope=(8, 4, 4),
        ),
    )
    pipe.save_pretrained(folder)
    return folder


def blip(folder: Path) -> Path:
    """A BLIP captioner in ``folder``."""
    from transformers import (
        BertTokenizer,
        BlipConfig,
        BlipForConditionalGeneration,
        BlipImageProcessor,
        BlipProcessor,
    )

    torch.manual_seed(0)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "red", "cat", "on", "the", "grass"]
    tokenizer = BertTokenizer({word: number for number, word in enumerate(words)})
    layers = {"hidden_size": WIDTH, "intermediate_size": WIDTH, "num_attention_heads": 2,
              "num_hidden_layers": 1}  # fmt: skip
    model = BlipForConditionalGeneration(
        BlipConfig(
            text_config={
                **layers,
                "vocab_size": len(words),
                "encoder_hidden_size": WIDTH,
                "max_position_embeddings": 64,
                "bos_token_id": 2,
                "sep_token_id": 3,
                "eos_token_id": 3,
                "pad_token_id": 0,
            },
            vision_config={**layers, "image_size": 32, "patch_size": 16},
            projection_dim=WIDTH,
        )
    )
    processor = BlipProcessor(BlipImageProcessor(size={"height": 32, "width": 32}), tokenizer)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
