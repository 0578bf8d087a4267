"""Whether a classifier names the right class: task accuracy."""

from __future__ import annotations

import torch

from gensc_models.data.jpeg_pack import JpegPack
from gensc_models.semantics.importance.classifier import Classifier


@torch.inference_mode()
def accuracy(network: Classifier, pack: JpegPack, batch: int = 250) -> dict[str, float]:
    """Share of the images whose class is the first guess (top1), or among the first five (top5)."""
    device = next(network.parameters()).device
    first = within = 0
    for start in range(0, len(pack.images), batch):
        images = torch.from_numpy(pack.images[start : start + batch]).permute(0, 3, 1, 2)
        labels = torch.from_numpy(pack.labels[start : start + batch])
        scores = network(images.to(device).float() / 255.0).cpu()
        hits = scores.topk(min(5, scores.shape[1])).indices == labels[:, None]
        first += int(hits[:, 0].sum())
        within += int(hits.any(dim=1).sum())
    return {"top1": first / len(pack.images), "top5": within / len(pack.images)}
