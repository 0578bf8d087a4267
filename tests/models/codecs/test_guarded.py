"""Codecs of other people: what they return is checked, what they raise is one line."""

import numpy as np
import pytest
import torch

from gensc_models.codecs.codec import Codec, CodecError, Encoded
from gensc_models.codecs.guarded import GuardedCodec
from gensc_models.weights.digest import digest_of

IMAGE = np.random.default_rng(1).integers(0, 256, (40, 50, 3), np.uint8)
BLOCKS = 3 * 4


def line(error):
    return f"{type(error).__name__}: {error}"


def guarded(codec):
    return GuardedCodec(codec, "fallback", line)


class Plain:
    """The least there is: two methods, nothing inherited, symbols alone."""

    def encode_image(self, image, rate, snr_db):
        return np.ones(rate, complex)

    def decode_image(self, received):
        grey = np.full((received.height, received.width, 3), 90, np.uint8)
        return grey + np.uint8(received.noise_var[0] > 1)


class Batched(Codec):
    """All that can be said."""

    name, sha256, rates = "batched", "beef" * 16, (8, 16)

    def encode_images(self, images, rate, snr_db):
        return [Encoded(np.ones(5), 7, rate, *image.shape[:2]) for image in images]

    def decode_images(self, received):
        return [np.zeros((r.height, r.width, 3), np.uint8) for r in received]


def test_two_methods_are_enough_and_the_rest_has_defaults():
    codec = guarded(Plain())
    sent = codec.encode_image(IMAGE, 24, 10.0)
    assert (sent.symbols.dtype, sent.symbols.size, sent.aux) == (np.complex64, 24, 0)
    assert (sent.rate, sent.height, sent.width) == (24, 40, 50)
    image = codec.decode_image(sent.received(sent.symbols, np.full(24, 2.0)))
    assert (image.shape, image.max()) == ((40, 50, 3), 91)
    assert codec.name == "fallback"
    assert codec.fingerprint == int(codec.sha256[:4], 16)
    assert len(codec.encode_images(np.stack([IMAGE, IMAGE]), 24, 10.0)) == 2
    assert codec.stream_lengths(sent.received(sent.symbols, sent.symbols.real), max) == (
        24 * BLOCKS,
    )


def test_what_a_codec_says_of_itself_is_taken():
    codec = guarded(Batched())
    assert (codec.name, codec.fingerprint, codec.rates) == ("batched", 0xBEEF, (8, 16))
    (sent,) = codec.encode_images(IMAGE[None], 8, 0.0)
    assert (sent.aux, sent.symbols.size) == (7, 5)
    (image,) = codec.decode_images([sent.received(sent.symbols, np.ones(5))])
    assert image.shape == IMAGE.shape


def test_torch_tensors_and_lists_are_symbols_too():
    class Torch(Plain):
        def encode_image(self, image, rate, snr_db):
            return torch.ones(rate, dtype=torch.complex64, requires_grad=True)

        def decode_image(self, received):
            return torch.zeros(received.height, received.width, 3, dtype=torch.uint8)

    codec = guarded(Torch())
    sent = codec.encode_image(IMAGE, 4, 10.0)
    assert sent.symbols.tolist() == [1] * 4
    assert codec.decode_image(sent.received(sent.symbols, np.ones(4))).shape == IMAGE.shape


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        (np.ones(2 * BLOCKS + 1), "25 symbols, rate 2 has 24"),
        (np.ones(0), "0 symbols, rate 2 has 24"),
        (2 * np.ones(9), "mean power 4, not 1"),
        (np.full(9, np.nan), "not finite"),
        (["a"], "symbols of <U1"),
        (Encoded(np.ones(9), 1 << 16, 2, 40, 50), "aux 65536, not 16 bits"),
        (Encoded(np.ones(9), 0, 2, 40, 50, lengths=(4, 5)), r"streams of \(4, 5\)"),
        (Encoded(np.ones(9), 0, 2, 40, 50, side=b"x"), "sends_side is False"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_a_line(returned, reason):
    codec = Plain()
    codec.encode_image = lambda image, rate, snr_db: returned
    with pytest.raises(CodecError, match=f"codec 'fallback': encode_image returned .*{reason}"):
        guarded(codec).encode_image(IMAGE, 2, 10.0)


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        (np.zeros((40, 50, 3)), r"float64 \(40, 50, 3\), expected uint8"),
        (np.zeros((50, 40, 3), np.uint8), "40x50 of 50x40"),
        (None, "object"),
    ],
)
def test_what_is_no_image_of_that_size_is_refused_in_a_line(shown, reason):
    codec = Plain()
    codec.decode_image = lambda received: shown
    codec = guarded(codec)
    sent = codec.encode_image(IMAGE, 2, 10.0)
    with pytest.raises(CodecError, match=f"codec 'fallback': decode_image returned .*{reason}"):
        codec.decode_image(sent.received(sent.symbols, np.ones(2)))


def test_whatever_it_raises_is_a_codec_error_of_one_line():
    codec = Plain()
    codec.encode_image = codec.decode_image = lambda *given: {}["no\nsuch"]
    codec = guarded(codec)
    with pytest.raises(CodecError, match=r"^codec 'fallback': encode_image: KeyError: .*such'$"):
        codec.encode_image(IMAGE, 2, 10.0)
    with pytest.raises(CodecError, match=r"^codec 'fallback': decode_image: KeyError"):
        codec.decode_image(Encoded(np.ones(2), 0, 2, 40, 50).received(np.ones(2), np.ones(2)))


def test_as_many_come_out_of_a_batch_as_went_in():
    class Forgets(Batched):
        def decode_images(self, received):
            return []

    sent = Encoded(np.ones(5), 0, 8, 40, 50)
    with pytest.raises(CodecError, match="decode_images returned 0 for 1 images"):
        guarded(Forgets()).decode_images([sent.received(np.ones(5), np.ones(5))])


def test_codecs_that_have_learned_something_else_have_another_number():
    def holding(value):
        codec = Plain()
        codec.table = value
        return digest_of(codec)

    zeros = holding(np.zeros(3))
    assert zeros == holding(np.zeros(3))
    others = [holding(np.ones(3)), holding(torch.nn.Linear(1, 1)), holding(torch.zeros(4))]
    assert len({zeros, digest_of(Plain()), digest_of(Batched()), *others}) == 6
