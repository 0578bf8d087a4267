"""What a benchmark returns: results of its experiments are put together."""

from gensc.experiment.base import BenchResult, Check


def test_experiments_of_one_benchmark_are_put_together():
    whole = BenchResult("all", rows=[{"a": 1}], settings={"seed": 1})
    check = Check("c", 1.0, "", ">=", 1.0)
    whole.add(BenchResult("part", rows=[{"a": 2}], checks=[check], settings={"size": 2}))
    assert whole.bench == "all"
    assert whole.rows == [{"a": 1}, {"a": 2}]
    assert whole.checks == [check]
    assert whole.settings == {"seed": 1, "size": 2}
