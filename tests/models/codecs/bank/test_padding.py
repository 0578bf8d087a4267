"""Padding of photos whose sides are no multiples of 16: the photo untouched, few bits beyond it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_models.codecs import layout
from gensc_models.codecs.bank import codec as codec_module
from gensc_models.codecs.bank import wavelet
from gensc_models.codecs.bank.padding import details_beyond, padded
from small_hyperprior import photo, small_codec


@settings(max_examples=20, deadline=None)
@given(height=st.integers(1, 70), width=st.integers(1, 70), seed=st.integers(0, 99))
def test_the_photo_stays_what_it_is_at_the_top_left(height: int, width: int, seed: int) -> None:
    image = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))
    whole = padded(image)
    assert tuple(side % 16 for side in whole.shape[-2:]) == (0, 0)
    assert whole.shape == layout.pad_to_blocks(image).shape
    assert torch.equal(whole[..., :height, :width], image)
    assert torch.isfinite(whole).all()


def test_only_details_centred_beyond_the_photo_count_as_beyond() -> None:
    assert not details_beyond(64, 96).any()
    beyond = details_beyond(34, 96)
    assert beyond.shape == (wavelet.CHANNELS, 3, 6)
    assert not beyond[: wavelet.APPROXIMATION].any()
    assert not beyond[:, :2].any()
    # Of the last block's 8 rows of finest details the first lies over rows 32 and 33.
    finest = beyond[-64:, 2, 0].view(8, 8)
    assert finest.all(dim=1).tolist() == [False] + [True] * 7


def test_less_details_are_left_beyond_than_when_the_border_is_repeated() -> None:
    image = torch.from_numpy(photo(97, 145)).permute(2, 0, 1)[None].float() / 255.0
    beyond = details_beyond(97, 145)
    repeated, chosen = (
        wavelet.analyse(whole)[0][beyond].square().sum()
        for whole in (layout.pad_to_blocks(image), padded(image))
    )
    assert chosen < 0.3 * repeated


def test_a_stream_is_shorter_for_it_and_the_picture_as_good(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    codec, image = small_codec(), photo(129, 177)
    chosen = codec.encode(image, 3)
    monkeypatch.setattr(codec_module, "padded", layout.pad_to_blocks)
    repeated = codec.encode(image, 3)
    assert len(chosen.data) < 0.97 * len(repeated.data)
    errors = [
        np.square(codec.decode(sent.data).image.astype(float) - image).mean()
        for sent in (chosen, repeated)
    ]
    assert errors[0] < 1.05 * errors[1]
