"""The rest of document 002's files: `timers_config.yaml`, `holidays.yaml`, `accounts.yaml`, and `global`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from market_analysis.config_import_rules import COOLDOWNS
from market_analysis.config_import_sessions import clock, dates, early_closes, hours
from market_analysis.config_import_taken import Taken, Values, Words
from market_analysis.config_import_yaml import Entry

TIMERS = ("daily_reset", "lockout_durations", "session_hours", "holidays", "early_close", "advanced")
ACCOUNTS = ("accounts", "topstepx", "monitored_account")
_LOCKS = {
    "daily_realized_loss": "until_reset",
    "daily_realized_profit": "until_reset",
    "daily_unrealized_loss": "until_reset",
    "max_unrealized_profit": "until_reset",
    "session_block_outside": "until_session_start",
}
"""How long these rules lock here, in the document's words."""
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


def take_timers(tables: Mapping[str, Entry], rules: dict[str, Values], account: Values, words: Words) -> None:
    """Fill in what the rules do not say themselves; what fits no rule of the file is lost."""
    for key in ACCOUNTS:
        if key in tables:
            words.lost.append(f"{tables[key].where}: {key}: keys belong into .env, under names that key_env and secret_env give")
    if "global" in tables:
        _global(Taken("global", tables["global"].table(), words))
    if "daily_reset" in tables:
        _daily_reset(Taken("daily_reset", tables["daily_reset"].table(), words), account)
    if "lockout_durations" in tables:
        _lockouts(Taken("lockout_durations", tables["lockout_durations"].table(), words), rules)
    for key in ("session_hours", "holidays", "early_close"):
        if key in tables:
            _session(key, tables[key], rules, words)
    if "advanced" in tables:
        _advanced(Taken("advanced", tables["advanced"].table(), words))


def _global(taken: Taken) -> None:
    if taken.flag("strict_mode"):
        taken.lose("strict_mode: no rule locks for ever here, but max_drawdown until an administrator ends it")
    taken.ignored("it is no setting here", "logging_level")
    taken.rest()


def _daily_reset(taken: Taken, account: Values) -> None:
    if taken.flag("enabled") is False:
        taken.lose("enabled false: an account's day always ends at its reset")
    at, zone = taken.take("time", "reset_time"), taken.take("timezone")
    own = {} if at is None else {"reset_time": clock(at)}
    own |= {} if zone is None else {"reset_zone": zone.text()}
    for key, value in own.items():
        if account.get(key, value) != value:
            taken.lose(f"the rules' own {key} {account[key]}: daily_reset's, {value}, counts")
        account[key] = value
    taken.rest()


def _lockouts(taken: Taken, rules: dict[str, Values]) -> None:
    hard = taken.table("hard_lockout")
    for rule, entry in [] if hard is None else list(hard.given.items()):
        hard_word = entry.text().lower()
        if _LOCKS.get(rule) == hard_word:
            taken.note(f"{rule} {hard_word}: so it does")
        else:
            taken.lose(f"hard_lockout.{rule} {hard_word}: its lock ends as `rules explain {rule}` says")
    cooldowns = taken.table("timer_cooldown")
    if cooldowns is not None:
        _cooldowns(cooldowns, rules)
    taken.rest()


def _cooldowns(taken: Taken, rules: dict[str, Values]) -> None:
    frequency = taken.table("trade_frequency", "trade_frequency_limit")
    known = rules.get("trade_frequency_limit")
    for theirs, ours in [] if frequency is None else COOLDOWNS.items():
        entry = frequency.take(theirs) if frequency is not None else None
        if entry is None:
            continue
        if known is None:
            taken.lose(f"{entry.key}: there is no trade_frequency_limit in these files")
        elif known.setdefault(ours, seconds(entry)) != seconds(entry):
            taken.lose(f"{entry.key} {entry.text()}: the rule's own {known[ours]} s counts")
    if frequency is not None:
        frequency.rest()
    rest = taken.take("cooldown_after_loss")
    if rest is not None:
        taken.lose(f"{rest.key} {rest.text()}: each loss has its own rest in cooldown_after_loss.loss_thresholds")
    taken.rest()


def _session(key: str, entry: Entry, rules: dict[str, Values], words: Words) -> None:
    """Hours and days of `session_block_outside`, where that rule is in the files and does not say them itself."""
    taken = Taken("session_block_outside", {}, words)
    rule = rules.get("session_block_outside")
    if rule is None:
        words.lost.append(f"{entry.where}: {key}: there is no session_block_outside in these files")
    elif key == "session_hours":
        inner = Taken("session_block_outside", entry.table(), words)
        if "global_session" in rule:
            words.lost.append(f"{entry.where}: {key}: the rule's own global_session counts")
        elif inner.flag("enabled") is not False:
            rule["global_session"] = hours(inner)
    elif key == "early_close":
        rule["early_closes"] = early_closes(entry, taken)
    elif entry.is_table and not all(name.isdigit() for name in entry.table()):
        inner = Taken("session_block_outside", entry.table(), words)
        days, early = inner.take("dates"), inner.take("early_close")
        if days is not None:
            rule["holidays"] = dates(days)
        if early is not None:
            rule["early_closes"] = early_closes(early, taken)
        inner.rest()
    else:
        rule["holidays"] = dates(entry)


def _advanced(taken: Taken) -> None:
    taken.ignored("the guard looks as often as --interval says", "check_interval")
    taken.ignored("every lock ends by itself at its end", "auto_unlock")
    grace = taken.take("session_close_grace")
    if grace is not None:
        taken.lose(f"session_close_grace {grace.text()}: nothing waits after a session's end; warn_minutes tells before it")
    taken.rest()


def seconds(entry: Entry) -> int:
    """`60s`, `30m`, `1h`, or a number of seconds."""
    match = re.fullmatch(r"(\d{1,6})\s*([smh]?)", entry.text().lower())
    if match is None:
        raise entry.wrong("a duration like 60s, 30m or 1h")
    return int(match[1]) * _SECONDS[match[2]]
