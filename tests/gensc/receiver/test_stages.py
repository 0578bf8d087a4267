"""Stages: what they do to images is theirs; whatever they do else holds up nothing."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from gensc.receiver.config import StageConfig
from gensc.receiver.stage_work import Command, Job
from gensc.receiver.stages import BROKEN, OK, SLOW, Stage, Stages

HELPERS = str(Path(__file__).parents[2] / "helpers")
IMAGE = np.full((4, 6, 3), 7, np.uint8)
QUICK = StageConfig(limit_s=1.0, start_s=60.0, pause_s=0.05, waiting=3, batch=2)


@pytest.fixture(autouse=True)
def helpers_in_workers(monkeypatch):
    path = os.pathsep.join([HELPERS, os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", path)


class Out:
    """What left a stage, and what was said of it."""

    def __init__(self):
        self.made, self.states, self._news = [], [], threading.Condition()

    def done(self, made):
        with self._news:
            self.made.append(made)
            self._news.notify()

    def wait(self, count):
        with self._news:
            assert self._news.wait_for(lambda: len(self.made) >= count, 60), self.made
        return self.made

    def images(self):
        return {m.job.key: None if m.image is None else int(m.image[0, 0, 0]) for m in self.made}


def job(key):
    return Job(str(key), IMAGE, time.monotonic(), 10.0)


def stage_of(out, target, config=QUICK, name="refined", **options):
    command = Command(f"stage_works:{target}", options, "own")
    stage = Stage(name, command, config, out.done, out.states.append)
    stage.start()
    return stage


def test_every_image_leaves_better_in_order_and_says_by_whom():
    out = Out()
    stage = stage_of(out, "brighten", by=2)
    for key in range(3):
        stage.submit(job(key))
    out.wait(3)
    stage.close()
    assert out.images() == {"0": 9, "1": 9, "2": 9}
    assert [made.job.key for made in out.made] == ["0", "1", "2"]
    assert {made.by for made in out.made} == {"own"}
    assert (stage.state().done, stage.state().failed, stage.state().dropped) == (3, 0, 0)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("hang", "hangs: no answer within 1 s for 1 image"),
        ("crash", "crashed: SIGABRT"),
        ("exit", "ended with status 3"),
        ("nothing", "its answer is none"),
    ],
)
def test_a_stage_that_goes_wrong_is_said_to_be_broken_lets_images_pass_and_comes_back(
    how, why, tmp_path
):
    out = Out()
    stage = stage_of(out, "bad_once", mark=str(tmp_path / "mark"), how=how)
    stage.submit(job("first"))
    out.wait(1)
    assert out.images() == {"first": None}
    said = next(state for state in out.states if state.state == BROKEN)
    assert said.why == why
    assert (said.failed, said.restarts) == (1, 1)
    deadline = time.monotonic() + 30
    while stage.state().resting and time.monotonic() < deadline:
        time.sleep(0.01)
    assert stage.state().state == BROKEN  # until it has shown that it works
    stage.submit(job("second"))
    out.wait(2)
    stage.close()
    assert out.images()["second"] == 8
    assert stage.state().state == OK


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("nan", "it gave float64 (4, 6, 3) with numbers that are not finite"),
        ("shape", "it gave uint8 (3, 6, 3)"),
        ("text", "it gave a dict"),
        ("raise", "RuntimeError: out of order badly"),
    ],
)
def test_junk_is_no_image_and_is_counted(kind, why):
    out = Out()
    stage = stage_of(out, "junk", kind=kind)
    stage.submit(job("a"))
    out.wait(1)
    stage.close()
    assert out.images() == {"a": None}
    assert (stage.state().failed, stage.state().why) == (1, why)


def test_work_that_cannot_be_made_is_said_in_its_own_words():
    out = Out()
    stage = stage_of(out, "none")
    stage.submit(job("a"))
    out.wait(1)
    stage.close()
    assert "no such weights" in [state.why for state in out.states]


def test_a_stage_that_is_behind_drops_to_the_newest_and_counts():
    out = Out()
    stage = stage_of(out, "slow", seconds=0.5)
    stage.submit(job("warm"))
    out.wait(1)
    began = time.monotonic()
    for key in range(10):
        stage.submit(job(key))
    assert time.monotonic() - began < 0.4  # nobody has waited for it
    assert stage.state().state == SLOW
    out.wait(11)
    stage.close()
    better = [key for key, value in out.images().items() if value is not None]
    assert stage.state().dropped + len(better) == 11
    assert better[-3:] == ["7", "8", "9"]
    assert stage.state().dropped >= 4


def test_an_image_older_than_the_target_is_passed_over():
    out = Out()
    stage = stage_of(out, "brighten")
    stage.target_latency_ms = 1000.0
    stage.submit(Job("old", IMAGE, time.monotonic() - 10))
    stage.submit(job("new"))
    out.wait(2)
    stage.close()
    assert out.images() == {"old": None, "new": 8}
    assert stage.state().dropped == 1


def test_what_waits_at_the_end_passes_as_it_is_and_nothing_is_left_running():
    out = Out()
    stage = stage_of(out, "slow", seconds=3600)
    for key in range(3):
        stage.submit(job(key))
    stage.close()
    assert out.images() == {"0": None, "1": None, "2": None}


def test_another_command_takes_over_with_the_next_image():
    out = Out()
    stage = stage_of(out, "brighten", by=1)
    stage.submit(job("a"))
    out.wait(1)
    stage.set_command(Command("stage_works:brighten", {"by": 3}))
    stage.submit(job("b"))
    out.wait(2)
    stage.set_command(None)
    stage.submit(job("c"))
    out.wait(3)
    stage.close()
    assert out.images() == {"a": 8, "b": 10, "c": None}


def test_stages_follow_each_other_and_what_one_left_alone_reaches_the_next():
    out = Out()

    def done(made):
        stages.passed(made)
        out.done(made)

    first = Stage("inpainted", Command("stage_works:junk", {"kind": "shape"}), QUICK, done)
    second = Stage("refined", Command("stage_works:brighten", {"by": 2}), QUICK, done)
    third = Stage("edited", Command("stage_works:brighten", {"by": 1}), QUICK, done)
    stages = Stages([first, second, third])
    stages.start()
    stages.submit(job("a"))
    out.wait(3)
    stages.close()
    by_stage = {m.stage: None if m.image is None else int(m.image[0, 0, 0]) for m in out.made}
    assert by_stage == {"inpainted": None, "refined": 9, "edited": 10}
