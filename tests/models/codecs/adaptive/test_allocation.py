"""Which coefficients go on the air, with how much power: the optimum, and what it promises."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gensc_models.codecs.adaptive.allocation import allocate

deviations = st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=6)


@st.composite
def problems(draw: st.DrawFn) -> tuple[torch.Tensor, torch.Tensor, int, float]:
    table = torch.tensor(draw(deviations))
    index = st.integers(0, len(table) - 1)
    classes = torch.tensor(draw(st.lists(index, min_size=1, max_size=40)))
    return classes, table, draw(st.integers(1, 60)), draw(st.floats(1e-3, 10.0))


@given(problems())
def test_all_power_is_spent_on_what_varies_most(problem) -> None:
    classes, table, symbols, noise_var = problem
    plan = allocate(classes, table, symbols, noise_var)
    assert len(plan.places) == min(symbols, len(classes))
    assert len(set(plan.places.tolist())) == len(plan.places)
    assert plan.power.sum().item() == pytest.approx(symbols, rel=1e-3)
    assert (plan.deviation.diff() <= 0).all()
    torch.testing.assert_close(plan.deviation, table[classes[plan.places]])
    left_out = torch.ones(len(classes), dtype=torch.bool)
    left_out[plan.places] = False
    if left_out.any():
        assert table[classes[left_out]].max() <= plan.deviation.min()


@given(problems(), st.randoms())
def test_no_other_powers_leave_less(problem, random) -> None:
    classes, table, symbols, noise_var = problem
    plan = allocate(classes, table, symbols, noise_var)
    s = plan.deviation.double().square()

    def left(power: torch.Tensor) -> float:
        return float((s / (1.0 + power / noise_var)).sum())

    other = torch.tensor([random.random() + 1e-3 for _ in plan.power], dtype=torch.float64)
    other *= symbols / other.sum()
    assert left(plan.power.double()) <= left(other) * (1 + 1e-4)


def test_what_is_expected_to_be_left_is_left() -> None:
    generator = torch.Generator().manual_seed(1)
    table = torch.tensor([0.5, 4.0, 20.0])
    classes = torch.randint(0, 3, (200_000,), generator=generator)
    plan = allocate(classes, table, 120_000, 0.3)
    values = torch.randn(len(classes), generator=generator) * table[classes]
    sent = values[plan.places] * plan.power.sqrt() / plan.deviation
    received = sent + 0.3**0.5 * torch.randn(len(sent), generator=generator)
    estimate = torch.zeros_like(values)
    weight = plan.power.sqrt() * plan.deviation / (plan.power + 0.3)
    estimate[plan.places] = received * weight
    assert float((values - estimate).square().sum()) == pytest.approx(plan.left, rel=0.02)


def test_at_low_snr_few_coefficients_get_all_the_power() -> None:
    table = torch.tensor([1.0, 10.0])
    classes = torch.tensor([0] * 10 + [1] * 2)
    assert (allocate(classes, table, 12, 1e-3).power > 0).all()
    assert (allocate(classes, table, 12, 10.0).power > 0).sum() == 2


def test_what_counts_more_gets_more() -> None:
    table, classes = torch.tensor([1.0, 1.0]), torch.tensor([0, 1] * 8)
    plan = allocate(classes, table, 16, 0.1, weight=torch.tensor([1.0, 9.0]))
    first, second = (plan.power[classes[plan.places] == k].mean() for k in (0, 1))
    assert second > 2.5 * first


@pytest.mark.parametrize(("symbols", "noise_var"), [(0, 1.0), (4, 0.0), (4, float("nan"))])
def test_nothing_to_send_with_is_refused(symbols: int, noise_var: float) -> None:
    with pytest.raises(ValueError, match="symbols through noise"):
        allocate(torch.zeros(4, dtype=torch.int64), torch.ones(1), symbols, noise_var)
