"""The backtest on bars small enough to follow by hand: order inside a bar, gaps, finer bars, the entry bar, costs, funding."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from market_analysis.domain import Bars, Side
from market_analysis.errors import QuantError
from market_analysis.risk.backtest import backtest
from market_analysis.risk.backtest_bar import Prices, Resting, RestingExit, fills_in_bar
from market_analysis.risk.backtest_types import BacktestResult, EntryMoment, ExitKind, Funding, TradeOutcome
from market_analysis.risk.valuation import Valuer
from market_analysis.settings import StopsSettings

HOUR_MS = 3_600_000
FREE = Valuer(is_inverse=False, contract_size=1.0, taker_fee_frac=0.0, slippage_frac=0.0, usd_rate=None)
STOPS = StopsSettings(min_stop_atr_multiple=0.0)
Row = tuple[float, float, float, float]
FLAT: Row = (100.0, 100.0, 100.0, 100.0)


def bars_of(rows: list[Row], minutes: int = 60, start_ms: int = 0) -> Bars:
    table = np.array(rows)
    times = start_ms + np.arange(len(rows), dtype=np.int64) * minutes * 60_000
    return Bars(minutes, times, *(np.ascontiguousarray(table[:, at]) for at in range(4)), np.ones(len(rows)))


def run(rows: list[Row], *, at: int = 1, side: Side = Side.LONG, price: float = 100.0, **changes: Any) -> BacktestResult:
    """sigma .02, k 1, m 2: static stop 98, target 104 for a long."""
    given: dict[str, Any] = {"sigma_h": 0.02, "atr": np.full(len(rows), 0.5), "k": 1.0, "m": 2.0, "costs": FREE, "stops": STOPS}
    given |= changes
    return backtest(
        bars_of(rows), at, side, price, given.pop("sigma_h"), given.pop("atr"), given.pop("k"), given.pop("m"),
        given.pop("stops"), given.pop("costs"), **given,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("bar", "first", "price", "r"),
    [
        ((100.0, 101.0, 97.5, 98.5), "SL", 98.0, -1.0),
        ((100.0, 101.0, 98.0, 99.0), "SL", 98.0, -1.0),
        ((100.0, 104.0, 99.0, 103.0), "TP", 104.0, 2.0),
        ((100.0, 105.0, 97.0, 103.0), "SL", 98.0, -1.0),
        ((96.0, 97.0, 95.0, 96.0), "SL", 96.0, -2.0),
        ((96.0, 105.0, 95.0, 104.0), "SL", 96.0, -2.0),
        ((106.0, 107.0, 97.0, 98.0), "TP", 106.0, 3.0),
        ((104.0, 104.0, 97.0, 97.0), "TP", 104.0, 2.0),
    ],
)
def test_one_bar_of_a_static_long(bar: Row, first: str, price: float, r: float) -> None:
    found = run([FLAT, FLAT, bar, FLAT]).static
    assert (found.first, found.exit_index) == (first, 2)
    assert found.fills[-1].price == pytest.approx(price)
    assert found.r_net == pytest.approx(r)
    mirrored = (200.0 - bar[0], 200.0 - bar[2], 200.0 - bar[1], 200.0 - bar[3])
    short = run([FLAT, FLAT, mirrored, FLAT], side=Side.SHORT).static
    assert (short.first, short.r_net) == (first, pytest.approx(r))


def test_neither_level_is_valued_at_the_last_close() -> None:
    found = run([FLAT, FLAT, (100.0, 101.5, 99.0, 101.0)]).static
    assert (found.first, found.exit_index, found.outcome) == (None, None, TradeOutcome.OPEN)
    assert found.r_net == pytest.approx(0.5)
    assert found.fills == ()


def test_costs_by_hand() -> None:
    dear = replace(FREE, taker_fee_frac=0.001, slippage_frac=0.002)
    stopped = run([FLAT, FLAT, (100.0, 100.0, 97.0, 97.0)], costs=dear).static
    # Entry .1, exit 98 * .003 = .294, over 2 of risk.
    assert stopped.costs_r == pytest.approx((0.1 + 0.294) / 2)
    assert stopped.r_net == pytest.approx(-1 - (0.1 + 0.294) / 2)
    target = run([FLAT, FLAT, (100.0, 105.0, 100.0, 105.0)], costs=dear).static
    assert target.costs_r == pytest.approx((0.1 + 0.104) / 2)
    still_open = run([FLAT, FLAT, FLAT], costs=dear).static
    assert still_open.costs_r == pytest.approx((0.1 + 0.3) / 2)


def test_funding_is_paid_on_what_is_open_when_it_falls_due() -> None:
    rows: list[Row] = [FLAT, FLAT, FLAT, FLAT, (100.0, 100.0, 97.0, 97.0), FLAT]
    funding = Funding(np.array([HOUR_MS, 3 * HOUR_MS, 4 * HOUR_MS, 5 * HOUR_MS]), np.array([9.0, 0.001, 0.002, 9.0]))
    long = run(rows, funding=funding).static
    # Entered at the close of bar 1, stopped in bar 4: bars 3 and 4 opened with it, .3 % of 100 over 2 of risk.
    assert long.funding_r == pytest.approx(0.15)
    assert long.r_net == pytest.approx(-1.15)
    # The short lives on through bar 5 and is paid there too.
    assert run(rows, side=Side.SHORT, funding=funding).static.funding_r == pytest.approx(-0.15 - 9.0 * 100 / 2)


def test_an_entry_at_the_open_does_not_pay_the_funding_of_that_moment() -> None:
    funding = Funding(np.array([HOUR_MS, 2 * HOUR_MS]), np.array([0.5, 0.001]))
    rows: list[Row] = [FLAT, (100.0, 100.5, 99.5, 100.2), (100.2, 100.2, 100.2, 100.2)]
    found = run(rows, funding=funding)
    assert found.entry_moment is EntryMoment.OPEN
    assert found.static.funding_r == pytest.approx(0.001 * 100.2 / 2)


def test_scale_outs_and_the_move_to_breakeven() -> None:
    # R is 100 - 100 exp(-.02) = 1.980; 1.5 R = 102.97, 3 R = 105.94 lies beyond the target 104.08: void, its part goes there.
    rows: list[Row] = [FLAT, FLAT, (100.0, 103.5, 100.0, 103.4), (103.4, 103.4, 99.0, 99.0)]
    found = run(rows, atr=np.full(4, 5.0)).dynamic
    r = 100 * (1 - np.exp(-0.02))
    assert [(fill.kind, fill.fraction) for fill in found.fills] == [(ExitKind.SCALE_OUT, 0.4), (ExitKind.STOP, pytest.approx(0.6))]
    assert found.fills[0].price == pytest.approx(100 + 1.5 * r)
    assert found.fills[1].price == pytest.approx(100.0)
    assert found.outcome is TradeOutcome.STOP_AT_BREAKEVEN_OR_BETTER
    assert (found.first, found.r_gross) == ("SL", pytest.approx(0.6))
    all_the_way = run([*rows[:3], (103.4, 104.2, 103.0, 104.0)], atr=np.full(4, 5.0)).dynamic
    target = 100 * np.exp(0.04)
    assert all_the_way.r_gross == pytest.approx(0.4 * 1.5 + 0.6 * (target - 100) / r)
    assert (all_the_way.first, all_the_way.outcome) == ("TP", TradeOutcome.TARGET)


def test_a_runner_of_nothing_ends_at_the_second_scale_out() -> None:
    none_left = STOPS.model_copy(update={"scaleout_frac1": 0.5, "scaleout_frac2": 0.5, "leave_runner_frac": 0.0})
    found = run([FLAT, FLAT, (100.0, 110.0, 100.0, 110.0)], stops=none_left, m=6.0).dynamic
    assert [fill.kind for fill in found.fills] == [ExitKind.SCALE_OUT, ExitKind.SCALE_OUT]
    assert (found.first, found.r_gross) == ("TP", pytest.approx(0.5 * 1.5 + 0.5 * 3.0))


def test_a_trail_that_the_close_has_passed_fills_at_the_next_open() -> None:
    # Peak 103 is beyond 1 R, the trail lies .3 * (about 1.7) below it; the bar closed under that.
    rows: list[Row] = [FLAT, FLAT, (100.0, 103.0, 100.0, 101.0), (100.9, 101.0, 100.8, 101.0)]
    found = run(rows, atr=np.full(4, 0.3), m=6.0).dynamic
    assert found.levels[-1].stop > 102.0
    assert found.fills[-1].price == 100.9
    assert found.fills[-1].at_open
    assert found.gap_fills == 1


SPANNING: Row = (100.0, 105.0, 97.0, 101.0)


@pytest.mark.parametrize(
    ("quarters", "first", "ambiguous"),
    [
        ([(100.0, 105.0, 99.5, 104.0), (104.0, 104.0, 99.0, 99.0), (99.0, 99.0, 97.0, 97.5), (97.5, 101.0, 97.5, 101.0)], "TP", ()),
        ([(100.0, 100.0, 97.0, 97.5), (97.5, 101.0, 97.5, 101.0), (101.0, 105.0, 101.0, 104.0), (104.0, 104.0, 101.0, 101.0)], "SL",
         ()),
        ([(100.0, 105.0, 97.0, 101.0), (101.0, 101.0, 101.0, 101.0)] + [(101.0, 101.0, 101.0, 101.0)] * 2, "SL", (2,)),
        ([(100.0, 100.0, 97.0, 97.5)] * 3, "SL", (2,)),
        ([(100.0, 101.0, 99.5, 101.0)] * 4, "SL", (2,)),
    ],
)  # fmt: skip
def test_finer_bars_settle_a_bar_that_spans_both(quarters: list[Row], first: str, ambiguous: tuple[int, ...]) -> None:
    rows: list[Row] = [FLAT, FLAT, SPANNING, FLAT]
    finer = bars_of(quarters, 15, 2 * HOUR_MS)
    found = run(rows, finer=finer).static
    assert (found.first, found.exit_index, found.ambiguous) == (first, 2, ambiguous)
    assert run(rows).static.ambiguous == (2,)


def test_finer_bars_keep_the_order_of_scale_out_and_stop() -> None:
    exits = (RestingExit(ExitKind.SCALE_OUT, 102.0, 0.4), RestingExit(ExitKind.TARGET, 104.0, 0.6))
    resting = Resting(1, 98.0, 1.0, exits)
    finer = bars_of([(100.0, 102.5, 100.0, 101.0), (101.0, 101.0, 97.0, 97.0)], 30)
    found = fills_in_bar(resting, Prices(100.0, 102.5, 97.0), finer)
    assert [(fill.kind, fill.fraction) for fill in found.fills] == [(ExitKind.SCALE_OUT, 0.4), (ExitKind.STOP, 0.6)]
    assert not found.ambiguous
    twice = bars_of([(100.0, 102.5, 100.0, 101.0), (101.0, 102.5, 101.0, 101.0), (101.0, 101.0, 97.0, 97.0)], 20)
    assert fills_in_bar(resting, Prices(100.0, 102.5, 97.0), twice) == found
    blind = fills_in_bar(resting, Prices(100.0, 102.5, 97.0), None)
    assert [(fill.kind, fill.fraction) for fill in blind.fills] == [(ExitKind.STOP, 1.0)]
    assert blind.ambiguous


def test_a_gap_beyond_a_scale_out_comes_before_the_stop() -> None:
    exits = (RestingExit(ExitKind.SCALE_OUT, 102.0, 0.4), RestingExit(ExitKind.TARGET, 104.0, 0.6))
    found = fills_in_bar(Resting(1, 98.0, 1.0, exits), Prices(103.0, 103.5, 97.0), None)
    assert [(fill.price, fill.fraction, fill.at_open) for fill in found.fills] == [(103.0, 0.4, True), (98.0, 0.6, False)]
    assert not found.ambiguous


@pytest.mark.parametrize(
    ("price", "moment", "first", "exit_index"),
    [
        (100.0, EntryMoment.CLOSE, "TP", 2),
        (101.0, EntryMoment.OPEN, "SL", 1),
        (101.5, EntryMoment.INSIDE, "SL", 1),
    ],
)
def test_the_entry_bar(price: float, moment: EntryMoment, first: str, exit_index: int) -> None:
    # The entry bar spans both levels of every one of these entries.
    rows: list[Row] = [FLAT, (101.0, 110.0, 95.0, 100.0), (100.0, 110.0, 100.0, 110.0)]
    found = run(rows, price=price)
    assert found.entry_moment is moment
    assert (found.static.first, found.static.exit_index) == (first, exit_index)


def test_an_entry_inside_its_bar_takes_no_target_and_no_peak_there() -> None:
    rows: list[Row] = [FLAT, (100.0, 110.0, 99.5, 101.0), (101.0, 101.2, 100.9, 101.0)]
    found = run(rows, price=100.5)
    assert found.static.first is None
    assert [at.peak for at in found.dynamic.levels] == [100.5, 101.0]
    short = run([FLAT, (100.0, 101.0, 90.0, 99.0), FLAT], price=100.5, side=Side.SHORT)
    assert (short.static.first, short.static.ambiguous) == (None, ())


def test_an_entry_inside_its_bar_uses_what_had_closed_before() -> None:
    rows: list[Row] = [FLAT, (100.0, 101.0, 99.5, 100.8), FLAT]
    sigmas, atr = np.array([0.02, 0.3, 0.3]), np.array([0.5, 40.0, 40.0])
    assert run(rows, price=100.5, sigma_h=sigmas, atr=atr).static.stop == pytest.approx(100.5 * 0.98)
    at_close = run(rows, price=100.8, sigma_h=sigmas, atr=np.full(3, 0.5))
    assert at_close.static.stop == pytest.approx(100.8 * 0.7)


def test_missing_bars_are_counted() -> None:
    bars = bars_of([FLAT] * 5)
    holed = Bars(60, np.array([0, 1, 2, 5, 6]) * HOUR_MS, bars.open, bars.high, bars.low, bars.close, bars.volume)
    found = backtest(holed, 1, Side.LONG, 100.0, 0.02, np.full(5, 0.5), 1.0, 2.0, STOPS, FREE)
    assert found.missing_bars == 2


@pytest.mark.parametrize(
    ("changes", "parameter"),
    [
        ({"at": 3}, "entry_index"),
        ({"at": -1}, "entry_index"),
        ({"at": 2}, "entry_index"),
        ({"at": 0, "entry_moment": EntryMoment.OPEN}, "entry_index"),
        ({"price": 101.0}, "entry_price"),
        ({"price": float("nan")}, "entry_price"),
        ({"k": 0.0}, "k"),
        ({"m": float("nan")}, "m"),
        ({"dynamic_m": -1.0}, "dynamic_m"),
        ({"sigma_h": 0.0}, "sigma_h"),
        ({"sigma_h": float("inf")}, "sigma_h"),
        ({"sigma_h": np.array([0.1, 0.1])}, "sigma_h"),
        ({"atr": np.array([0.5, 0.5, np.nan])}, "atr"),
        ({"atr": np.array([0.5, 0.5, -1.0])}, "atr"),
        ({"sigma_h": 1.5}, "static stop"),
        ({"sigma_h": 0.6, "side": Side.SHORT}, "static target"),
        ({"atr": np.full(3, 100.0), "stops": StopsSettings()}, "atr"),
        ({"finer": bars_of([FLAT], 7)}, "finer"),
    ],
)
def test_refused_with_the_name_of_what_is_wrong(changes: dict[str, Any], parameter: str) -> None:
    with pytest.raises(QuantError) as caught:
        run([FLAT] * 3, **changes)
    assert caught.value.parameter == parameter


def test_nan_before_the_entry_is_not_read() -> None:
    atr = np.array([np.nan, 0.5, 0.5])
    assert run([FLAT] * 3, atr=atr).static.first is None


def test_a_bar_that_is_no_bar_is_refused() -> None:
    for bad in ((100.0, 99.0, 98.0, 98.5), (100.0, 101.0, np.nan, 100.0), (100.0, np.inf, 99.0, 100.0)):
        with pytest.raises(QuantError, match="bar 2"):
            run([FLAT, FLAT, bad])


def test_funding_times_must_ascend() -> None:
    with pytest.raises(QuantError, match="ascend"):
        Funding(np.array([2, 1]), np.array([0.1, 0.1]))


def test_the_callers_arrays_stay_writeable_and_what_is_seen_is_not() -> None:
    atr = np.full(3, 0.5)
    run([FLAT] * 3, atr=atr)
    atr[0] = 1.0
    assert atr[0] == 1.0
