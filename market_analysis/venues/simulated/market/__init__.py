"""The embedded exchange's own market: seeded, correlated, with clustered volatility, fat tails and jumps."""

from __future__ import annotations

from market_analysis.venues.simulated.market.clock import ManualMarketClock, MarketClock, RunningMarketClock
from market_analysis.venues.simulated.market.intervals import MINUTE_INTERVALS, Interval, MinuteInterval, parse_interval
from market_analysis.venues.simulated.market.market import Market, make_market
from market_analysis.venues.simulated.market.rows import BarRows, MinuteRows
from market_analysis.venues.simulated.market.script import PriceMove, PricePath, ScriptItem
from market_analysis.venues.simulated.market.statistics import DayStatistics
from market_analysis.venues.simulated.market.ticks import PriceKind

__all__ = [
    "MINUTE_INTERVALS",
    "BarRows",
    "DayStatistics",
    "Interval",
    "ManualMarketClock",
    "Market",
    "MarketClock",
    "MinuteInterval",
    "MinuteRows",
    "PriceKind",
    "PriceMove",
    "PricePath",
    "RunningMarketClock",
    "ScriptItem",
    "make_market",
    "parse_interval",
]
