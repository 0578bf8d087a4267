"""Figure 7 comes from the log beside the weights, where there is one."""

import json

import pytest

from gensc.bench.gsc.training import FIGURE, curves, read_log
from gensc.experiment.figures import draw
from gensc.system.errors import UserError
from gensc_models.restore.refiner import Refiner
from gsc_weights import REFINER


@pytest.fixture
def refiner(tmp_path, monkeypatch):
    """Folder of refiner-cifar, without a log."""
    monkeypatch.setenv("GENSC_WEIGHTS", str(tmp_path))
    Refiner("refiner-cifar", REFINER).save_pretrained(tmp_path / "refiner-cifar")
    return tmp_path / "refiner-cifar"


def record(minutes, phase):
    psnr = {"0dB": 20.0 + minutes, "15dB": 30.0 + minutes}
    return {"step": 100 * minutes, "phase": phase, "minutes": minutes, "loss": 1 / (1 + minutes),
            "prior_loss": 0.1, "coarse": psnr, "refined": psnr,
            "gain": {"0dB": 0.1 * minutes, "15dB": 0.05 * minutes}}  # fmt: skip


def test_every_record_is_a_row_and_the_figure_shows_loss_and_gain(refiner):
    records = [record(m, 1 if m < 3 else 2) for m in range(1, 6)]
    (refiner / "training.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    rows = read_log("refiner-cifar")
    assert [r["minutes"] for r in rows] == [1, 2, 3, 4, 5]
    assert rows[0]["model"] == "refiner-cifar"
    loss, gain = draw(FIGURE, curves(rows)).axes
    first, second = (list(line.get_ydata()) for line in loss.lines)
    assert first + second == [r["loss"] for r in records]
    assert [line.get_label() for line in gain.lines] == [
        "refiner-cifar at 0 dB, step 1", "refiner-cifar at 0 dB, step 2",
        "refiner-cifar at 15 dB, step 1", "refiner-cifar at 15 dB, step 2",
    ]  # fmt: skip


def test_start_and_end_of_a_run_are_no_points_of_the_curve(refiner):
    others = [{"step": 0, "filter_alone": {}}, record(1, 2), {"step": 9, "calibration": [1.0]}]
    (refiner / "training.jsonl").write_text("".join(json.dumps(r) + "\n" for r in others))
    assert [r["minutes"] for r in read_log("refiner-cifar")] == [1]


def test_without_log_or_weights_there_is_nothing_to_show(refiner):
    assert read_log("refiner-cifar") == []
    assert read_log("no-such-refiner") == []
    assert draw(FIGURE, curves([])) is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [("{", "line 2 is no record of a training"), ("[]", "line 2 is no record of a training"),
     ('{"step": 1, "minutes": 2}', "a record without 'loss'")],
)  # fmt: skip
def test_a_damaged_log_is_refused(refiner, line, reason):
    text = json.dumps(record(1, 1)) + "\n" + line + "\n"
    (refiner / "training.jsonl").write_text(text)
    with pytest.raises(UserError, match=f"training.jsonl: {reason}"):
        read_log("refiner-cifar")
