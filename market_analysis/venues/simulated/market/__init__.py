"""A market of the embedded exchange's own making: seeded, correlated, with clustered volatility, fat tails, jumps and a daily rhythm."""

from __future__ import annotations

from market_analysis.venues.simulated.market.clock import ManualMarketClock, MarketClock, RunningMarketClock
from market_analysis.venues.simulated.market.intervals import MINUTE_INTERVALS, Interval, MinuteInterval, parse_interval
from market_analysis.venues.simulated.market.market import DayStatistics, Market, make_market
from market_analysis.venues.simulated.market.rows import BarRows, MinuteRows
from market_analysis.venues.simulated.market.script import PriceMove, PricePath, ScriptItem
from market_analysis.venues.simulated.market.ticks import PriceKind

__all__ = [
    "MINUTE_INTERVALS", "BarRows", "DayStatistics", "Interval", "ManualMarketClock", "Market", "MarketClock", "MinuteInterval",
    "MinuteRows", "PriceKind", "PriceMove", "PricePath", "RunningMarketClock", "ScriptItem", "make_market", "parse_interval",
]  # fmt: skip
