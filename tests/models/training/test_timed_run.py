"""gensc_models.training.timed_run: what all trainers that run for a given time rest on."""

import json

import pytest
import torch
from torch import nn

from gensc_models.training.timed_run import RunSettings, TimedRun


def network():
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))


def begun(out, slower=("", 1.0), described=None, **changes):
    settings = RunSettings(out=out, threads=1, warmup_steps=1, **changes)
    return TimedRun(settings, network, described or {"size": 2}, slower)


def loss_of(run):
    return run.network(torch.ones(2, 1, 5, 5) + torch.arange(5.0)).square().sum()


def values(module):
    return [p.detach().clone() for p in module.parameters()]


def test_a_step_moves_the_network_and_the_average_follows(tmp_path):
    run = begun(tmp_path)
    before = values(run.network)
    run.descend(loss_of(run))
    assert run.step == 1
    for old, new, mean in zip(before, values(run.network), values(run.average), strict=True):
        low, high = torch.minimum(old, new), torch.maximum(old, new)
        assert ((mean >= low - 1e-6) & (mean <= high + 1e-6)).all()
    assert any((old != new).any() for old, new in zip(before, values(run.network), strict=True))


def test_a_gradient_that_is_not_finite_moves_nothing(tmp_path):
    run = begun(tmp_path)
    before = values(run.network)
    run.descend(loss_of(run) * float("nan"))
    assert all(torch.equal(old, new) for old, new in zip(before, values(run.network), strict=True))


def test_what_is_to_learn_slower_does(tmp_path):
    run = begun(tmp_path, slower=("0.", 0.0))
    before = values(run.network)
    run.descend(loss_of(run))
    after = values(run.network)
    assert torch.equal(before[0], after[0])
    assert torch.equal(before[1], after[1])
    assert not torch.equal(before[2], after[2])


def test_it_goes_on_where_it_stopped_and_logs_every_stretch(tmp_path):
    run = begun(tmp_path, max_steps=3)
    run.go_on(lambda: run.descend(loss_of(run)), lambda: {"score": 1.0})
    again = begun(tmp_path, max_steps=5)
    again.resume()
    assert again.step == 3
    assert all(
        torch.equal(a, b) for a, b in zip(values(run.network), values(again.network), strict=True)
    )
    again.go_on(lambda: again.descend(loss_of(again)), lambda: {"score": 2.0})
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [(x["step"], x["validation"]["score"]) for x in lines] == [(3, 1.0), (5, 2.0)]
    assert lines[1]["minutes"] >= lines[0]["minutes"]


def test_time_that_is_over_ends_it(tmp_path):
    run = begun(tmp_path, minutes=1e-12)
    assert run.finished
    assert run.go_on(lambda: pytest.fail("no step is left"), dict) == tmp_path / "checkpoint.pt"


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    begun(tmp_path).save()
    with pytest.raises(ValueError, match="another kind of run"):
        begun(tmp_path, described={"size": 3}).resume()
