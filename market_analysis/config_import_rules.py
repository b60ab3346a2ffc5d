"""Document 002's twelve rules, in every shape that its versions write them, as the parameters of this product's.

A converter takes what it understands out of the rule's table; what is left was not understood and is said to be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Values = dict[str, Any]


@dataclass
class Taken:
    """One rule's table while it is converted. notes: what was meant by a word; lost: what has no place here."""

    rule: str
    given: Values
    notes: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def take(self, *names: str) -> Any:
        """The first of these keys that is there; all of them are taken out."""
        found = [self.given.pop(name) for name in names if name in self.given]
        return found[0] if found else None

    def amount(self, *names: str) -> float | int | None:
        """Money as an amount above zero: the document writes losses as -500 in one place and as 500 in another."""
        value = self.take(*names)
        if isinstance(value, bool) or not isinstance(value, int | float):
            if value is not None:
                self.lost.append(f"{self.rule}.{names[0]}: {value!r} is no amount")
            return None
        if value < 0:
            self.notes.append(f"{self.rule}: {value} is the loss of {-value}")
        return abs(value)

    def put(self, target: Values, key: str, value: Any) -> None:
        """Set it, if it was said."""
        if value is not None:
            target[key] = value


def _ignored(taken: Taken, **known: str) -> None:
    """Words that say what the rule does anyway."""
    for name, why in known.items():
        if taken.take(name) is not None:
            taken.notes.append(f"{taken.rule}.{name}: {why}")


def _max_contracts(taken: Taken) -> Values:
    found: Values = {}
    taken.put(found, "limit", taken.take("limit", "max_contracts"))
    taken.put(found, "count_type", taken.take("count_type"))
    taken.put(found, "lockout_on_breach", taken.take("lockout_on_breach"))
    reduce, close = taken.take("reduce_to_limit"), taken.take("close_all")
    found["enforcement"] = "reduce" if reduce and not close else "close"
    return found


def _max_contracts_per_instrument(taken: Taken) -> Values:
    found: Values = {"limits": taken.take("limits", "instrument_limits") or {}}
    word = str(taken.take("enforcement", "action") or "reduce_to_limit").lower()
    found["enforcement"] = "close" if word.startswith("close") else "reduce"
    unknown = taken.take("unknown_symbol_action")
    default = taken.take("default_limit")
    if isinstance(unknown, str) and unknown.startswith("allow_with_limit"):
        found["unknown_symbol_action"] = "allow_with_limit"
        number = unknown.partition(":")[2]
        found["unknown_symbol_limit"] = int(number) if number.isdigit() else 1
    elif unknown is not None:
        found["unknown_symbol_action"] = unknown
    if default is not None:
        found |= {"unknown_symbol_action": "allow_with_limit", "unknown_symbol_limit": default}
    taken.put(found, "lockout_on_breach", taken.take("lockout_on_breach"))
    return found


def _daily_realized_loss(taken: Taken) -> Values:
    found: Values = {}
    taken.put(found, "loss", taken.amount("limit", "loss_limit"))
    _closes_and_locks(taken)
    return found


def _daily_realized_profit(taken: Taken) -> Values:
    found: Values = {}
    taken.put(found, "target", taken.amount("target", "limit", "profit_target"))
    _closes_and_locks(taken)
    return found


def _closes_and_locks(taken: Taken) -> None:
    until = taken.take("lockout_until_reset", "lockout_until")
    if until in (False, "permanent"):
        taken.lost.append(f"{taken.rule}: the lock lasts until the reset here, not {'never' if until is False else 'for ever'}")
    _ignored(taken, enforcement="it closes and locks", action="it closes and locks", close_all="it closes and locks")


def _daily_unrealized_loss(taken: Taken) -> Values:
    found: Values = {}
    taken.put(found, "loss", taken.amount("limit", "loss_limit"))
    _scope(taken, found)
    return found


def _max_unrealized_profit(taken: Taken) -> Values:
    found: Values = {}
    taken.put(found, "profit", taken.amount("limit", "profit_target"))
    taken.put(found, "fires_at", taken.take("mode"))
    if found.get("fires_at") == "breakeven":
        taken.notes.append(
            f"{taken.rule}: breakeven acts once a position was arm_at ahead, for at the entry it would close everything at once"
        )
    _scope(taken, found)
    return found


def _scope(taken: Taken, found: Values) -> None:
    taken.put(found, "scope", taken.take("scope"))
    taken.put(found, "max_quote_age_seconds", taken.take("max_quote_age_seconds"))
    if "scope" not in found and str(taken.given.get("action", "")).upper() == "CLOSE_POSITION":
        found["scope"] = "per_position"
    if taken.take("lockout") is False and found.get("scope", "total") == "total":
        taken.lost.append(f"{taken.rule}.lockout: on the whole account it locks until the reset")
    _closes_and_locks(taken)


def _trade_frequency_limit(taken: Taken) -> Values:
    found: Values = {}
    limits, pauses = taken.take("limits") or {}, taken.take("cooldown_on_breach") or {}
    for name in ("per_minute", "per_hour", "per_session"):
        taken.put(found, name, dict(limits).get(name))
    for theirs, ours in _COOLDOWNS.items():
        taken.put(found, ours, dict(pauses).get(theirs))
    most, minutes = taken.take("max_trades"), taken.take("time_window_minutes")
    if most is not None and minutes == 60:
        found["per_hour"] = most
    elif most is not None:
        taken.lost.append(f"{taken.rule}: {most} trades in {minutes} minutes; limits are per minute, hour and trading day here")
    return found


