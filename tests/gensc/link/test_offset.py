import pytest

from gensc.link.offset import cfo_range_hz, receiver_config
from gensc.system.errors import UserError


def test_the_range_is_told_in_hz_or_as_the_tolerance_of_both_oscillators():
    assert cfo_range_hz(None, None, 2.45e9) is None
    assert cfo_range_hz(5e3, None, 2.45e9) == 5e3
    assert cfo_range_hz(None, 20.0, 2.45e9) == pytest.approx(98e3)
    with pytest.raises(UserError, match="either --cfo-range or --ppm"):
        cfo_range_hz(5e3, 20.0, 2.45e9)


def test_the_receiver_gets_it_in_subcarriers():
    assert receiver_config(2e6, None).cfo_range == 7.5
    assert receiver_config(1e6, 31_250.0).cfo_range == pytest.approx(2.0)


def test_an_offset_that_cannot_be_told_from_its_alias_is_refused():
    with pytest.raises(UserError, match="at most 484375"):
        receiver_config(1e6, 5e5)
