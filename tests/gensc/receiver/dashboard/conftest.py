"""A stand-in receiver, and its dashboard on a free port of this machine."""

from collections.abc import Iterator

import numpy as np
import pytest

from gensc.receiver.dashboard.server import DashboardServer
from gensc.receiver.dashboard.token import Token
from stand_in_receiver import StandIn

TOKEN = "correct-horse-battery-staple"


@pytest.fixture
def photo() -> np.ndarray:
    y, x = np.mgrid[0:64, 0:96]
    return np.stack([2 * x, 3 * y, x + y], axis=2).astype(np.uint8)


@pytest.fixture
def receiver(tmp_path) -> Iterator[StandIn]:
    stand_in = StandIn(tmp_path)
    yield stand_in
    stand_in.close()


@pytest.fixture
def dashboard(receiver) -> Iterator[DashboardServer]:
    with DashboardServer(receiver, Token(TOKEN), "127.0.0.1:0") as server:
        yield server
