"""What the guard knows of one account, and what it has under way. Frozen: a step makes a new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from market_analysis.domain import InstrumentId, Order, PositionKey, Read, TradingDay, Unknown
from market_analysis.domain.decision import Intent
from market_analysis.domain.event import AnalysisMade, HeldPosition, MoneyRead
from market_analysis.rules.bridge import FRESH
from market_analysis.rules.rule import Parameters, Rule
from market_analysis.rules.verdict import Ends, Response, Status
from market_analysis.rules.view import Anchors, Level, Period, TradeView


class Mode(StrEnum):
    """shadow records what it would have done; alert tells; enforce acts, where the account allows it."""

    OFF = "off"
    SHADOW = "shadow"
    ALERT = "alert"
    ENFORCE = "enforce"


@dataclass(frozen=True, slots=True)
class ActiveRule:
    """A rule as the account's owner wants it."""

    rule: Rule
    parameters: Parameters
    mode: Mode


@dataclass(frozen=True, slots=True)
class GuardPolicy:
    """How one account is guarded; it changes only by its owner's will.

    enforces: an enforcer exists for the account. confirmations: reads in a row that must ask for an action before it is taken
    (ruling 25). unknown_page_seconds: blindness after which somebody is woken. reflattens and their window: ruling 29.
    reduce_cooldown_seconds, amend_cooldown_seconds: between two of a rule's on one subject. exit_slippage_bps: how far from the
    mark the first closing order may fill, most_exit_slippage_bps the last (ruling 30).
    """

    account: str
    currency: str
    zone: ZoneInfo
    reset: time
    rules: tuple[ActiveRule, ...]
    enforces: bool = False
    initial_balance: Decimal | None = None
    confirmations: int = 2
    unknown_page_seconds: int = 60
    most_reflattens: int = 3
    reflatten_window_seconds: int = 600
    reduce_cooldown_seconds: int = 60
    amend_cooldown_seconds: int = 10
    venue_locks: bool = False
    exit_slippage_bps: Decimal = Decimal(50)
    most_exit_slippage_bps: Decimal = Decimal(500)


@dataclass(frozen=True, slots=True)
class ActiveLock:
    """One rule's lock on the account or a root. left_ms: of Ends.TIME, what is left by the guard's own time. day: the trading day
    that a reset lock ends with. allowed: contracts per position (below zero: short) that have stood since it began, and may stay;
    None while nobody knows them. firm: not to be undone by command."""

    rule: str
    root: str | None
    ends: Ends
    since: datetime
    until: datetime | None
    left_ms: int | None
    day: date | None
    reason: str
    allowed: Mapping[PositionKey, Decimal] | None = None
    firm: bool = False


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule's setting that was changed by command, over the owner's settings. value: as text, None: as they have it. after: the
    trading day with whose end it begins, None once it is in force."""

    rule: str
    setting: str
    value: str | None
    by: str
    reason: str
    at: datetime
    after: date | None = None


@dataclass(frozen=True, slots=True)
class Flattening:
    """A flattening under way. number: of the account's, in its client ids. attempts: closing orders sent per position.
    begun_at_read: the last read before it; only a later one tells that it is over."""

    cause: str
    number: int
    attempts: Mapping[PositionKey, int] = field(default_factory=dict)
    stuck: bool = False
    begun_at_read: int = -1


@dataclass(frozen=True, slots=True)
class Exit:
    """A position's closing orders so far, the last one's moment, and whether the venue has refused one for its price."""

    attempts: int
    at: datetime
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """An intent that was given out. read_number: the last read before it; answered: its outcome came, UNKNOWN ones included."""

    intent: Intent
    read_number: int
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule asks for something on a subject: in how many reads in a row, the last one's number. wanted: what, at first since that
    read; earlier: the same of the read before."""

    reads: int
    number: int
    wanted: tuple[Response, ...] = ()
    earlier: tuple[Response, ...] = ()


