"""Channels that training draws."""

import pytest
import torch

from gensc_models.training.channel import ChannelSampler, OperatingRange


def test_snr_starts_at_the_high_end_and_widens() -> None:
    channel = ChannelSampler(OperatingRange(), torch.Generator().manual_seed(1))
    early, known, _ = channel.operating_points(2000, progress=0.0)
    late, _, rate = channel.operating_points(2000, progress=0.5)
    assert early.min() >= 15.0
    assert late.min() < 0.5
    assert late.max() > 19.5
    assert (known - early).std().item() == pytest.approx(1.5, abs=0.15)
    assert set(OperatingRange().rates) <= set(rate.tolist())


def test_training_channel_adds_exactly_the_noise_it_reports() -> None:
    channel = ChannelSampler(OperatingRange(), torch.Generator().manual_seed(2))
    precision = channel.precision(torch.full((200,), 10.0), 8, 8, 8)
    lossy = (precision == 0).flatten(1).any(dim=1).float().mean()
    assert 0.08 < lossy < 0.22
    sent = torch.ones_like(precision)
    received = channel.transmit(sent, precision)
    assert (received[precision == 0] == 0).all()
    known = precision > 1e-3
    whitened = ((received - sent).square() * precision)[known].mean().item()
    assert whitened == pytest.approx(1.0, rel=0.03)
