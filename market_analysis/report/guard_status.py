"""The guard's status as one document: what its read socket answers, `status` draws and `status --json` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from market_analysis.domain import Unknown
from market_analysis.errors import EXIT_CRITICAL, EXIT_OK, EXIT_UNKNOWN, EXIT_WARNING
from market_analysis.guard.state import ActiveLock, GuardState, RuleChange
from market_analysis.rules.verdict import Ends, Status, Verdict

SCHEMA_VERSION = "1.0"
"""Raised in its first part when a field is removed or changes meaning, in its second when one is added."""
_EXIT = {
    Status.UNKNOWN: EXIT_UNKNOWN,
    Status.BREACH: EXIT_CRITICAL,
    Status.ACT: EXIT_CRITICAL,
    Status.WARN: EXIT_WARNING,
    Status.OK: EXIT_OK,
}
_WORST = (EXIT_UNKNOWN, EXIT_CRITICAL, EXIT_WARNING, EXIT_OK)
_CENTS, _DIGITS = Decimal("0.01"), Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class FeedPart:
    """One thing that is read or heard. age_seconds: since it was read last, null: never. problem: why it is not known, null: it
    is."""

    name: str
    age_seconds: Decimal | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class LimitStatus:
    """A rule's word on one subject. measure, threshold and distance in `unit`; room: what is left in money, room_frac of equity,
    room_r in R; used: share of the limit, 1 at it."""

    rule: str
    mode: str
    status: Status
    code: str
    subject: str
    message: str
    unit: str
    measure: Decimal | None
    threshold: Decimal | None
    distance: Decimal | None
    room: Decimal | None
    room_frac: Decimal | None
    room_r: Decimal | None
    used: Decimal | None
    blocks: str


@dataclass(frozen=True, slots=True)
class LockStatus:
    """A lockout. root: null of the whole account. ends: time, reset, condition, admin. left_seconds: null where no time ends it.
    firm: nobody can undo it."""

    rule: str
    root: str | None
    ends: Ends
    since: datetime
    until: datetime | None
    left_seconds: Decimal | None
    reason: str
    firm: bool


@dataclass(frozen=True, slots=True)
class ChangeStatus:
    """A rule's setting that was changed by command, over the settings file. value: null: as the file has it. begins: null: it is in
    force."""

    rule: str
    setting: str
    value: str | None
    by: str
    reason: str
    at: datetime
    begins: datetime | None


@dataclass(frozen=True, slots=True)
class DecisionStatus:
    """Something that was decided, in one line."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """One guarded account. state: starting, watching, stale (no look has ended for long), failing, paused; problem: why it is
    failing. as_of: of what was read last, by the account's time; data_age_seconds: since then, by a clock that cannot be set; null:
    not read since the guard began. enforces: whether anything is acted on. risk_unit: one R in money, the share of equity that one
    trade risks. reset_in_seconds: to the next trading day."""

    name: str
    state: str
    problem: str | None
    enforces: bool
    currency: str
    as_of: datetime | None
    data_age_seconds: Decimal | None
    balance: Decimal | None
    equity: Decimal | None
    risk_unit: Decimal | None
    day_began: datetime | None
    reset_at: datetime | None
    reset_in_seconds: Decimal | None
    flattening: str | None
    feed: tuple[FeedPart, ...]
    limits: tuple[LimitStatus, ...]
    locks: tuple[LockStatus, ...]
    changes: tuple[ChangeStatus, ...]
    decisions: tuple[DecisionStatus, ...]
    exit_status: int


@dataclass(frozen=True, slots=True)
class GuardStatus:
    """The daemon and its accounts. exit_status: the worst account's, as `status` ends with."""

    schema_version: str
    version: str
    now: datetime
    started_at: datetime
    accounts: tuple[AccountStatus, ...]
    exit_status: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What the guard knows of an account at a moment. now: the account's time. uptime_ms: the same by its clock that cannot be set.
    age_seconds: since the last look that ended, by ours; None before the first. heard: why pushes are not heard, empty where they
    are, None where none are wanted."""

    state: GuardState
    verdicts: Sequence[Verdict]
    decisions: Sequence[DecisionStatus]
    now: datetime
    uptime_ms: int
    risk_frac: Decimal
    age_seconds: Decimal | None = None
    stale_after_seconds: float = 30.0
    heard: str | None = None
    problem: str | None = None
    paused: bool = False


def account_status(seen: Seen) -> AccountStatus:
    """An account that was looked at at least once, or tried to be."""
    state, now = seen.state, seen.now
    money = state.money if state.money is not None and not isinstance(state.money, Unknown) else None
    equity = None if money is None else money.equity
    unit = None if equity is None or equity <= 0 else (equity * seen.risk_frac).quantize(_CENTS, ROUND_HALF_EVEN)
    limits = tuple(_limit(state, verdict, equity, unit) for verdict in seen.verdicts)
    locks = tuple(_lock(lock, seen) for lock in state.locks)
    return AccountStatus(
        name=state.policy.account,
        state=_word(seen),
        problem=seen.problem,
        enforces=state.policy.enforces,
        currency=state.policy.currency,
        as_of=state.read_at,
        data_age_seconds=seen.age_seconds,
        balance=None if money is None else money.balance,
        equity=equity,
        risk_unit=unit,
        day_began=None if state.day is None else state.day.start,
        reset_at=None if state.day is None else state.day.end,
        reset_in_seconds=None if state.day is None else _seconds(state.day.end - now),
        flattening=None if state.flattening is None else state.flattening.cause,
        feed=_feed(seen),
        limits=limits,
        locks=locks,
        changes=tuple(_change(item, state) for item in state.changes),
        decisions=tuple(seen.decisions),
        exit_status=_exit_status(seen, limits, locks),
    )


def unopened_status(name: str, problem: str | None) -> AccountStatus:
    """An account that could not be opened yet, or was not tried yet."""
    return AccountStatus(
        name=name,
        state="starting" if problem is None else "failing",
        problem=problem,
        enforces=False,
        currency="",
        as_of=None,
        data_age_seconds=None,
        balance=None,
        equity=None,
        risk_unit=None,
        day_began=None,
        reset_at=None,
        reset_in_seconds=None,
        flattening=None,
        feed=(),
        limits=(),
        locks=(),
        changes=(),
        decisions=(),
        exit_status=EXIT_UNKNOWN,
    )


def guard_status(version: str, now: datetime, started_at: datetime, accounts: Sequence[AccountStatus]) -> GuardStatus:
    """All accounts, the worst first to count."""
    worst = worst_exit([account.exit_status for account in accounts])
    return GuardStatus(SCHEMA_VERSION, version, now, started_at, tuple(accounts), worst)


def worst_exit(statuses: Sequence[int]) -> int:
    """Unknown before critical before warning before ok (ruling 38)."""
    return next((status for status in _WORST if status in statuses), EXIT_OK)


def verdicts_exit(verdicts: Sequence[Verdict]) -> int:
    """The worst verdict as an exit status."""
    return worst_exit([_EXIT[verdict.status] for verdict in verdicts])


def _exit_status(seen: Seen, limits: Sequence[LimitStatus], locks: Sequence[LockStatus]) -> int:
    blind = _word(seen) != "watching" or seen.state.blind_since is not None
    found = [_EXIT[limit.status] for limit in limits]
    return worst_exit([*found, *([EXIT_UNKNOWN] if blind else []), *([EXIT_CRITICAL] if locks else [])])


def _word(seen: Seen) -> str:
    if seen.paused:
        return "paused"
    if seen.problem is not None:
        return "failing"
    if seen.age_seconds is None:
        return "starting"
    return "stale" if seen.age_seconds > seen.stale_after_seconds else "watching"


def _limit(state: GuardState, verdict: Verdict, equity: Decimal | None, unit: Decimal | None) -> LimitStatus:
    room = verdict.distance if verdict.room is None and verdict.unit == "money" else verdict.room
    modes = {active.rule.name: active.mode.value for active in state.active_rules}
    known = room is not None and equity is not None and equity > 0
    return LimitStatus(
        rule=verdict.rule,
        mode=modes.get(verdict.rule, ""),
        status=verdict.status,
        code=verdict.code,
        subject=verdict.subject,
        message=verdict.message,
        unit=verdict.unit,
        measure=_short(verdict.measure),
        threshold=_short(verdict.threshold),
        distance=_short(verdict.distance),
        room=_short(room),
        room_frac=_short(room / equity) if known and room is not None and equity is not None else None,
        room_r=_short(room / unit) if room is not None and unit else None,
        used=_short(verdict.used),
        blocks=verdict.blocks,
    )


def _lock(lock: ActiveLock, seen: Seen) -> LockStatus:
    left: Decimal | None = None
    if lock.left_ms is not None:
        passed = max(seen.uptime_ms - seen.state.uptime_ms, 0)
        left = Decimal(max(lock.left_ms - passed, 0) // 1000)
    elif lock.ends is Ends.RESET and seen.state.day is not None:
        left = _seconds(seen.state.day.end - seen.now)
    return LockStatus(lock.rule, lock.root, lock.ends, lock.since, lock.until, left, lock.reason, lock.firm)


def _change(item: RuleChange, state: GuardState) -> ChangeStatus:
    begins = None if item.after is None or state.day is None else state.day.end
    return ChangeStatus(item.rule, item.setting, item.value, item.by, item.reason, item.at, begins)


def _feed(seen: Seen) -> tuple[FeedPart, ...]:
    state = seen.state
    parts = [
        FeedPart(name, seen.age_seconds, part.detail if isinstance(part, Unknown) else None)
        for name, part in (("money", state.money), ("positions", state.positions), ("orders", state.orders))
    ]
    if seen.heard is not None:
        parts.append(FeedPart("pushes", None, seen.heard or None))
    return tuple(parts)


def _seconds(span: timedelta) -> Decimal:
    """Tenths of a second, never below zero."""
    return Decimal(max(span // timedelta(milliseconds=100), 0)) / 10


def _short(value: Decimal | None) -> Decimal | None:
    """Four digits behind the point are enough to be looked at."""
    return None if value is None else value.quantize(_DIGITS, ROUND_HALF_EVEN)
