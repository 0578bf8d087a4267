"""What carries sections: the torch channels, the burst waveform in NumPy, or GNU Radio."""

from __future__ import annotations

from gensc.experiment.ways.way import Carried, Way
from gensc.system.errors import UserError

WAYS = ("torch", "bursts", "flowgraph")


def load_way(name: str) -> Way:
    """The way of that name.

    Raises:
        UserError: no such way, or GNU Radio is not there.
    """
    if name == "torch":
        from gensc.experiment.ways.torch_channel import TorchWay

        return TorchWay()
    if name == "bursts":
        from gensc.experiment.ways.bursts import BurstsWay

        return BurstsWay()
    if name == "flowgraph":
        from gensc.experiment.ways.flowgraph import FlowgraphWay

        return FlowgraphWay()
    raise UserError(f"--via {name!r}: there are {', '.join(WAYS)}")


__all__ = ["WAYS", "Carried", "Way", "load_way"]
