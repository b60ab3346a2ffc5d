"""What the levels would have done: an entry every so many hours of the past, followed to its end, no look-ahead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np

from market_analysis.desk.instruments import require_listed
from market_analysis.desk.session import Session
from market_analysis.domain import Bars, InstrumentId, Side, Unknown, from_milliseconds, to_milliseconds
from market_analysis.errors import DataUnknownError, UsageError
from market_analysis.quant.arrays import Float1D
from market_analysis.risk.backtest import backtest
from market_analysis.risk.backtest_types import TradeOutcome, TradeResult
from market_analysis.risk.bar_series import BarSeries, bar_series
from market_analysis.risk.multiples import base_multiples
from market_analysis.risk.sigma_filter import horizon_sigmas
from market_analysis.risk.valuation import valuer_for
from market_analysis.risk.volatility import VolatilityModel, fit_model
from market_analysis.settings import Settings

_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Tally:
    """Ends of many entries. Means are in R after costs, over all entries, open ones valued at the last close."""

    target: int
    stop_at_loss: int
    stop_at_breakeven: int
    still_open: int
    mean_r: float
    standard_error_r: float
    mean_costs_r: float


@dataclass(frozen=True, slots=True)
class BacktestSummary:
    """Static against dynamic levels over the same entries. fitted_until: the last hour that the models were fitted on, before
    the first entry; sigma is filtered forward from there with fixed parameters."""

    symbol: str
    side: Side
    entries: int
    first_entry: datetime
    last_entry: datetime
    last_bar: datetime
    fitted_until: datetime
    k: float
    m: float
    static: Tally
    dynamic: Tally


async def backtest_entries(
    session: Session, instrument: InstrumentId, side: Side, *, days: int, every_hours: int, leverage: Decimal
) -> BacktestSummary:
    """Enter at the close of every `every_hours`-th bar of the last `days` days and follow each entry to its end.

    Raises:
        UsageError: there is no such contract.
        DataUnknownError: bars or terms could not be read, or they are too few to fit on before the first entry.
    """
    terms = await require_listed(session.venue, instrument)
    now = session.clock.now()
    settings = session.settings
    since_ms = to_milliseconds(now - timedelta(days=days)) // _HOUR_MS * _HOUR_MS - settings.vol.bars * _HOUR_MS
    bars = await session.venue.bars(instrument, 60, since_ms, now)
    first = int(np.searchsorted(bars.open_time_ms, to_milliseconds(now - timedelta(days=days))))
    sigma, series = _sigmas(bars, first, instrument, settings, now)
    multiples = base_multiples(leverage, settings.stops)
    costs = valuer_for(terms, Decimal(1), settings.risk.slippage_bps)
    rows = range(first, len(bars) - 1, every_hours)
    results = [
        backtest(bars, row, side, float(bars.close[row]), sigma, series.atr, multiples.k, multiples.m, settings.stops, costs)
        for row in rows
    ]
    if not results:
        raise UsageError(
            f"no entry fits into {days} days every {every_hours} hours", remedy="give more --days or a smaller --every"
        )
    return BacktestSummary(
        symbol=instrument.symbol,
        side=side,
        entries=len(results),
        first_entry=_closed(bars, rows[0]),
        last_entry=_closed(bars, rows[-1]),
        last_bar=bars.last_close_time,
        fitted_until=_closed(bars, first - 1),
        k=multiples.k,
        m=multiples.m,
        static=_tally([result.static for result in results]),
        dynamic=_tally([result.dynamic for result in results]),
    )


def _sigmas(bars: Bars, first: int, instrument: InstrumentId, settings: Settings, now: datetime) -> tuple[Float1D, BarSeries]:
    """sigma_H as of each close from the first entry on (bars,), NaN before; parameters from bars before it only."""
    model = fit_model(instrument, bars[:first], settings, now)
    series = bar_series(bars, settings)
    if not isinstance(model, VolatilityModel) or not isinstance(series, BarSeries):
        detail = model.detail if isinstance(model, Unknown) else getattr(series, "detail", "")
        raise DataUnknownError(
            f"{instrument.symbol} cannot be modelled before the first entry: {detail}", remedy="give fewer --days"
        )
    sigma = np.full(len(bars), np.nan)
    sigma[first:] = horizon_sigmas(model, series, range(first, len(bars)), settings.vol)
    return sigma, series


def _tally(results: list[TradeResult]) -> Tally:
    outcomes = [result.outcome for result in results]
    net = np.array([result.r_net for result in results])
    return Tally(
        target=outcomes.count(TradeOutcome.TARGET),
        stop_at_loss=outcomes.count(TradeOutcome.STOP_AT_LOSS),
        stop_at_breakeven=outcomes.count(TradeOutcome.STOP_AT_BREAKEVEN_OR_BETTER),
        still_open=outcomes.count(TradeOutcome.OPEN),
        mean_r=float(net.mean()),
        standard_error_r=float(net.std(ddof=1) / np.sqrt(net.size)) if net.size > 1 else 0.0,
        mean_costs_r=float(np.mean([result.costs_r + result.funding_r for result in results])),
    )


def _closed(bars: Bars, row: int) -> datetime:
    return from_milliseconds(int(bars.open_time_ms[row]) + bars.bar_minutes * 60_000)
