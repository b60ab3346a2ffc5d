"""`backtest_dynamic_levels`: document 003's shape over `risk.backtest`."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from market_analysis.domain import Bars
from market_analysis.library.arguments import ArgumentError, Config, above_zero, settings_from, side_of
from market_analysis.library.dynamic import TAKER_FEE_FRAC, DynamicLevels, dynamic_levels_from_state
from market_analysis.library.frames import bars_from_frame, milliseconds, values_of
from market_analysis.library.volatility import INTERVAL_MINUTES
from market_analysis.risk.backtest import backtest
from market_analysis.risk.backtest_market import entry_moment_of
from market_analysis.risk.backtest_types import BacktestResult, Funding, TradeResult
from market_analysis.risk.valuation import BASIS_POINT, Valuer


class StaticLevels(TypedDict):
    SL: float
    TP: float


class FillReport(TypedDict):
    """A part closed. row: in df; fraction: of the initial size; at_open: a gap went through the level;
    profit_r is before costs."""

    row: int
    kind: str
    price: float
    fraction: float
    at_open: bool
    profit_r: float
    cost_r: float


class TradeReport(TypedDict):
    """One trade; R is the loss at its first stop. r_net = r_gross - costs_r - funding_r. ambiguous_rows: bars that spanned the
    stop and a target with nothing to tell which came first: counted as the stop."""

    outcome: str
    r_gross: float
    costs_r: float
    funding_r: float
    r_net: float
    gap_fills: int
    ambiguous_rows: list[int]
    fills: list[FillReport]


class BacktestReport(TypedDict):
    """first: "TP", "SL" or None (neither by the last bar; then valued at its close); hit_index: row in df of the last exit.

    dynamic_path: stop, target and peak that rested during each bar, on df's index. missing_bars: holes in df after the entry.
    """

    static_first: str | None
    static_hit_index: int | None
    dynamic_first: str | None
    dynamic_hit_index: int | None
    static_levels: StaticLevels
    example_dynamic: DynamicLevels
    static: TradeReport
    dynamic: TradeReport
    dynamic_path: pd.DataFrame
    entry_moment: str
    missing_bars: int
    sigma_source: str


def backtest_dynamic_levels(
    df: pd.DataFrame,
    entry_idx: int,
    side: str,
    entry_price: float,
    sigma_H: float | pd.Series[float],
    atr_series: pd.Series[float],
    base_k: float,
    base_m: float,
    cfg: Config,
    *,
    finer: pd.DataFrame | None = None,
    funding: pd.Series[float] | None = None,
    taker_fee_frac: float = TAKER_FEE_FRAC,
) -> BacktestReport:
    """Follow the entry at row `entry_idx` once with static and once with dynamic levels (`risk.backtest`).

    df: closed bars, oldest first. sigma_H: fraction over [vol] horizon_hours, one number or one per row as of its close, used as
    given (fit it on rows up to entry_idx, or it has seen the future). atr_series: one per row, price units. entry_price: within the
    entry bar; the close means that nothing of that bar counts. cfg: full settings; {} for defaults.

    Static levels are price-linear and never move. Dynamic: m_eff chosen at the entry, the stop only tightens, scale-outs are
    taken. A bar that spans the stop and a target counts as the stop unless `finer` (shorter bars over the same time) tells
    otherwise; gaps fill at the open; fees, and [risk] slippage_bps on stops. funding: rates by time (aware index), positive where
    longs pay. Neither the exits nor the levels of a bar depend on any later bar.

    Raises ArgumentError or QuantError, naming the argument, for anything that is no bar, no price or no level above zero.
    """
    settings, direction = settings_from(cfg, "prob"), side_of(side)
    bars = bars_from_frame(df, INTERVAL_MINUTES[settings.vol.timeframe])
    sigmas = _per_row("sigma_H", sigma_H, df) if isinstance(sigma_H, pd.Series) else above_zero("sigma_H", sigma_H)
    atr = _per_row("atr_series", atr_series, df)
    row = _row(entry_idx, len(df))
    price, fee = above_zero("entry_price", entry_price), taker_fee_frac
    known = entry_moment_of(bars, row, price, None)[1]
    then = float(sigmas[known]) if isinstance(sigmas, np.ndarray) else sigmas
    example = dynamic_levels_from_state(price, price, side, then, float(atr[known]), base_k, base_m, settings, taker_fee_frac=fee)
    costs = Valuer(False, 1.0, fee, settings.risk.slippage_bps * BASIS_POINT, None)
    result = backtest(
        bars,
        row,
        direction,
        price,
        sigmas,
        atr,
        base_k,
        base_m,
        settings.stops,
        costs,
        dynamic_m=example["m_eff"],
        finer=None if finer is None else _finer(finer, df),
        funding=None if funding is None else _funding(funding, df),
    )
    return _report(result, example, df)


def _report(result: BacktestResult, example: DynamicLevels, df: pd.DataFrame) -> BacktestReport:
    static, dynamic = result.static, result.dynamic
    path = dynamic.levels
    columns = {name: [getattr(at, name) for at in path] for name in ("stop", "target", "peak")}
    return {
        "static_first": static.first,
        "static_hit_index": static.exit_index,
        "dynamic_first": dynamic.first,
        "dynamic_hit_index": dynamic.exit_index,
        "static_levels": {"SL": static.stop, "TP": static.target},
        "example_dynamic": example,
        "static": _trade_report(static),
        "dynamic": _trade_report(dynamic),
        "dynamic_path": pd.DataFrame(columns, index=df.index[[at.index for at in path]]),
        "entry_moment": result.entry_moment.value,
        "missing_bars": result.missing_bars,
        "sigma_source": "caller",
    }


def _trade_report(trade: TradeResult) -> TradeReport:
    return {
        "outcome": trade.outcome.value,
        "r_gross": trade.r_gross,
        "costs_r": trade.costs_r,
        "funding_r": trade.funding_r,
        "r_net": trade.r_net,
        "gap_fills": trade.gap_fills,
        "ambiguous_rows": list(trade.ambiguous),
        "fills": [
            {
                "row": fill.index,
                "kind": fill.kind.value,
                "price": fill.price,
                "fraction": fill.fraction,
                "at_open": fill.at_open,
                "profit_r": fill.profit_r,
                "cost_r": fill.cost_r,
            }
            for fill in trade.fills
        ],
    }


def _row(entry_idx: int, rows: int) -> int:
    if not 0 <= entry_idx < rows:
        raise ArgumentError(f"entry_idx is {entry_idx}; it must lie in 0..{rows - 1}", parameter="entry_idx")
    return int(entry_idx)


def _per_row(name: str, series: pd.Series[float], df: pd.DataFrame) -> NDArray[np.float64]:
    """One value per row of df, refusing a series of other rows."""
    values = values_of(name, series)
    if len(values) != len(df) or not series.index.equals(df.index):
        raise ArgumentError(f"{name} has {len(values)} rows on its own index; it must have df's index", parameter=name)
    return values


def _finer(finer: pd.DataFrame, df: pd.DataFrame) -> Bars:
    if milliseconds(df.index) is None or milliseconds(finer.index) is None:
        raise ArgumentError("finer bars need a time index, on df too", parameter="finer")
    return bars_from_frame(finer, 1)


def _funding(funding: pd.Series[float], df: pd.DataFrame) -> Funding:
    times = milliseconds(funding.index)
    if times is None or milliseconds(df.index) is None:
        raise ArgumentError("funding needs a time index, on df too", parameter="funding")
    return Funding(times, values_of("funding", funding))
