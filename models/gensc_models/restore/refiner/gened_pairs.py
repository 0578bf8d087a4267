"""Training pairs (decoded, original, SNR) of the dual-branch codec, for a refiner behind it."""

from __future__ import annotations

import torch
from torch import Tensor

from gensc_models.codecs.gened.codec import GenedCodec
from gensc_models.codecs.simulated import receive
from gensc_models.restore.refiner.pairs import ImageSampler, LinkRange, PairMaker, Pairs


class GenedPairMaker(PairMaker):
    """Draws images and links as :class:`PairMaker` does, and sends them as two streams."""

    def __init__(
        self,
        codec: GenedCodec,
        sampler: ImageSampler,
        links: LinkRange,
        size: int,
        tile: int,
        seed: int,
    ) -> None:
        super().__init__((), sampler, links, size, tile, seed)
        self.codec = codec

    def make(self, images: int) -> Pairs:
        """Tiles of that many freshly drawn pictures."""
        met, design, told, rate = self.draw_links(images)
        original = (self.sampler.batch(images, self.size) * 255.0).round().to(torch.uint8)
        decoded = torch.stack(
            [
                self._send(image, *link)
                for image, *link in zip(
                    original, rate.tolist(), design.tolist(), met.tolist(), strict=True
                )
            ]
        )
        return Pairs(
            self._cut(decoded),
            self._cut(original),
            told.repeat_interleave(self.tiles_per_image),
        )

    def _send(self, image: Tensor, rate: int, design_db: float, met_db: float) -> Tensor:
        """One image uint8 ``3 x H x W`` through codec and flat channel."""
        sent = self.codec.encode_image(image.permute(1, 2, 0).numpy(), rate, design_db)
        seed = int(torch.randint(1 << 31, (1,), generator=self.generator))
        return torch.from_numpy(receive(self.codec, sent, "awgn", met_db, seed)).permute(2, 0, 1)
