"""What a recipe says: data, model, loss, validation; :class:`TrainingRun` does all else.

A recipe is one file in :mod:`gensc_models.training.recipes`: a dataclass of options and a class
that derives from :class:`Recipe`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from torch import Tensor, nn

from gensc_models.training.optimisers import Group, kernels_and_others
from gensc_models.training.options import Options, RunSettings

N = TypeVar("N", bound=nn.Module)
B = TypeVar("B")
O = TypeVar("O", bound=Options)  # noqa: E741

Figures = Mapping[str, Mapping[str, float]]
"""What a validation finds: quantity with its unit, label, value. Each quantity is a panel of the
curve, each label a line in it."""


class Product(Protocol):
    """What a run ends with: something that writes a weights folder."""

    def save_pretrained(self, path: str | Path) -> None:
        """Writes ``config.json`` and ``model.safetensors``."""
        ...


class Recipe(ABC, Generic[N, B, O]):
    """One model's training. ``N`` is its network, ``B`` a batch, ``O`` its options.

    Construction loads the data.

    Raises
    ------
    FileNotFoundError, ValueError
        Data that are not there, unusable or contradictory; the message is one line.
    WeightsError
        Weights to start from that cannot be used.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    """One line: what comes out, and from which data."""
    usage: str
    """A command that uses the weights; ``{}`` is their folder."""
    OPTIONS: ClassVar[type[Options]]
    one_cosine: ClassVar[bool] = False
    """Whether the learning rates follow one cosine over all stages instead of one each."""
    autocast: ClassVar[bool] = True
    """Whether bfloat16 is asked for by autocast; else the recipe sees to it."""
    cuda: ClassVar[bool] = True
    """Whether it can run on a GPU."""
    rounds: ClassVar[bool] = False
    """Whether a finished run that is given more time goes through all its stages again."""

    def __init__(self, settings: RunSettings, options: O) -> None:
        self.settings = settings
        self.options = options
        # The engine says which stage it is in, and whether it goes through them once more.
        self.stage, self.again = 0, False

    @classmethod
    def options_for(cls, data: Sequence[Path]) -> type[Options]:
        """The options of a run on these data, where defaults depend on them."""
        return cls.OPTIONS

    # ------------------------------------------------------------------ model

    @abstractmethod
    def model(self) -> N:
        """The untrained network."""

    @abstractmethod
    def described(self) -> dict[str, Any]:
        """The network's configuration, as the checkpoint carries it."""

    def begin(self, network: N) -> None:
        """Sets what a new run starts from: statistics of the data, weights of another model."""

    def state(self) -> dict[str, Any]:
        """What a checkpoint must hold besides networks and optimisers."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Takes :meth:`state` back from a whole checkpoint."""

    def stages(self) -> tuple[float, ...]:
        """Shares of the time, one per stage; none where there is nothing to train."""
        return (1.0,)

    def enter(self, network: N, average: N) -> None:
        """Prepares the networks for a stage that is not a new run's first."""

    def learner(self, network: N) -> nn.Module:
        """The part of the network that the stage trains and that the average follows."""
        return network

    def groups(self, learner: nn.Module) -> list[Group]:
        """Parameters and their learning rates; Muon for kernels, Adam for all else."""
        o = self.options
        return kernels_and_others(learner, o.muon_rate, o.learning_rate, o.decay)

    # ------------------------------------------------------------------ data and loss

    @abstractmethod
    def sampler(self, seed: int) -> Callable[[], B]:
        """A source of batches; it runs in a thread of its own.

        The generators that :meth:`loss` draws from begin at the same seed.
        """

    @abstractmethod
    def loss(self, network: N, batch: B, progress: float) -> Mapping[str, Tensor]:
        """Terms of the loss by name; their sum is descended.

        ``batch`` is on the device of the network, ``progress`` the share of the run that is done.
        """

    # ------------------------------------------------------------------ validation and export

    @abstractmethod
    def validate(self, network: N) -> Figures:
        """Figures of the averaged network on data held out."""

    def measure(self, network: N, last: Figures) -> Figures:
        """Figures of the finished network, for the model card: at least the ``last`` validation."""
        return last

    def finish(self, network: N) -> None:
        """What is solved for after training, on the averaged network."""

    @abstractmethod
    def product(self, network: N, name: str) -> Product:
        """The averaged network, on the CPU, as weights of that name."""
