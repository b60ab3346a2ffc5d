"""Outcomes of chosen levels on bars small enough to follow by hand: the stop first, breakeven, trail, horizon, held and moved."""

from __future__ import annotations

import math

import numpy as np
import pytest

from market_analysis.domain import Bars, Side
from market_analysis.errors import QuantError
from market_analysis.risk.backtest import follow_levels
from market_analysis.risk.backtest_types import TradeOutcome, TradeResult
from market_analysis.risk.valuation import Valuer
from market_analysis.settings import StopsSettings

FREE = Valuer(is_inverse=False, contract_size=1.0, taker_fee_frac=0.0, slippage_frac=0.0, usd_rate=None)
STOPS = StopsSettings(scaleout_frac1=0.0, scaleout_frac2=0.0, leave_runner_frac=1.0)
Row = tuple[float, float, float, float]
ENTRY: Row = (100.0, 100.0, 100.0, 100.0)


def follow(
    rows: list[Row], side: Side = Side.LONG, *, atr: float = 1.0, sigmas: list[float] | None = None, moves: bool = True
) -> TradeResult:
    """Long at 100, stop 98, target 106, or their mirror image at 100; the constant sigma holds the target."""
    table = np.array([ENTRY, *rows])
    if side is Side.SHORT:
        table = 200.0 - table[:, [0, 2, 1, 3]]
    times = np.arange(len(table), dtype=np.int64) * 3_600_000
    bars = Bars(60, times, *(np.ascontiguousarray(table[:, at]) for at in range(4)), np.ones(len(table)))
    stop, target = (98.0, 106.0) if side is Side.LONG else (102.0, 94.0)
    held = abs(math.log(target / 100.0)) / 3.0
    sigma = held if sigmas is None else np.array(sigmas)
    return follow_levels(bars, side, stop, target, 3.0, sigma, np.full(len(table), atr), STOPS, FREE, moves=moves)


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize(
    ("rows", "outcome"),
    [
        ([(100.0, 101.0, 99.0, 100.5)], TradeOutcome.OPEN),
        ([(100.0, 101.0, 97.9, 98.5)], TradeOutcome.STOP_AT_LOSS),
        ([(100.0, 106.0, 99.0, 105.0)], TradeOutcome.TARGET),
        ([(100.0, 107.0, 97.0, 105.0)], TradeOutcome.STOP_AT_LOSS),
        # A peak of 1 R moves the stop to breakeven at that close, so the next bar is stopped there.
        ([(100.0, 102.0, 99.5, 101.0), (101.0, 101.5, 99.9, 100.5)], TradeOutcome.STOP_AT_BREAKEVEN_OR_BETTER),
        # Within the bar of the peak the old stop rests.
        ([(100.0, 102.0, 99.5, 101.0), (101.0, 103.0, 100.1, 102.5)], TradeOutcome.OPEN),
        # A gap through the moved stop fills at the open, which is a loss.
        ([(100.0, 102.0, 99.5, 101.0), (99.0, 99.5, 98.5, 99.0)], TradeOutcome.STOP_AT_LOSS),
    ],
)
def test_outcomes_by_hand(side: Side, rows: list[Row], outcome: TradeOutcome) -> None:
    assert follow(rows, side).outcome is outcome


@pytest.mark.parametrize("side", list(Side))
def test_levels_that_do_not_move(side: Side) -> None:
    back = [(100.0, 103.0, 99.5, 102.0), (102.0, 102.5, 99.0, 99.5), (99.5, 99.6, 98.0, 98.2)]
    assert follow(back, side).outcome is TradeOutcome.STOP_AT_BREAKEVEN_OR_BETTER
    assert follow(back, side, moves=False).outcome is TradeOutcome.STOP_AT_LOSS
    assert follow([*back[:2], (99.5, 106.0, 99.0, 105.0)], side, moves=False).outcome is TradeOutcome.TARGET


def test_a_target_that_comes_nearer_with_sigma_is_reached_where_the_held_one_is_not() -> None:
    rows = [(100.0, 101.0, 99.0, 100.5), (100.5, 104.0, 100.0, 103.5)]
    held = math.log(1.06) / 3.0
    assert follow(rows, atr=5.0).outcome is TradeOutcome.OPEN
    near = follow(rows, atr=5.0, sigmas=[held, held / 2.0, held / 2.0])
    assert near.outcome is TradeOutcome.TARGET
    assert near.fills[-1].price == pytest.approx(math.exp(1.5 * held) * 100.0)
    assert follow(rows, atr=5.0, sigmas=[held, held * 2.0, held * 2.0]).outcome is TradeOutcome.OPEN


def test_levels_that_are_no_prices_are_refused() -> None:
    bars = Bars(60, np.arange(2, dtype=np.int64) * 3_600_000, *(np.full(2, 100.0) for _ in range(4)), np.ones(2))
    with pytest.raises(QuantError, match="stop is -1"):
        follow_levels(bars, Side.LONG, -1.0, 106.0, 3.0, 0.02, np.ones(2), STOPS, FREE)
    with pytest.raises(QuantError, match="no bar follows"):
        follow_levels(bars[:1], Side.LONG, 98.0, 106.0, 3.0, 0.02, np.ones(1), STOPS, FREE)
