"""budget: licence-free bands, and how far a transmission may be heard."""

import pytest

from gensc.link.budget import Budget, band


@pytest.mark.parametrize(
    ("low", "high", "named"),
    [
        (2.4495e9, 2.4505e9, "2.4 GHz"),
        (433.4e6, 434.4e6, "433 MHz"),
        (2.4830e9, 2.4840e9, None),
        (100e6, 101e6, None),
    ],
)
def test_a_band_holds_the_signal_as_a_whole(low, high, named):
    found = band(low, high)
    assert (found is None) if named is None else found.startswith(named)


def test_loss_in_free_space_is_friis():
    # 40 dB at one metre and 2.4 GHz; 20 dB more for every tenfold distance.
    budget = Budget(0.0, 2.4e9, 1e6)
    assert budget.free_space_db(1) == pytest.approx(40.05, abs=0.05)
    assert budget.free_space_db(100) - budget.free_space_db(10) == pytest.approx(20)


def test_noise_is_thermal_and_the_receivers_own():
    assert Budget(0.0, 2.4e9, 1e6).noise_dbm == pytest.approx(-174 + 60 + 8)
    assert Budget(-10.0, 2.4e9, 1e6).snr_on_cable_db(30) == pytest.approx(-10 - 30 + 106)
