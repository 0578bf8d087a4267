"""Transmitter, channel and receiver as three programs: their books agree at the end."""

from gensc.trials.soak.run import CHANNEL, RECEIVER, TRANSMITTER, Soak, run


def test_every_photo_is_delivered_and_every_transmission_is_accounted_for():
    soak = Soak(minutes=0.1, images=5, channel="awgn", lowest_db=12.0, scheme="analog")
    result = run(False, soak)
    missed = [
        (check.name, check.value)
        for check in result.checks
        if not check.met and "memory" not in check.name
    ]
    assert missed == [], result.settings
    assert {row["process"] for row in result.lines} == {TRANSMITTER, CHANNEL, RECEIVER}
    assert "memory" in result.figures
