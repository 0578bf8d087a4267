"""Codecs as other people write them: a file with a few classes, each of another shape."""

import numpy as np

from gensc_models.codecs.codec import Codec, Encoded


class Grey:
    """One stream, nothing inherited: the mean brightness of the image."""

    def encode_image(self, image, rate, snr_db):
        level = image.mean() / 127.5 - 1
        return np.full(10, level + 1j * np.sqrt(1 - level**2))

    def decode_image(self, received):
        level = received.symbols.real.mean() if received.noise_var.min() < np.inf else 0.0
        grey = np.uint8(np.clip(127.5 * (level + 1), 0, 255))
        return np.full((received.height, received.width, 3), grey)


class Colours(Codec):
    """Three streams, one for each colour, and a header section that says which is loudest."""

    name, streams, sends_side = "colours", 3, True

    def encode_image(self, image, rate, snr_db, side_cost):
        levels = image.mean(axis=(0, 1)) / 255
        symbols = np.repeat(levels + 1j * np.sqrt(1 - levels**2), 8)
        side = bytes([int(levels.argmax())] * 4)
        return Encoded(symbols, 5, rate, *image.shape[:2], side=side,
                       side_symbols=side_cost(4, snr_db), lengths=(8, 8, 8))  # fmt: skip

    def stream_lengths(self, received, side_cost):
        return 8, 8, 8

    def mask_of(self, side, height, width):
        return np.full((-(-height // 16), -(-width // 16)), side[0] == 0)

    def decode_image(self, received):
        levels = received.symbols.real.reshape(3, 8).mean(axis=1)
        pixels = np.uint8(np.clip(255 * levels, 0, 255).round())
        return np.tile(pixels, (received.height, received.width, 1))


class Digital(Codec):
    """Bytes alone: one for each colour."""

    streams, sends_side = 0, True

    def encode_image(self, image, rate, snr_db, side_cost):
        side = image.mean(axis=(0, 1)).round().astype(np.uint8).tobytes()
        return Encoded(np.zeros(0), 0, rate, *image.shape[:2], side=side,
                       side_symbols=side_cost(len(side), snr_db))  # fmt: skip

    def decode_image(self, received):
        pixels = np.frombuffer(received.side, np.uint8)
        return np.tile(pixels, (received.height, received.width, 1))


class Deaf(Grey):
    """Encodes, and then does not know what to do."""

    def decode_image(self, received):
        raise RuntimeError("what is this?")


class Mute(Grey):
    """Does not even encode."""

    def encode_image(self, image, rate, snr_db):
        raise RuntimeError("no idea")
