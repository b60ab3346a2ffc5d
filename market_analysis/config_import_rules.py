"""Document 002's rules, in every shape that its versions write them, as the parameters of this product's.

A converter takes what it understands out of the rule's table; what is left was not understood and is said to be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from market_analysis.config_import_sessions import session_block_outside
from market_analysis.config_import_taken import Taken, Values
from market_analysis.rules.roots import canonical

CLOSES_AND_LOCKS = "it closes everything and locks until the reset"
NO_LIMIT = 1_000_000
"""A limit on trades that nobody reaches: TOML has no word for none, and without one the rule's own default would count."""


def _max_contracts(taken: Taken) -> Values:
    found: Values = {}
    taken.number(found, "limit", "limit", "max_contracts")
    _count_type(taken, found)
    taken.put_flag(found, "lockout_on_breach")
    reduce, close = taken.flag("reduce_to_limit"), taken.flag("close_all")
    found["enforcement"] = "reduce" if reduce and not close else "alert" if close is False else "close"
    if close is not None or reduce is not None:
        said = ", ".join(
            f"{name} {str(flag).lower()}" for name, flag in (("close_all", close), ("reduce_to_limit", reduce)) if flag is not None
        )
        taken.note(f"{said}: enforcement = {found['enforcement']}")
    return found


def _count_type(taken: Taken, found: Values) -> None:
    entry = taken.take("count_type")
    if entry is not None:
        taken.put(found, "count_type", entry, entry.text().lower())


def _max_contracts_per_instrument(taken: Taken) -> Values:
    found: Values = {"limits": {}}
    limits = taken.take("limits", "instrument_limits")
    if limits is not None:
        taken.put(found, "limits", limits, {root: inner.number() for root, inner in limits.table().items()})
    word = taken.word("enforcement", "action")
    if word and word not in ("reduce_to_limit", "close_all", "close_position", "close"):
        taken.lose(f"enforcement {word}: it reduces to the limit, or closes that root here")
    found["enforcement"] = "close" if word.startswith("close") else "reduce"
    unknown = taken.take("unknown_symbol_action")
    if unknown is not None:
        word, _, number = unknown.text().lower().replace(" ", "").partition(":")
        taken.put(found, "unknown_symbol_action", unknown, word)
        if word == "allow_with_limit":
            found["unknown_symbol_limit"] = int(number) if number.isdigit() else 1
    if taken.number(found, "unknown_symbol_limit", "default_limit") is not None:
        found["unknown_symbol_action"] = "allow_with_limit"
    taken.put_flag(found, "lockout_on_breach")
    return found


def _daily_realized_loss(taken: Taken) -> Values:
    found: Values = {}
    taken.amount(found, "loss", "limit", "loss_limit")
    _closes_and_locks(taken)
    return found


def _daily_realized_profit(taken: Taken) -> Values:
    found: Values = {}
    taken.amount(found, "target", "target", "limit", "profit_target")
    _closes_and_locks(taken)
    return found


def _closes_and_locks(taken: Taken) -> None:
    """Its words for what these rules do, and for how long."""
    until = taken.take("lockout_until_reset", "lockout_until")
    if until is not None and until.text().lower() not in ("true", "daily_reset", "until_reset", "reset"):
        taken.lose(f"lockout until {until.text()}: the lock ends with the reset here")
    for name in ("enforcement", "action"):
        taken.says(name, CLOSES_AND_LOCKS, "close_all_and_lockout")
    taken.ignored(CLOSES_AND_LOCKS, "close_all")


def _daily_unrealized_loss(taken: Taken) -> Values:
    found: Values = {}
    taken.amount(found, "loss", "limit", "loss_limit")
    _scope(taken, found)
    return found


def _max_unrealized_profit(taken: Taken) -> Values:
    found: Values = {}
    taken.amount(found, "profit", "limit", "profit_target")
    mode = taken.take("mode")
    if mode is not None:
        taken.put(found, "fires_at", mode, mode.text().lower())
    if found.get("fires_at") == "breakeven":
        taken.note("breakeven acts once a position was arm_at ahead, for at the entry it would close everything at once")
    _scope(taken, found)
    return found


def _scope(taken: Taken, found: Values) -> None:
    """The whole account, or each position; CLOSE_POSITION says the latter without the word."""
    scope = taken.take("scope")
    if scope is not None:
        taken.put(found, "scope", scope, scope.text().lower())
    taken.number(found, "max_quote_age_seconds", "max_quote_age_seconds")
    action = taken.given.get("action")
    if action is not None and action.text().lower() == "close_position":
        taken.given.pop("action")
        found.setdefault("scope", "per_position")
        taken.note("action CLOSE_POSITION: each position for itself")
    lockout = taken.flag("lockout")
    if lockout is not None and lockout != (found.get("scope", "total") == "total"):
        taken.lose(f"lockout {str(lockout).lower()}: the whole account's limit locks until the reset here, a position's does not")
    _closes_and_locks(taken)


