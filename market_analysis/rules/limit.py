"""The one evaluator of every loss, drawdown and profit limit (ruling 23).

    floor = reference - amount                      reference = series at anchor (a loss limit; a profit limit: reference + amount)
    series    balance, equity, or the higher of the two
    anchor    fixed (the initial balance), start of the period, real-time peak, end-of-day peak; a peak that was given by hand
    counts too amount    absolute, or a fraction of the initial balance, of the reference, or of the current balance
    measure   what is held against the floor: equity, balance; or a profit over the period against -amount: realised, realised and
              unrealised, unrealised; or the floating result, equity - balance; or the margin level, equity / margin used

A trailing floor may lock: with lock_at_initial it rises no further than the initial balance. Reaching the floor is a breach unless
`strict` (law 7). The guard acts when `act_at_frac` of the amount is used, before the firm does (ruling 24).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, TypeVar

from pydantic import Field, model_validator

from market_analysis.domain import Unknown
from market_analysis.rules.rule import Direction, Looser, Parameters
from market_analysis.rules.verdict import Status
from market_analysis.rules.view import AccountView, Level, Period

ZERO = Decimal(0)
T = TypeVar("T")


class Kind(StrEnum):
    """A loss limit has a floor, a profit limit a ceiling."""

    LOSS = "loss"
    PROFIT = "profit"


class Measure(StrEnum):
    """What is held against the limit."""

    EQUITY = "equity"
    BALANCE = "balance"
    REALIZED = "realized"
    REALIZED_AND_UNREALIZED = "realized_and_unrealized"
    UNREALIZED = "unrealized"
    FLOATING = "floating"
    MARGIN_LEVEL = "margin_level"


class Series(StrEnum):
    """What the reference is read from."""

    BALANCE = "balance"
    EQUITY = "equity"
    HIGHER = "higher"


class Anchor(StrEnum):
    """When it is read."""

    FIXED = "fixed"
    PERIOD_START = "period_start"
    REAL_TIME_PEAK = "real_time_peak"
    END_OF_DAY_PEAK = "end_of_day_peak"


class AmountOf(StrEnum):
    """What a fraction is of; ABSOLUTE: the amount is money (of a margin level: the level itself)."""

    ABSOLUTE = "absolute"
    INITIAL = "initial"
    REFERENCE = "reference"
    CURRENT = "current"


_SHARE_OF = {
    AmountOf.INITIAL: "the initial balance",
    AmountOf.REFERENCE: "the level that the limit counts from",
    AmountOf.CURRENT: "the balance",
}
_AGAINST_REFERENCE = frozenset({Measure.EQUITY, Measure.BALANCE})


class Limit(Parameters):
    """One limit. warn_at: shares of the amount at which it warns."""

    looser: ClassVar[Mapping[str, Direction]] = {
        "amount": Looser.HIGHER,
        "lock_at_initial": Looser.HIGHER,
        "manual_peak": Looser.LOWER,
        "costs_in": Looser.LOWER,
        "strict": Looser.HIGHER,
        "act_at_frac": Looser.HIGHER,
    }
    kind: Kind = Field(Kind.LOSS, description="loss or profit")
    measure: Measure = Field(Measure.EQUITY, description="what is held against the limit")
    series: Series = Field(Series.BALANCE, description="what the reference is read from: balance, equity, higher")
    anchor: Anchor = Field(Anchor.PERIOD_START, description="when it is read: fixed, period_start, real_time_peak, end_of_day_peak")
    period: Period = Field(Period.DAY, description="day, week, month, phase")
    amount: Decimal = Field(gt=0, description="money, or a fraction with amount_of; of a margin level the level")
    amount_of: AmountOf = Field(AmountOf.ABSOLUTE, description="absolute, initial, reference, current")
    lock_at_initial: bool = Field(False, description="a trailing floor rises no further than the initial balance")
    manual_peak: Decimal | None = Field(None, gt=0, description="the highest level so far, where the guard has not seen it")
    costs_in: bool = Field(True, description="fees and funding count in realised profit")
    strict: bool = Field(False, description="a breach only beyond the limit, not on reaching it")
    warn_at: tuple[Decimal, ...] = Field((Decimal("0.7"), Decimal("0.9")), description="shares of the amount at which it warns")
    act_at_frac: Decimal | None = Field(None, gt=0, le=1, description="share of the amount at which the guard acts")

    @model_validator(mode="after")
    def _consistent(self) -> Limit:
        if self.amount_of is not AmountOf.ABSOLUTE and self.amount >= 1 and self.kind is Kind.LOSS:
            raise ValueError(f"amount is {self.amount} of {self.amount_of.value}; a fraction below 1 is meant, 0.05 is 5 %")
        if self.measure is Measure.MARGIN_LEVEL and self.amount_of is not AmountOf.ABSOLUTE:
            raise ValueError("a margin level is absolute: amount_of does not apply")
        if any(not 0 < level < 1 for level in self.warn_at) or list(self.warn_at) != sorted(self.warn_at):
            raise ValueError("warn_at must rise, each above 0 and below 1")
        return self


@dataclass(frozen=True, slots=True)
class LimitReading:
    """value against bound; room = what is left between them, negative beyond. used: share of the amount, 1 at the bound, None where
    there is no amount to use (a margin level). missing: why nothing could be told, else empty."""

    status: Status
    value: Decimal | None
    reference: Decimal | None
    amount: Decimal | None
    bound: Decimal | None
    room: Decimal | None
    used: Decimal | None
    missing: str = ""


def read_limit(view: AccountView, limit: Limit) -> LimitReading:
    """Where the account stands. Nothing is assumed: without the anchor, the trades or the marks that it needs it is UNKNOWN."""
    if limit.measure is Measure.MARGIN_LEVEL:
        return _margin_level(view, limit)
    try:
        reference = _reference(view, limit)
        value = _value(view, limit)
        amount = _amount(view, limit, reference)
    except _MissingError as missing:
        return LimitReading(Status.UNKNOWN, None, None, None, None, None, None, str(missing))
    origin = reference if limit.measure in _AGAINST_REFERENCE else ZERO
    bound = origin - amount if limit.kind is Kind.LOSS else origin + amount
    initial = view.anchors.initial_balance
    if limit.lock_at_initial and limit.kind is Kind.LOSS and limit.measure in _AGAINST_REFERENCE:
        if initial is None:
            return LimitReading(Status.UNKNOWN, value, reference, amount, None, None, None, "the initial balance is not known")
        bound = min(bound, initial)
    room = value - bound if limit.kind is Kind.LOSS else bound - value
    used = 1 - room / amount
    return LimitReading(_status(limit, room, used), value, reference, amount, bound, room, used)


def _status(limit: Limit, room: Decimal, used: Decimal) -> Status:
    if room < 0 or (room == 0 and not limit.strict):
        return Status.BREACH
    if limit.act_at_frac is not None and used >= limit.act_at_frac:
        return Status.ACT
    return Status.WARN if any(used >= level for level in limit.warn_at) else Status.OK


class _MissingError(Exception):
    """Something the limit needs is not known; never leaves this file."""


def _reference(view: AccountView, limit: Limit) -> Decimal:
    """The series at the anchor. A profit over the period needs none of its own: its amount may be a fraction of it all the same."""
    anchors = view.anchors
    if limit.anchor is Anchor.FIXED:
        return _known(anchors.initial_balance, "the initial balance is not known")
    if limit.anchor is Anchor.PERIOD_START:
        if limit.measure not in _AGAINST_REFERENCE and limit.amount_of is not AmountOf.REFERENCE:
            return ZERO
        return _of(_known(anchors.period_start.get(limit.period), f"the {limit.period.value}'s start was not seen"), limit.series)
    peak = anchors.real_time_peak if limit.anchor is Anchor.REAL_TIME_PEAK else anchors.end_of_day_peak
    seen = None if peak is None else _of(peak, limit.series)
    highest = max((level for level in (seen, limit.manual_peak) if level is not None), default=None)
    peak_level = _known(highest, "the peak is not known; give manual_peak")
    # The phase began at the initial balance: a floor does not trail below it (Topstep: S - D + max(0, H - S)).
    return peak_level if anchors.initial_balance is None else max(peak_level, anchors.initial_balance)


def _of(level: Level, series: Series) -> Decimal:
    if series is Series.HIGHER:
        return max(level.balance, level.equity)
    return level.balance if series is Series.BALANCE else level.equity


def _amount(view: AccountView, limit: Limit, reference: Decimal) -> Decimal:
    if limit.amount_of is AmountOf.ABSOLUTE:
        return limit.amount
    if limit.amount_of is AmountOf.INITIAL:
        base = _known(view.anchors.initial_balance, "the initial balance is not known")
    elif limit.amount_of is AmountOf.REFERENCE:
        base = reference
    else:
        if isinstance(view.money, Unknown):
            raise _MissingError(f"balance and equity could not be read: {view.money.detail}")
        base = view.money.balance
    if base <= 0:
        raise _MissingError(
            f'{_SHARE_OF[limit.amount_of]} is {base.normalize():f}: no share of it is a limit; give money, amount_of = "absolute"'
        )
    return limit.amount * base


def _value(view: AccountView, limit: Limit) -> Decimal:
    measure = limit.measure
    if measure is Measure.REALIZED:
        return realized(view, limit)
    if measure is Measure.UNREALIZED:
        return unrealized(view)
    if measure is Measure.REALIZED_AND_UNREALIZED:
        return realized(view, limit) + unrealized(view)
    if isinstance(view.money, Unknown):
        raise _MissingError(f"balance and equity could not be read: {view.money.detail}")
    if measure is Measure.BALANCE:
        return view.money.balance
    equity = view.money.equity if view.money.equity_if_flat is None else min(view.money.equity, view.money.equity_if_flat)
    return equity - view.money.balance if measure is Measure.FLOATING else equity


def realized(view: AccountView, limit: Limit) -> Decimal:
    """Closed profit of the trading day, costs in where the limit says so. Opening fills cost; voided ones never were.

    Of a longer period it is the change of the balance, flows out, which the period's start carries.
    """
    if limit.period is not Period.DAY:
        start = _known(view.anchors.period_start.get(limit.period), f"the {limit.period.value}'s start was not seen")
        if isinstance(view.money, Unknown):
            raise _MissingError(f"balance and equity could not be read: {view.money.detail}")
        return view.money.balance - start.balance
    if isinstance(view.trades, Unknown):
        raise _MissingError(f"the day's trades could not be read: {view.trades.detail}")
    counted = [trade for trade in view.trades if view.day.start <= trade.time < view.day.end and not trade.voided]
    gross = sum((trade.realized or ZERO for trade in counted), ZERO)
    return gross - (sum((trade.costs for trade in counted), ZERO) if limit.costs_in else ZERO)


def unrealized(view: AccountView) -> Decimal:
    """Floating profit of all positions at their marks; unknown as soon as one is. A holding without an entry has none."""
    if isinstance(view.positions, Unknown):
        raise _MissingError(f"the positions could not be read: {view.positions.detail}")
    blind = [str(item.key) for item in view.positions if item.unrealized is None and "holding" not in item.tags]
    if blind:
        raise _MissingError(f"no mark of {', '.join(blind)}")
    return sum((item.unrealized or ZERO for item in view.positions), ZERO)


def _known(value: T | None, why: str) -> T:
    if value is None:
        raise _MissingError(why)
    return value


def _margin_level(view: AccountView, limit: Limit) -> LimitReading:
    """equity / margin used, at or below `amount` a breach; nothing used, nothing to limit."""
    money = view.money
    if isinstance(money, Unknown):
        return LimitReading(Status.UNKNOWN, None, None, None, None, None, None, f"equity could not be read: {money.detail}")
    if money.margin_used is None:
        return LimitReading(Status.UNKNOWN, None, None, None, None, None, None, "the venue states no used margin")
    if money.margin_used <= 0:
        return LimitReading(Status.OK, None, None, None, limit.amount, None, ZERO)
    level = money.equity / money.margin_used
    room = level - limit.amount
    used = limit.amount / level if level > 0 else None
    reached = room < 0 or (room == 0 and not limit.strict)
    near = used is not None and any(used >= share for share in limit.warn_at)
    acts = used is not None and limit.act_at_frac is not None and used >= limit.act_at_frac
    status = Status.BREACH if reached else Status.ACT if acts else Status.WARN if near else Status.OK
    return LimitReading(status, level, None, limit.amount, limit.amount, room, used)
