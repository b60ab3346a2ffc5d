"""What happens to a guarded account: reads, fills, marks, analyses, outcomes of actions, commands, and time.

Every event carries `at`, the venue's time as the shell knows it, and `uptime_ms`, a clock that cannot be set. Amounts are in the
account's currency.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from market_analysis.domain.instrument import InstrumentId
from market_analysis.domain.order import Order
from market_analysis.domain.position import PositionKey, Side
from market_analysis.domain.tail import TailModel
from market_analysis.domain.unknown import Read


@dataclass(frozen=True, slots=True)
class MoneyRead:
    """balance: closed profit in. equity: floating profit in. equity_if_flat: if everything were closed now, costs in. margin_used:
    None where the venue states none."""

    balance: Decimal
    equity: Decimal
    equity_if_flat: Decimal | None = None
    margin_used: Decimal | None = None


@dataclass(frozen=True, slots=True)
class HeldPosition:
    """A position as it was read. root: the instrument's root after aliases. mark: the venue's mark price, None when it could not be
    read, and `unrealized` with it. tick_value: money per tick and contract, None where it is not constant. notional: value at the
    mark, > 0, None when no rate is known. tags: the owner's. most_per_order, most_per_market_order: contracts that the venue takes
    in one order."""

    key: PositionKey
    root: str
    side: Side
    quantity: Decimal
    entry_price: Decimal
    opened_at: datetime
    mark: Decimal | None
    unrealized: Decimal | None
    tick_size: Decimal
    tick_value: Decimal | None = None
    quantity_step: Decimal | None = None
    notional: Decimal | None = None
    tags: frozenset[str] = frozenset()
    most_per_order: Decimal | None = None
    most_per_market_order: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """The guard begins, or begins again after any time down. The only event whose wall clock is believed without the other."""

    at: datetime
    uptime_ms: int


@dataclass(frozen=True, slots=True)
class AccountRead:
    """The account was read anew. number: rises by one with each read that was begun after the one before had ended. Positions and
    orders are of one read. can_trade: None where the venue does not say. unexplained: residual of the equity bridge."""

    at: datetime
    uptime_ms: int
    number: int
    money: Read[MoneyRead]
    positions: Read[tuple[HeldPosition, ...]]
    orders: Read[tuple[Order, ...]]
    can_trade: bool | None = None
    unexplained: Decimal | None = None


@dataclass(frozen=True, slots=True)
class FillSeen:
    """An execution. realized: closed profit before costs, None for an opening fill. costs: > 0 paid. client_order_id tells the
    guard's own. voided: the venue took it back. is_execution: False
    of a funding payment, which costs and trades nothing."""

    at: datetime
    uptime_ms: int
    fill_id: str
    order_id: str
    client_order_id: str | None
    instrument: InstrumentId
    root: str
    time: datetime
    realized: Decimal | None
    costs: Decimal
    voided: bool = False
    is_execution: bool = True


@dataclass(frozen=True, slots=True)
class TradesRead:
    """The fills of the trading day and the last 24 hours have all been told; until then trade rules do not know the day."""

    at: datetime
    uptime_ms: int
    since: datetime


@dataclass(frozen=True, slots=True)
class PeriodStartKnown:
    """Balance and equity at the start of the present day, week, month or phase, from the venue's own records."""

    at: datetime
    uptime_ms: int
    period: str
    balance: Decimal
    equity: Decimal


@dataclass(frozen=True, slots=True)
class MarksSeen:
    """The venue's mark prices between two reads, those that are believed, coalesced."""

    at: datetime
    uptime_ms: int
    marks: Mapping[InstrumentId, Decimal]


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time has passed."""

    at: datetime
    uptime_ms: int


@dataclass(frozen=True, slots=True)
class AnalysisMade:
    """What the analysis says: where each stop belongs, clusters as (roots, can lose, cap), margin rate with every stop filled.
    joint_liquidation_move_frac: signed joint move of the market at which the account is liquidated. planned_exits: prices and
    contracts at which profit is taken in part; a position without an entry was not planned. tail: what any book could lose in a
    day, None where that could not be told."""

    at: datetime
    uptime_ms: int
    planned_stops: Mapping[PositionKey, Decimal] = field(default_factory=dict)
    clusters: tuple[tuple[frozenset[str], Decimal, Decimal], ...] = ()
    margin_rate_at_stops: Decimal | None = None
    joint_liquidation_move_frac: Decimal | None = None
    planned_exits: Mapping[PositionKey, tuple[tuple[Decimal, Decimal], ...]] = field(default_factory=dict)
    tail: TailModel | None = None


class Outcome(StrEnum):
    """DONE: the venue says it is done. REJECTED: it says no to the order itself. UNKNOWN: it said nothing, or nothing about this (a
    limit of requests, a clock, a key); only a read can tell."""

    DONE = "done"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ActionResult:
    """The end of one action, by its client id."""

    at: datetime
    uptime_ms: int
    client_id: str
    outcome: Outcome
    message: str = ""


class CommandKind(StrEnum):
    """What an administrator or the trader may order. set, unset: a rule's setting. pause, resume: whether anything is judged into
    action. stop, note: told for the record; what they say is done outside."""

    LOCK = "lock"
    UNLOCK = "unlock"
    FLATTEN = "flatten"
    SET = "set"
    UNSET = "unset"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Command:
    """lock: until `until`, or (None) until unlocked. unlock: the locks of `rule`, or of all. self_lock: cannot be undone before its
    time. set: `setting` of `rule` to `value`, as text; forced: at once, though it loosens. unset: as the owner's settings have
    it."""

    at: datetime
    uptime_ms: int
    kind: CommandKind
    by: str
    reason: str
    until: datetime | None = None
    rule: str | None = None
    self_lock: bool = False
    setting: str | None = None
    value: str | None = None
    forced: bool = False


Event: TypeAlias = (
    Started | AccountRead | FillSeen | TradesRead | PeriodStartKnown | MarksSeen | Ticked | AnalysisMade | ActionResult | Command
)
