"""Batches to the device of the network, whatever they are made of."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor

B = TypeVar("B")


def moved(batch: B, device: torch.device) -> B:
    """The same batch on a device; images ``B x C x H x W`` in channels-last order.

    Goes into tuples, lists and dataclasses; what is no tensor stays.
    """
    if isinstance(batch, Tensor):
        to_last = batch.ndim == 4 and batch.is_floating_point()
        order = torch.channels_last if to_last else torch.preserve_format
        return batch.to(device, memory_format=order)  # type: ignore[return-value]
    if isinstance(batch, tuple):
        parts = [moved(part, device) for part in batch]
        # A named tuple takes its fields one by one.
        return type(batch)(*parts) if hasattr(batch, "_fields") else tuple(parts)  # type: ignore[return-value]
    if isinstance(batch, list):
        return [moved(part, device) for part in batch]  # type: ignore[return-value]
    if is_dataclass(batch) and not isinstance(batch, type):
        return replace(
            batch, **{f.name: moved(getattr(batch, f.name), device) for f in fields(batch)}
        )
    return batch