_COOLDOWNS = {
    "per_minute_breach": "minute_cooldown_seconds",
    "per_hour_breach": "hour_cooldown_seconds",
    "per_session_breach": "session_cooldown_seconds",
}


def _cooldown_after_loss(taken: Taken) -> Values:
    rows = taken.take("loss_thresholds")
    simple, seconds = taken.take("loss_threshold"), taken.take("cooldown_seconds")
    if simple is not None:
        rows = [{"loss_amount": simple, "cooldown_duration": seconds or 300}]
    found = []
    for row in rows or []:
        inner = Taken(taken.rule, dict(row), taken.notes, taken.lost)
        loss, pause = inner.amount("loss_amount", "loss"), inner.take("cooldown_duration", "cooldown_seconds")
        if loss is not None and pause is not None:
            found.append({"loss": loss, "cooldown_seconds": pause})
    return {"loss_thresholds": sorted(found, key=lambda row: row["loss"])} if found else {}


def _no_stop_loss_grace(taken: Taken) -> Values:
    found: Values = {}
    taken.put(found, "grace_period_seconds", taken.take("grace_period_seconds"))
    _ignored(taken, action="the planned stop is put first, and the position closed only without one", enforcement="as above")
    return found


def _session_block_outside(taken: Taken) -> Values:
    found: Values = {}
    simple = taken.take("allowed_hours", "session_hours")
    whole = taken.take("global_session") or simple
    if isinstance(whole, Mapping):
        found["global_session"] = _hours(whole)
    own = taken.take("per_instrument_sessions")
    if isinstance(own, Mapping) and own.get("enabled", True):
        sessions = own.get("sessions", own)
        found["sessions"] = {root: _hours(hours) for root, hours in sessions.items() if isinstance(hours, Mapping)}
    for name in ("close_positions_at_session_end", "lockout_outside_session", "respect_holidays"):
        taken.put(found, name, taken.take(name))
    _ignored(taken, enforcement="what is open outside the hours is closed", action="what is open outside the hours is closed")
    return found


def _hours(given: Mapping[str, Any]) -> Values:
    names = {"start": "start", "end": "end", "timezone": "timezone", "tz": "timezone", "days": "days", "allowed_days": "days"}
    found = {names[name]: value for name, value in given.items() if name in names}
    return {name: clock(value) if name in ("start", "end") else value for name, value in found.items()}


def clock(value: Any) -> Any:
    """A time of day. YAML reads an unquoted 17:00 as 1020 (17 * 60): minutes."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 24 * 60:
        return f"{value // 60:02d}:{value % 60:02d}"
    return value


def _auth_loss_guard(taken: Taken) -> Values:
    found: Values = {}
    taken.put(found, "auto_unlock_on_restore", taken.take("auto_unlock_on_restore"))
    _ignored(taken, check_on_startup="every look checks it", check_interval_seconds="every look checks it")
    return found


def _symbol_blocks(taken: Taken) -> Values:
    found: Values = {"blocked_symbols": taken.take("blocked_symbols") or []}
    taken.put(found, "close_existing", taken.take("close_existing"))
    _ignored(
        taken, action="entries are cancelled and the symbol is locked", enforcement="entries are cancelled and the symbol is locked"
    )
    return found


def _trade_management(taken: Taken) -> Values:
    found: Values = {}
    for name, keys in _PARTS.items():
        part = taken.take(name)
        if isinstance(part, Mapping):
            found[name] = {key: value for key, value in part.items() if key in keys}
            taken.lost += [f"{taken.rule}.{name}.{key}" for key in part if key not in keys and key != "update_frequency"]
        elif part is not None:
            found[name] = {"enabled": bool(part)}
    ticks = taken.take("stop_loss_ticks")
    if ticks is not None:
        found.setdefault("auto_stop_loss", {"enabled": True})["stop_loss_ticks"] = ticks
    return found


_PARTS = {
    "auto_breakeven": ("enabled", "profit_trigger_ticks", "offset_ticks"),
    "trailing_stop": ("enabled", "activation_ticks", "trail_distance_ticks"),
    "auto_stop_loss": ("enabled", "stop_loss_ticks"),
}

CONVERTERS: Mapping[str, Callable[[Taken], Values]] = {
    "auth_loss_guard": _auth_loss_guard,
    "cooldown_after_loss": _cooldown_after_loss,
    "daily_realized_loss": _daily_realized_loss,
    "daily_realized_profit": _daily_realized_profit,
    "daily_unrealized_loss": _daily_unrealized_loss,
    "max_contracts": _max_contracts,
    "max_contracts_per_instrument": _max_contracts_per_instrument,
    "max_unrealized_profit": _max_unrealized_profit,
    "no_stop_loss_grace": _no_stop_loss_grace,
    "session_block_outside": _session_block_outside,
    "symbol_blocks": _symbol_blocks,
    "trade_frequency_limit": _trade_frequency_limit,
    "trade_management": _trade_management,
}
"""By the name that the document gives the rule; ours is the same."""
