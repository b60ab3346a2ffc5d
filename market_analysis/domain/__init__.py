"""Frozen types of everything the product speaks of. Imports nothing but `errors`."""

from market_analysis.domain.account import Account, CoinBalance, MarginMode
from market_analysis.domain.bars import Bars
from market_analysis.domain.clock import Clock, ManualClock, SystemClock, from_milliseconds, to_milliseconds
from market_analysis.domain.fill import DayActivity, Fill, FillKind, FlowKind, LogTrade
from market_analysis.domain.finding import Finding, Severity
from market_analysis.domain.instrument import STABLE_COINS, Category, Instrument, InstrumentId, RiskTier
from market_analysis.domain.memory import DayMarks, Memory, PositionMemory
from market_analysis.domain.order import ExecutionStyle, Order, OrderPurpose, OrderSide, TriggerSource
from market_analysis.domain.position import Position, PositionKey, Side
from market_analysis.domain.quantise import Rounding, quantise, quantity, stop_price, target_price
from market_analysis.domain.quote import Quote
from market_analysis.domain.snapshot import EntryHistory, History, Snapshot
from market_analysis.domain.trading_day import TradingDay, day_boundary, trading_day
from market_analysis.domain.unknown import Read, Unknown

__all__ = [
    "STABLE_COINS",
    "Account",
    "Bars",
    "Category",
    "Clock",
    "CoinBalance",
    "DayActivity",
    "DayMarks",
    "EntryHistory",
    "ExecutionStyle",
    "Fill",
    "FillKind",
    "Finding",
    "FlowKind",
    "History",
    "Instrument",
    "InstrumentId",
    "LogTrade",
    "ManualClock",
    "MarginMode",
    "Memory",
    "Order",
    "OrderPurpose",
    "OrderSide",
    "Position",
    "PositionKey",
    "PositionMemory",
    "Quote",
    "Read",
    "RiskTier",
    "Rounding",
    "Severity",
    "Side",
    "Snapshot",
    "SystemClock",
    "TradingDay",
    "TriggerSource",
    "Unknown",
    "day_boundary",
    "from_milliseconds",
    "quantise",
    "quantity",
    "stop_price",
    "target_price",
    "to_milliseconds",
    "trading_day",
]