def _trade_frequency_limit(taken: Taken) -> Values:
    found: Values = {}
    limits = taken.table("limits")
    if limits is not None:
        for name in ("per_minute", "per_hour", "per_session"):
            limits.number(found, name, name)
        taken.places |= limits.places
        limits.rest()
    pauses = taken.table("cooldown_on_breach")
    if pauses is not None:
        if pauses.flag("enabled") is False:
            found["mode"] = "alert"
            taken.note("no cool-down: it only tells")
        for theirs, ours in COOLDOWNS.items():
            pauses.number(found, ours, theirs)
        taken.places |= pauses.places
        pauses.rest()
    _simple_frequency(taken, found)
    return found


def _simple_frequency(taken: Taken, found: Values) -> None:
    """So many trades in so many minutes: a minute or an hour has a limit of its own here, another length has not."""
    most, window = taken.take("max_trades"), taken.take("time_window_minutes")
    if most is None:
        return
    minutes = 60 if window is None else window.number()
    if minutes not in (1, 60):
        taken.lose(f"{most.number()} trades in {minutes} minutes: limits are per minute, per hour and per trading day here")
        return
    ours = "per_hour" if minutes == 60 else "per_minute"
    found |= {name: NO_LIMIT for name in ("per_minute", "per_hour", "per_session") if name not in found}
    taken.put(found, ours, most, most.number())
    taken.note(f"max_trades: {ours} alone; the other two limits are out of reach")


COOLDOWNS = {
    "per_minute_breach": "minute_cooldown_seconds",
    "per_hour_breach": "hour_cooldown_seconds",
    "per_session_breach": "session_cooldown_seconds",
}
"""The document's words for the rests after each limit."""


def _cooldown_after_loss(taken: Taken) -> Values:
    found: Values = {}
    entry = taken.take("loss_thresholds")
    rows = []
    for row in [] if entry is None else entry.rows():
        inner = Taken(taken.rule, row.table(), taken.words)
        values: Values = {}
        inner.amount(values, "loss", "loss_amount", "loss")
        inner.number(values, "cooldown_seconds", "cooldown_duration", "cooldown_seconds")
        inner.rest()
        rows.append(values)
    simple: Values = {}
    taken.amount(simple, "loss", "loss_threshold")
    taken.number(simple, "cooldown_seconds", "cooldown_seconds")
    if "loss" in simple:
        rows.append({"cooldown_seconds": 300, **simple})
    taken.put(found, "loss_thresholds", entry, sorted(rows, key=lambda row: row.get("loss", 0)))
    if rows:
        found["loss_thresholds"] = sorted(rows, key=lambda row: row.get("loss", 0))
    return found


def _no_stop_loss_grace(taken: Taken) -> Values:
    found: Values = {}
    taken.number(found, "grace_period_seconds", "grace_period_seconds")
    first = "the planned stop is put first, and the position closed only without one (attach_planned_stop)"
    for name in ("action", "enforcement"):
        taken.says(name, first, "close_position")
    return found


def _auth_loss_guard(taken: Taken) -> Values:
    found: Values = {}
    taken.put_flag(found, "auto_unlock_on_restore")
    taken.ignored("every look checks it", "check_on_startup", "check_interval_seconds")
    taken.note("nothing can be closed without the right to trade: it tells and locks (close_positions)")
    return found


def _symbol_blocks(taken: Taken) -> Values:
    found: Values = {"blocked_symbols": []}
    symbols = taken.take("blocked_symbols")
    if symbols is not None:
        named = [row.text() for row in symbols.rows()]
        taken.put(found, "blocked_symbols", symbols, named)
        same = [f"{name} is {canonical(name)}" for name in named if canonical(name) != name.upper()]
        taken.note(f"blocked_symbols: roots, all their expiries and venue names in{''.join(f'; {text}' for text in same)}")
    taken.put_flag(found, "close_existing")
    word = taken.word("action", "enforcement")
    if word == "cancel_order":
        found.setdefault("close_existing", False)
        taken.note("action CANCEL_ORDER: entries are cancelled, what is held stays (close_existing)")
    elif word not in ("", "close_and_lockout_symbol", "close_position"):
        taken.lose(f"action {word}: entries are cancelled, what is held is closed, and the symbol is locked here")
    return found


def _trade_management(taken: Taken) -> Values:
    found: Values = {}
    for name, keys in _PARTS.items():
        entry = taken.take(name)
        if entry is None:
            continue
        if not entry.is_table:
            taken.put(found, name, entry, {"enabled": entry.flag()})
            continue
        part: Values = {}
        inner = Taken(taken.rule, entry.table(), taken.words)
        inner.put_flag(part, "enabled")
        for key in keys:
            inner.number(part, key, key)
        inner.ignored("at most one change in 10 s here", "update_frequency")
        inner.rest()
        taken.put(found, name, entry, part)
    ticks: Values = {}
    if taken.number(ticks, "stop_loss_ticks", "stop_loss_ticks") is not None:
        found["auto_stop_loss"] = {"enabled": True, **found.get("auto_stop_loss", {}), **ticks}
    return found


_PARTS = {
    "auto_breakeven": ("profit_trigger_ticks", "offset_ticks"),
    "trailing_stop": ("activation_ticks", "trail_distance_ticks"),
    "auto_stop_loss": ("stop_loss_ticks",),
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
    "session_block_outside": session_block_outside,
    "symbol_blocks": _symbol_blocks,
    "trade_frequency_limit": _trade_frequency_limit,
    "trade_management": _trade_management,
}
"""By the name that the document gives the rule; ours is the same."""
