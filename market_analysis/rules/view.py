"""What the rules see of one account at one moment. Everything is in the account's currency; times are aware UTC.

The guard builds it from its state; a rule reads it and nothing else, so that a verdict is a function of what was known.
A part that could not be read is `Unknown`: a rule that needs it says so, and never takes it for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum

from market_analysis.domain import InstrumentId, Order, PositionKey, Read, Side, TradingDay


class Period(StrEnum):
    """What a limit is counted over. A day is the account's trading day; phase: since the account's start or its last new phase."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    PHASE = "phase"


@dataclass(frozen=True, slots=True)
class Level:
    """Balance (closed profit in) and equity (floating profit in) at one moment; of a peak, each its own highest."""

    balance: Decimal
    equity: Decimal


@dataclass(frozen=True, slots=True)
class MoneyView:
    """equity_if_flat: equity if everything were closed now, with spread, depth and fees (ruling 24); None: not known. margin_used:
    None where the venue states none."""

    balance: Decimal
    equity: Decimal
    equity_if_flat: Decimal | None
    margin_used: Decimal | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Anchors:
    """Levels that limits are measured from. A period without an entry has no known start. Peaks since the phase began."""

    initial_balance: Decimal | None = None
    period_start: Mapping[Period, Level] = field(default_factory=dict)
    real_time_peak: Level | None = None
    end_of_day_peak: Level | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """The venue's mark price (ruling 25), and when it was read."""

    price: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class PositionView:
    """One position. root: the instrument's root after aliases (`MNQ`, `BTC`). unrealized: at the mark, None when the mark is
    unknown. tick_value: money per tick and contract, None where it is not constant (inverse). best_price: the best mark since
    `opened_at`. unprotected_since: since when no working stop covers it whole, None when one does. planned_stop: where the
    analysis wants it. tags: `hedge`, `holding`, what the owner calls it. quantity_step: None where it was not read. notional:
    value at the mark in the account's currency, > 0, None where only `tick_value` tells it. stops_refused: the last place that
    the venue has refused a stop at, by the rule that wanted it there. planned_exits: prices and contracts at which the analysis
    takes profit in part, None without one. exit_refused: the venue has refused such an order."""

    key: PositionKey
    root: str
    side: Side
    quantity: Decimal
    entry_price: Decimal
    opened_at: datetime
    mark: Read[Mark]
    unrealized: Decimal | None
    tick_size: Decimal
    tick_value: Decimal | None = None
    best_price: Decimal | None = None
    unprotected_since: datetime | None = None
    planned_stop: Decimal | None = None
    tags: frozenset[str] = frozenset()
    quantity_step: Decimal | None = None
    notional: Decimal | None = None
    stops_refused: Mapping[str, Decimal] = field(default_factory=dict)
    planned_exits: tuple[tuple[Decimal, Decimal], ...] | None = None
    exit_refused: bool = False


@dataclass(frozen=True, slots=True)
class TradeView:
    """One execution. realized: closed profit before costs, None for an opening fill. costs: > 0 paid. by_guard: the guard's own.
    is_execution: False of a funding payment, which costs and trades nothing."""

    fill_id: str
    order_id: str
    instrument: InstrumentId
    root: str
    time: datetime
    realized: Decimal | None
    costs: Decimal
    voided: bool = False
    by_guard: bool = False
    is_execution: bool = True


@dataclass(frozen=True, slots=True)
class ClusterView:
    """A cluster of the last analysis: its assets' roots, what it can lose, and its cap."""

    roots: frozenset[str]
    risk: Decimal
    cap: Decimal


@dataclass(frozen=True, slots=True)
class AnalysisView:
    """What the rules need of the last analysis. margin_rate_at_stops: maintenance margin over margin balance with every position at
    its stop; at 1 the account is liquidated."""

    at: datetime
    clusters: tuple[ClusterView, ...] = ()
    margin_rate_at_stops: Decimal | None = None


@dataclass(frozen=True, slots=True)
class AccountView:
    """One account. trades: of the trading day, and the last 24 hours where those reach further back, oldest first. orders: every
    order that can still change exposure; `orders_match` says that they and the positions are of one read. roots: root of each
    instrument seen. unexplained: the residual of the equity bridge, None when it could not be told. holidays: dates on which the
    market is closed. early_closes: local time at which a date's session ends before its hour. unexplained_since: when the residual
    first exceeded its tolerance. own_orders: ids of the orders that the guard has placed. day_results: net closed profit of each
    earlier trading day of the phase, None where none are kept."""

    name: str
    currency: str
    now: datetime
    day: TradingDay
    money: Read[MoneyView]
    anchors: Anchors
    positions: Read[tuple[PositionView, ...]]
    orders: Read[tuple[Order, ...]]
    orders_match: bool
    trades: Read[tuple[TradeView, ...]]
    can_trade: bool | None = None
    roots: Mapping[InstrumentId, str] = field(default_factory=dict)
    analysis: AnalysisView | None = None
    unexplained: Decimal | None = None
    holidays: frozenset[date] = frozenset()
    early_closes: Mapping[date, time] = field(default_factory=dict)
    unexplained_since: datetime | None = None
    day_results: Read[Mapping[date, Decimal]] | None = None
    own_orders: frozenset[str] = frozenset()
