"""The engine: steps, stages, clock, resumption and the weights at the end, on a toy recipe."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from gensc_models.semantics.importance import Classifier, ClassifierConfig
from gensc_models.training.optimisers import Group, kernels_and_others
from gensc_models.training.options import Options, RunSettings
from gensc_models.training.recipe import Recipe
from gensc_models.training.run import TooShortError, TrainingRun


@dataclass(frozen=True, kw_only=True)
class ToyOptions(Options):
    warmup_steps: int = 1
    slower: str = ""
    size: int = 2
    shares: tuple[float, ...] = (1.0,)


class Toy(Recipe[nn.Sequential, Tensor, ToyOptions]):
    """A convolution and its normalisation that are to give nothing but zeros."""

    name, summary, usage = "toy", "nothing", "look at {}"
    OPTIONS = ToyOptions
    seeds: list[int]
    entered: list[tuple[int, bool]]
    poisoned = False

    def __init__(self, settings, options):
        super().__init__(settings, options)
        self.seeds, self.entered = [], []

    def model(self) -> nn.Sequential:
        torch.manual_seed(1)
        return nn.Sequential(nn.Conv2d(1, self.options.size, 3), nn.BatchNorm2d(self.options.size))

    def described(self):
        return {"size": self.options.size}

    def stages(self):
        return self.options.shares

    def enter(self, network, average):
        self.entered.append((self.stage, self.again))

    def groups(self, learner: nn.Module) -> list[Group]:
        o = self.options
        return kernels_and_others(learner, o.muon_rate, o.learning_rate, o.decay, (o.slower, 0.0))

    def sampler(self, seed: int) -> Callable[[], Tensor]:
        self.seeds.append(seed)
        return lambda: torch.ones(2, 1, 5, 5) + torch.arange(5.0)

    def loss(self, network, batch, progress):
        value = network(batch).square().sum()
        return {"squares": value * float("nan") if self.poisoned else value}

    def validate(self, network):
        return {"score (points)": {"all": float(len(self.seeds))}}

    def product(self, network, name):
        return Classifier(ClassifierConfig(("one",), 4, (4,), (1,)), name)


def toy(out: Path, options: ToyOptions | None = None, **settings: object) -> TrainingRun:
    told = {"max_steps": 3, "minutes": 30.0, "threads": 1, "resume": True} | settings
    return TrainingRun(Toy(RunSettings(data=(), out=out, **told), options or ToyOptions()))


def step(run: TrainingRun) -> None:
    run.descend(run.loss(torch.ones(2, 1, 5, 5) + torch.arange(5.0)))


def values(module: nn.Module) -> list[Tensor]:
    return [p.detach().clone() for p in module.parameters()]


def records(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def test_a_step_moves_the_network_and_the_average_follows(tmp_path):
    run = toy(tmp_path)
    before = values(run.network)
    step(run)
    assert run.step == 1
    for old, new, mean in zip(before, values(run.network), values(run.average), strict=True):
        low, high = torch.minimum(old, new), torch.maximum(old, new)
        assert ((mean >= low - 1e-6) & (mean <= high + 1e-6)).all()
    assert any((old != new).any() for old, new in zip(before, values(run.network), strict=True))


def test_a_gradient_that_is_not_finite_moves_nothing(tmp_path):
    run = toy(tmp_path)
    run.recipe.poisoned = True
    before = values(run.network)
    step(run)
    assert all(torch.equal(old, new) for old, new in zip(before, values(run.network), strict=True))


def test_what_is_to_learn_slower_does(tmp_path):
    run = toy(tmp_path, ToyOptions(slower="0."))
    before = values(run.network)
    step(run)
    after = values(run.network)
    assert torch.equal(before[0], after[0])
    assert torch.equal(before[1], after[1])
    assert not torch.equal(before[2], after[2])


def test_it_goes_on_where_it_stopped_with_other_batches_and_logs_every_stretch(tmp_path):
    first = toy(tmp_path, max_steps=3)
    first.train()
    again = toy(tmp_path, max_steps=5)
    assert again.step == 3
    for old, new in ((first.network, again.network), (first.average, again.average)):
        assert all(torch.equal(a, b) for a, b in zip(values(old), values(new), strict=True))
    again.train()
    assert first.recipe.seeds != again.recipe.seeds
    lines = records(tmp_path)
    assert [line["step"] for line in lines] == [0, 3, 5]
    assert lines[1]["validation"] == {"score (points)": {"all": 1.0}}
    assert lines[2]["minutes"] >= lines[1]["minutes"]


def test_a_finished_run_only_gives_its_weights_again(tmp_path):
    folder = toy(tmp_path).train()
    kept = (tmp_path / "log.jsonl").read_text()
    (folder / "config.json").unlink()
    assert toy(tmp_path).train() == folder
    assert (folder / "config.json").is_file()
    assert (tmp_path / "log.jsonl").read_text() == kept


def test_stages_follow_each_other_and_each_gets_its_share(tmp_path):
    run = toy(tmp_path, ToyOptions(shares=(0.5, 0.25, 0.25)), max_steps=8)
    run.train()
    assert run.stage_steps == [4, 2, 2]
    assert run.recipe.entered == [(1, False), (2, False)]
    assert [line.get("stage") for line in records(tmp_path)] == [1, 1, 2, 3]


def test_a_run_is_resumed_within_its_stage(tmp_path):
    options = ToyOptions(shares=(0.5, 0.5))
    run = toy(tmp_path, options, max_steps=8)
    for _ in range(5):
        if run.step == 4:
            run._enter(1)
        step(run)
    run.save()
    again = toy(tmp_path, options, max_steps=8)
    assert (again.stage, again.stage_steps) == (1, [4, 1])
    again.train()
    assert again.stage_steps == [4, 4]
    assert again.recipe.entered == []


def test_a_finished_run_that_is_given_more_time_goes_round_once_more(tmp_path, monkeypatch):
    monkeypatch.setattr(Toy, "rounds", True)
    options = ToyOptions(shares=(0.5, 0.5))
    toy(tmp_path, options, max_steps=4).train()
    again = toy(tmp_path, options, max_steps=8)
    assert (again.round, again.stage) == (1, 0)
    again.train()
    assert again.recipe.entered == [(0, True), (1, True)]
    assert again.stage_steps == [2, 2]


def test_a_run_too_short_for_anything_says_so_and_can_go_on(tmp_path):
    with pytest.raises(TooShortError, match=r"0 steps .* too few .* --resume"):
        toy(tmp_path, minutes=1e-12).train()
    assert not (tmp_path / f"toy-{tmp_path.name}").exists()
    assert toy(tmp_path).train().is_dir()


def test_ctrl_c_leaves_a_checkpoint(tmp_path, monkeypatch):
    run = toy(tmp_path, max_steps=9)
    follow = run.descend

    def interrupted(terms):
        if run.step == 2:
            raise KeyboardInterrupt
        return follow(terms)

    monkeypatch.setattr(run, "descend", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.train()
    assert toy(tmp_path).step == 2


def test_a_run_is_not_gone_on_with_unasked_nor_one_of_another_kind(tmp_path):
    toy(tmp_path).save()
    with pytest.raises(ValueError, match="has a run; --resume goes on"):
        toy(tmp_path, resume=False)
    with pytest.raises(ValueError, match="another kind of run"):
        toy(tmp_path, ToyOptions(size=3))
    (tmp_path / "checkpoint.pt").write_bytes(b"torn")
    with pytest.raises(ValueError, match="not a readable checkpoint"):
        toy(tmp_path)


def test_bfloat16_and_a_device_are_as_asked(tmp_path):
    run = toy(tmp_path, precision="bfloat16", device="cpu")
    step(run)
    assert all(p.dtype == torch.float32 for p in run.network.parameters())
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="no CUDA device"):
            toy(tmp_path / "cuda", device="cuda")
