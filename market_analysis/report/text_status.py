"""The guard's status as one screen: limits with meters in money, % and R, countdowns, lockouts with their reasons, the feed."""

from __future__ import annotations

from decimal import Decimal

from tabulate import tabulate

from market_analysis.report.guard_status import (
    AccountStatus,
    ChangeStatus,
    DecisionStatus,
    FeedPart,
    GuardStatus,
    LimitStatus,
    LockStatus,
)
from market_analysis.report.numbers import UNKNOWN, age, money, multiple, percent, plain
from market_analysis.report.text_guard import amount, meter

_DECISIONS = 5
_TITLES = ("", "rule", "subject", "mode", "now", "limit", "left", "left %", "left R", "used")
_RIGHT = frozenset({"now", "limit", "left", "left %", "left R"})


def status_text(status: GuardStatus) -> str:
    """Every account, one below the other."""
    up = age((status.now - status.started_at).total_seconds())
    head = f"guard {plain(status.version)}, {status.now:%Y-%m-%d %H:%M:%S} UTC, up {up}"
    return "\n\n".join((head, *(_account(item) for item in status.accounts)))


def countdown(seconds: Decimal | None) -> str:
    """Hours, minutes and seconds, as 09:56:03; days before them where there are any."""
    if seconds is None:
        return UNKNOWN
    whole = int(seconds)
    days, rest = divmod(whole, 86_400)
    clock = f"{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
    return f"{days}d {clock}" if days else clock


def _account(item: AccountStatus) -> str:
    lines = [_head(item)]
    if item.problem is not None:
        lines.append(f"  ! {plain(item.problem)}")
    lines += [f"  {line}" for line in (_money(item), *map(_lock, item.locks)) if line]
    if item.flattening is not None:
        lines.append(f"  FLATTENING: {plain(item.flattening)}")
    if item.limits:
        rows = [_row(limit) for limit in item.limits]
        align = ["right" if title in _RIGHT else "left" for title in _TITLES]
        lines += tabulate(rows, headers=_TITLES, tablefmt="plain", disable_numparse=True, colalign=align).splitlines()
    lines += [f"  ? {plain(limit.message)}" for limit in item.limits if limit.status.value == "unknown"]
    lines += [f"  {_change(change)}" for change in item.changes]
    lines += [_decision(line) for line in item.decisions[-_DECISIONS:]]
    return "\n".join(line.rstrip() for line in lines)


def _head(item: AccountStatus) -> str:
    acts = "acts by its rules" if item.enforces else "only tells"
    locked = "LOCKED, " if item.locks else ""
    return f"{plain(item.name)}: {locked}{item.state}, {acts}; {_fed(item)}"


def _fed(item: AccountStatus) -> str:
    """data 2s; or what is missing."""
    known = "data never read" if item.data_age_seconds is None else f"data {age(float(item.data_age_seconds))}"
    missing = [_missing(part) for part in item.feed if part.problem is not None]
    return "; ".join((known, *missing))


def _missing(part: FeedPart) -> str:
    problem = plain(part.problem or "")
    return f"no pushes: {problem}" if part.name == "pushes" else f"{part.name.upper()} UNKNOWN: {problem}"


def _money(item: AccountStatus) -> str:
    reset = "" if item.reset_in_seconds is None else f"   resets in {countdown(item.reset_in_seconds)}"
    unit = "" if item.risk_unit is None else f"   1R {money(item.risk_unit)}"
    return f"eq {money(item.equity)}   balance {money(item.balance)} {plain(item.currency)}{unit}{reset}"


def _lock(lock: LockStatus) -> str:
    if lock.left_seconds is not None:
        end = f"for {countdown(lock.left_seconds)}"
    else:
        end = {"condition": "until its cause is over", "admin": "until an administrator unlocks it"}.get(lock.ends.value, "")
    firm = ", cannot be undone" if lock.firm else ""
    return f"LOCKED {plain(lock.root or 'account')} by {plain(lock.rule)} {end}{firm}: {plain(lock.reason)}"


def _row(limit: LimitStatus) -> tuple[str, ...]:
    return (
        limit.status.value.upper(),
        plain(limit.rule),
        plain(limit.subject),
        limit.mode,
        amount(limit.measure, limit.unit),
        amount(limit.threshold, limit.unit),
        money(limit.room) if limit.room is not None else amount(limit.distance, limit.unit),
        "" if limit.room_frac is None else percent(limit.room_frac),
        "" if limit.room_r is None else multiple(float(limit.room_r)),
        meter(limit.used),
    )


def _change(change: ChangeStatus) -> str:
    """Where a setting comes from, if not from the settings."""
    value = "as in the settings" if change.value is None else f"= {plain(change.value)}"
    begins = "" if change.begins is None else f" from the reset at {change.begins:%Y-%m-%d %H:%M} UTC"
    return f"set {change.rule}.{change.setting} {value}{begins}, by {plain(change.by)}: {plain(change.reason)}"


def _decision(line: DecisionStatus) -> str:
    return f"  {line.at:%H:%M:%S} {plain(line.text)}"
