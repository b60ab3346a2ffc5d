"""Computed floats come back to the grid in the safe direction."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market_analysis.domain import Rounding, quantise, quantity, stop_price, target_price

TICKS = st.sampled_from([Decimal("0.1"), Decimal("0.00001"), Decimal("0.25"), Decimal("5"), Decimal("0.0005")])
VALUES = st.floats(min_value=1e-3, max_value=1e6, allow_nan=False)


@given(VALUES, TICKS)
def test_a_stop_is_never_looser_and_a_target_never_further(value: float, tick: Decimal) -> None:
    exact = Decimal(f"{value:.15g}")
    assert exact <= stop_price(value, tick, 1) < exact + tick
    assert exact - tick < stop_price(value, tick, -1) <= exact
    assert exact - tick < target_price(value, tick, 1) <= exact
    assert exact <= target_price(value, tick, -1) < exact + tick


@given(VALUES, TICKS)
def test_a_size_is_never_larger_and_lies_on_the_grid(value: float, step: Decimal) -> None:
    size = quantity(value, step)
    assert size <= Decimal(f"{value:.15g}")
    assert size % step == 0
    assert quantise(size, step, Rounding.UP) == size


def test_float_noise_does_not_push_a_price_to_the_next_tick() -> None:
    assert stop_price(0.1 + 0.2, Decimal("0.1"), 1) == Decimal("0.3")
    assert quantity(0.3 - 0.1, Decimal("0.1")) == Decimal("0.2")


def test_the_result_shows_the_ticks_own_digits() -> None:
    assert str(quantise(71000.0, Decimal("0.10"), Rounding.NEAREST)) == "71000.00"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN")])
def test_what_is_not_finite_is_refused(value: float | Decimal) -> None:
    with pytest.raises(ValueError, match="finite"):
        quantise(value, Decimal("0.1"), Rounding.DOWN)


@pytest.mark.parametrize("step", [Decimal(0), Decimal(-1), Decimal("NaN")])
def test_an_impossible_step_is_refused(step: Decimal) -> None:
    with pytest.raises((ValueError, ArithmeticError)):
        quantise(1.0, step, Rounding.DOWN)
