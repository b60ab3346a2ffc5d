"""The guard's verdicts as limits with meters, its locks with their ends, and its decisions in one line each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from tabulate import tabulate

from market_analysis.domain.decision import Alert, LockCleared, LockSet, SettingChanged, Told, WouldDo
from market_analysis.guard.state import ActiveLock, GuardPolicy
from market_analysis.report.numbers import age, money, percent, plain, until
from market_analysis.rules.verdict import Verdict

__all__ = ["amount", "decision_line", "guard_text", "meter"]

_CELLS = 20


def guard_text(verdicts: Sequence[Verdict], locks: Sequence[ActiveLock], now: datetime, policy: GuardPolicy) -> str:
    """One row a rule and subject: state, what is measured, the limit, what is left, how much of it is used."""
    modes = {active.rule.name: active.mode.value for active in policy.rules}
    rows = [
        (
            item.status.value.upper(),
            item.rule,
            modes.get(item.rule, ""),
            item.subject,
            amount(item.measure, item.unit),
            amount(item.threshold, item.unit),
            amount(item.distance, item.unit),
            meter(item.used),
        )
        for item in verdicts
    ]
    titles = ("", "rule", "mode", "subject", "now", "limit", "left", "used")
    table = tabulate(
        rows, headers=titles, tablefmt="plain", disable_numparse=True, colalign=("left",) * 4 + ("right",) * 3 + ("left",)
    )
    acts = "acts by its rules" if policy.enforces else "only tells: no enforcer"
    head = f"{plain(policy.account)} {now:%Y-%m-%d %H:%M:%S} UTC, {acts}"
    return "\n".join((head, table, *(_lock(lock, now) for lock in locks), *_reasons(verdicts)))


def decision_line(item: Told) -> str:
    """A decision as the terminal tells it."""
    if isinstance(item, Alert):
        begins = ("PAGE" if item.page else "alert") if item.raised else "over"
        return f"{begins} {item.code} {plain(item.subject)}: {plain(item.text)}"
    if isinstance(item, LockSet):
        end = "" if item.until is None else f" until {item.until:%Y-%m-%d %H:%M:%S} UTC"
        return f"LOCKED {item.root or 'account'} by {item.rule}{end}: {plain(item.reason)}"
    if isinstance(item, LockCleared):
        return f"unlocked {item.root or 'account'}: {item.rule} ended by {item.by}"
    if isinstance(item, SettingChanged):
        value = "as in the settings" if item.value is None else f"= {plain(item.value)}"
        begins = "" if item.begins is None else f", from the reset at {item.begins:%Y-%m-%d %H:%M:%S} UTC"
        return f"setting {item.rule}.{item.setting} {value}{begins}: {plain(item.by)}: {plain(item.reason)}"
    if isinstance(item, WouldDo):
        return f"would have done: {item.response} ({item.rule}, {plain(item.subject)})"
    return f"flatten ({plain(item.cause)}): {'verified flat' if item.verified else 'NOT verified'}"


def amount(value: Decimal | None, unit: str) -> str:
    """A measure in its rule's unit."""
    if value is None:
        return "--"
    if unit == "money":
        return money(value)
    if unit == "seconds":
        return age(float(value))
    return f"{value.quantize(Decimal('0.0001'), ROUND_HALF_EVEN).normalize():f}"


def meter(used: Decimal | None) -> str:
    """How much of a limit is used, drawn in ASCII."""
    if used is None:
        return ""
    filled = max(0, min(_CELLS, round(float(used) * _CELLS)))
    said = percent(float(used), 0) if used < 10 else ">999%"
    return f"[{'#' * filled}{'.' * (_CELLS - filled)}] {said}"


def _lock(lock: ActiveLock, now: datetime) -> str:
    end = f"for {until(lock.until, now)}" if lock.until is not None else f"until {lock.ends.value}"
    return f"LOCKED {lock.root or 'account'} by {lock.rule} {end}: {plain(lock.reason)}"


def _reasons(verdicts: Sequence[Verdict]) -> list[str]:
    """Why something could not be told."""
    return [f"? {plain(item.message)}" for item in verdicts if item.status.value == "unknown"]
