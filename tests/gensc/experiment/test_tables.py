"""Tables that are declared."""

from gensc.experiment.tables import Listing, listed


def test_a_table_has_the_rows_it_asks_for_and_there_is_none_without_any():
    rows = [{"experiment": e, "ms": n} for n, e in enumerate(("speed", "loss", "speed"))]
    tables = listed(
        [Listing(e, {"ms": "ms"}, {"experiment": e}, 1) for e in ("speed", "parity")], rows
    )
    assert [(t.title, [r["ms"] for r in t.rows], t.digits) for t in tables] == [
        ("speed", [0, 2], 1)
    ]
