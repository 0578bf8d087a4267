"""The service on paper, for many users."""

from __future__ import annotations

from gensc.experiment.rows import of
from gensc.serve.scenario import Stages
from gensc.trials.capacity.paper import FRONTS, MANY, REPLICAS, on_paper

#: Slow enough that few events are a load.
SLOW = Stages(request=0.01, answer=0.01, passes=((1, 1.0), (2, 1.8)))


def test_every_load_is_simulated_and_its_sums_hold() -> None:
    told: list[str] = []
    rows = on_paper(1.0, SLOW, told.append)
    assert len(told) == len(MANY) + 1
    alone = of(rows, part="on paper", fronts=1)
    assert [(r["users"], r["replicas"]) for r in alone] == [(u, n) for u in MANY for n in REPLICAS]
    shared = of(rows, part="on paper", fronts=FRONTS)
    assert {r["replicas"] for r in shared} == {n for n in REPLICAS if n >= FRONTS}
    for row in rows:
        assert 0 <= row["replicas_busy"] <= 1 + 1e-9
        assert 0 <= row["front_busy"] <= 1 + 1e-9
        assert 0 <= row["fairness"] <= 1
        assert row["images_per_s"] <= 2 / 1.8 * row["replicas"] + row["replicas"]
    assert {r["floods"] for r in of(rows, part="floods")} == {10}
