"""`gensc bench fidelity` on one photo: the flowgraph beside torch, and lost bursts."""

import pytest

from gensc.bench import fidelity
from gensc.bench.fidelity import Plan, Size
from gensc.experiment.rows import of

PLAN = Plan((Size(32, 32, 128, 6),), (10.0,), (0.0, 0.1, 0.5, 1.0), Size(256, 384, 64, 1), (10.0,))


@pytest.fixture(scope="module")
def result():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fidelity, "QUICK", PLAN)
        return fidelity.run(True, ["skimage:chelsea"], "softcast")


def test_flowgraph_and_torch_agree_on_a_small_picture(result):
    (row,) = of(result.rows, experiment="parity")
    assert (row["runs"], row["lost"], row["size"], row["rate"]) == (6, 0, "32x32", 128)
    assert row["difference"] == pytest.approx(row["psnr_flowgraph"] - row["psnr_torch"])
    assert abs(row["difference"]) < 0.5


def test_lost_bursts_cost_quality_and_losing_all_is_counted(result):
    none, tenth, half, every = of(result.rows, experiment="loss")
    assert [r["fragments_lost"] for r in (none, tenth, half, every)] == [0, 1, 4, 7]
    assert none["psnr"] > tenth["psnr"] > half["psnr"] + 1
    assert (every["psnr"], every["no_image"], every["runs"]) == (None, 1, 0)


def test_every_line_of_the_acceptance_list_is_measured(result):
    assert [c.value == c.value for c in result.checks] == [True] * 3
    cost = result.checks[1].value
    none, tenth = of(result.rows, share=(0.0, 0.1))
    assert cost == pytest.approx(none["psnr"] - tenth["psnr"])
    assert result.checks[-1].met


def test_both_figures_and_tables_are_made(result):
    assert result.figures.keys() == {"parity", "fragment_loss"}
    line, marks = result.figures["parity"].axes[0].lines
    assert (line.get_linestyle(), marks.get_linestyle()) == ("-", "None")
    assert [len(t.rows) for t in result.tables] == [1, 4]
