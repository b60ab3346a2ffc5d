"""The leverage table and the least stop distance."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market_analysis.domain import MarginMode
from market_analysis.risk.liquidation_buffer import liquidation_buffer
from market_analysis.risk.multiples import base_multiples, effective_k, least_stop_distance_frac
from market_analysis.settings import StopsSettings

STOPS = StopsSettings()


@pytest.mark.parametrize(
    ("leverage", "k", "m"),
    [
        (25, 1.5, 3.0),
        (20, 1.5, 3.0),
        (19.9, 1.8, 3.5),
        (15, 1.8, 3.5),
        (10, 2.2, 4.0),
        (9.9, 2.5, 4.5),
        (0, 2.5, 4.5),
        (None, 2.5, 4.5),
    ],
)
def test_document_003s_table(leverage: float | None, k: float, m: float) -> None:
    found = base_multiples(None if leverage is None else Decimal(str(leverage)), STOPS)
    assert (found.k, found.m) == (k, m)


def test_least_distance_is_the_larger_of_atr_and_costs() -> None:
    # 3 * 2 * (.00055 + .0005) = .0063
    assert least_stop_distance_frac(0.001, 0.00055, 0.0005, STOPS) == pytest.approx(0.0063)
    assert least_stop_distance_frac(0.02, 0.00055, 0.0005, STOPS) == pytest.approx(0.02)


@given(st.floats(0.5, 5), st.floats(1e-4, 0.3), st.floats(1e-5, 0.9), st.sampled_from([1, -1]))
def test_k_is_raised_until_the_stop_is_far_enough_and_no_further(base: float, sigma: float, least: float, sign: int) -> None:
    k = effective_k(base, sigma, least, sign)
    assert k is not None
    assert k >= base
    distance = abs(1.0 - math.exp(-sign * k * sigma))
    assert distance >= least * (1 - 1e-9)
    assert k == base or distance == pytest.approx(least, rel=1e-9)


def test_a_long_has_no_stop_when_its_least_distance_reaches_zero() -> None:
    assert effective_k(2.0, 0.1, 1.0, 1) is None
    assert effective_k(2.0, 0.1, 1.0, -1) == pytest.approx(math.log(2.0) / 0.1)


@pytest.mark.parametrize(
    ("sign", "entry", "stop", "liquidation", "safe", "ratio"),
    [
        (1, 100.0, 96.0, 94.0, True, 0.5),
        (1, 100.0, 96.0, 94.5, False, 0.375),
        (1, 100.0, 96.0, 97.0, False, -0.25),
        (-1, 100.0, 104.0, 106.0, True, 0.5),
        (-1, 100.0, 104.0, 103.0, False, -0.25),
    ],
)
def test_isolated_buffer_by_hand(sign: int, entry: float, stop: float, liquidation: float, safe: bool, ratio: float) -> None:
    buffer = liquidation_buffer(sign, entry, stop, liquidation, MarginMode.ISOLATED, 0.5)
    assert buffer.safe is safe
    assert buffer.ratio == pytest.approx(ratio)
    assert buffer.stop_is_beyond is (ratio <= 0)


@pytest.mark.parametrize("mode", [MarginMode.CROSS, MarginMode.PORTFOLIO, MarginMode.UNKNOWN])
def test_liq_price_is_no_test_outside_isolated_margin(mode: MarginMode) -> None:
    buffer = liquidation_buffer(1, 100.0, 96.0, 99.0, mode, 0.5)
    assert (buffer.safe, buffer.ratio, buffer.stop_is_beyond) == (None, None, False)


def test_missing_liquidation_price_is_unknown_not_safe() -> None:
    for price in (None, 0.0):
        assert liquidation_buffer(1, 100.0, 96.0, price, MarginMode.ISOLATED, 0.5).safe is None


def test_stop_at_entry_judges_the_side_only() -> None:
    assert liquidation_buffer(1, 100.0, 100.0, 90.0, MarginMode.ISOLATED, 0.5).safe is True
    assert liquidation_buffer(1, 100.0, 100.0, 110.0, MarginMode.ISOLATED, 0.5).safe is False