@dataclass(frozen=True, slots=True)
class GuardState:
    """Everything. born: when the first event of this state was; a state that is lost begins anew, and its client ids with it.
    venue_locked: whether the venue has said that it locks the account; venue_lock_at: when it was last asked.
    marked_at: when a mark was seen after the last read. stops: where the whole of each position was stopped when both could be read
    last, None where it was not. stop_refused, exit_refused: positions whose planned stop or partial exit the venue would not take.
    now: the guard's time. wall, uptime_ms: where its two clocks stood when it was last set. unexplained_since: when the bridge's
    residual last left its tolerance. day_results: net closed profit of earlier trading days, None of a day whose trades were not
    all known. exits: ladders under way. changes: of rules, by command; rules: what follows from them, never stored, None
    without any. paused: nothing is acted on. level_read: as read last; level_agreed: what that read and the one before it agree
    on, the lower of each series. last_held: positions as they were read last, marks between reads left out. tail_at: when the
    analysis's tail was told."""

    policy: GuardPolicy
    born: datetime | None = None
    now: datetime | None = None
    wall: datetime | None = None
    uptime_ms: int = 0
    clock_stepped: bool = False
    day: TradingDay | None = None
    money: Read[MoneyRead] | None = None
    positions: Read[tuple[HeldPosition, ...]] | None = None
    orders: Read[tuple[Order, ...]] | None = None
    read_number: int = 0
    read_at: datetime | None = None
    marked_at: Mapping[InstrumentId, datetime] = field(default_factory=dict)
    blind_since: datetime | None = None
    can_trade: bool | None = None
    unexplained: Decimal | None = None
    unexplained_since: datetime | None = None
    trades: tuple[TradeView, ...] = ()
    trades_known_since: datetime | None = None
    anchors: Anchors = field(default_factory=Anchors)
    day_results: Mapping[date, Decimal | None] = field(default_factory=dict)
    best: Mapping[PositionKey, Decimal] = field(default_factory=dict)
    unprotected: Mapping[PositionKey, datetime] = field(default_factory=dict)
    stops: Mapping[PositionKey, Decimal | None] = field(default_factory=dict)
    stop_refused: frozenset[PositionKey] = frozenset()
    exit_refused: frozenset[PositionKey] = frozenset()
    analysis: AnalysisMade | None = None
    locks: tuple[ActiveLock, ...] = ()
    standing: Mapping[tuple[str, str], Status] = field(default_factory=dict)
    asked: Mapping[tuple[str, str], Asked] = field(default_factory=dict)
    acted_at: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    sent: Mapping[str, Sent] = field(default_factory=dict)
    exits: Mapping[PositionKey, Exit] = field(default_factory=dict)
    flattening: Flattening | None = None
    flattenings: tuple[datetime, ...] = ()
    flattening_number: int = 0
    raised: frozenset[tuple[str, str]] = frozenset()
    venue_locked: bool = False
    venue_lock_at: datetime | None = None
    changes: tuple[RuleChange, ...] = ()
    rules: tuple[ActiveRule, ...] | None = None
    paused: bool = False
    level_read: Level | None = None
    level_agreed: Level | None = None
    last_held: tuple[HeldPosition, ...] = ()
    tail_at: datetime | None = None

    @property
    def active_rules(self) -> tuple[ActiveRule, ...]:
        """The owner's, with what was changed by command."""
        return self.policy.rules if self.rules is None else self.rules

    @property
    def readable(self) -> bool:
        """Whether positions and orders are known."""
        known = (self.positions, self.orders)
        return all(part is not None and not isinstance(part, Unknown) for part in known)

    @property
    def recent(self) -> bool:
        """Whether what the last read showed may be acted on (ruling 25: stale is never used for enforcement)."""
        return self.now is not None and self.read_at is not None and self.now - self.read_at <= FRESH

    def own_order(self, client_order_id: str | None) -> bool:
        """Whether an order is the guard's."""
        return client_order_id is not None and client_order_id.startswith(CLIENT_PREFIX)

    def with_period_start(self, period: Period, level: Any) -> Anchors:
        """The anchors with a period begun at `level`."""
        anchors = self.anchors
        return Anchors(
            initial_balance=anchors.initial_balance,
            period_start={**anchors.period_start, period: level},
            real_time_peak=anchors.real_time_peak,
            end_of_day_peak=anchors.end_of_day_peak,
        )


CLIENT_PREFIX = "guard-"
Instruments = frozenset[InstrumentId]
