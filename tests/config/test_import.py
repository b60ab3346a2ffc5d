"""Document 002's YAML as settings: every shape of its twelve rules, what is lost is said, the result loads."""

from __future__ import annotations

import json
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import tomli
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.cli.app import app
from market_analysis.cli.boundary import run
from market_analysis.config import load
from market_analysis.config_import import Imported, as_toml, import_yaml
from market_analysis.config_import_rules import CONVERTERS
from market_analysis.desk.guard_policy import policy_of
from market_analysis.errors import SettingsError
from market_analysis.rules.book import Enforcement
from market_analysis.rules.daily_realized_loss import DailyRealizedLoss
from market_analysis.rules.max_contracts import CountType, MaxContracts
from market_analysis.rules.registry import rules
from market_analysis.rules.session_block_outside import SessionBlockOutside
from market_analysis.settings import AccountSettings

KEYS = [
    *("enabled", "limit", "limits", "sessions", "per_instrument_sessions", "global_session", "start", "end", "timezone", "days"),
    *("auto_breakeven", "trailing_stop", "stop_loss_ticks", "cooldown_on_breach", "per_hour", "blocked_symbols", "action"),
]

DOCUMENT = """\
# config/accounts.yaml
topstepx:
  username: "your_username"
  api_key: "your_api_key"
monitored_account:
  account_id: 123

# config/risk_config.yaml
max_contracts:
  enabled: true
  limit: 5
  count_type: "net"
  close_all: true
daily_realized_loss:
  enabled: true
  limit: -500
  reset_time: "17:00"
  timezone: "America/New_York"
"""


def imported_of(text: str) -> Imported:
    return import_yaml((text, "x"))


def notes_of(imported: Imported) -> list[str]:
    return [f"{note.rule}: {note.text}" for note in imported.notes]


def test_the_documents_whole_example_loads_and_says_the_same(tmp_path: Path) -> None:
    imported = imported_of(DOCUMENT)
    assert imported.lost == (
        "x, line 2: topstepx: keys belong into .env, under names that key_env and secret_env give",
        "x, line 5: monitored_account: keys belong into .env, under names that key_env and secret_env give",
    )
    assert notes_of(imported) == [
        "max_contracts: close_all true: enforcement = close",
        "daily_realized_loss: limit -500 is a loss of 500",
        ": the document's reset; Topstep's own is 17:00 in Chicago, an hour later: see `rules presets topstep-combine`",
    ]
    (tmp_path / "settings.toml").write_text(as_toml(imported, "main"))
    account = load(directory=tmp_path, environment={}).settings.accounts["main"]
    assert (f"{account.reset_time:%H:%M}", account.reset_zone) == ("17:00", "America/New_York")
    policy = policy_of("main", account, enforces=True)
    assert {active.rule.name: (active.mode.value, active.parameters) for active in policy.rules} == {
        "max_contracts": (
            "enforce",
            MaxContracts(limit=Decimal(5), count_type=CountType.NET, enforcement=Enforcement.CLOSE, lockout_on_breach=False),
        ),
        "daily_realized_loss": ("enforce", DailyRealizedLoss(loss=Decimal(500))),
    }


@pytest.mark.parametrize(
    ("name", "yaml", "expected"),
    [
        ("max_contracts", "{limit: 3, reduce_to_limit: true, close_all: false}", {"limit": 3, "enforcement": "reduce"}),
        ("max_contracts", "{max_contracts: 3, enabled: false}", {"mode": "off", "limit": 3, "enforcement": "close"}),
        ("max_contracts", "{limit: 3, close_all: false}", {"enforcement": "alert"}),
        (
            "max_contracts_per_instrument",
            '{limits: {MNQ: 2}, enforcement: reduce_to_limit, unknown_symbol_action: "allow_with_limit:1"}',
            {"limits": {"MNQ": 2}, "enforcement": "reduce", "unknown_symbol_action": "allow_with_limit", "unknown_symbol_limit": 1},
        ),
        (
            "max_contracts_per_instrument",
            "{instrument_limits: {ES: 1}, default_limit: 2, enforcement: close_all}",
            {"limits": {"ES": 1}, "enforcement": "close", "unknown_symbol_action": "allow_with_limit", "unknown_symbol_limit": 2},
        ),
        ("max_contracts_per_instrument", "{limits: {ES: 1}, unknown_symbol_action: block}", {"unknown_symbol_action": "block"}),
        ("daily_realized_loss", "{loss_limit: 500.0, action: CLOSE_ALL_AND_LOCKOUT, lockout_until: daily_reset}", {"loss": 500.0}),
        ("daily_realized_profit", "{target: 1000}", {"target": 1000}),
        ("daily_unrealized_loss", "{limit: -300, enforcement: close_all_and_lockout}", {"loss": 300}),
        (
            "daily_unrealized_loss",
            "{loss_limit: 300, action: CLOSE_POSITION, lockout: false, max_quote_age_seconds: 10}",
            {"loss": 300, "scope": "per_position", "max_quote_age_seconds": 10},
        ),
        (
            "max_unrealized_profit",
            "{mode: breakeven, profit_target: 200, scope: per_position}",
            {"fires_at": "breakeven", "profit": 200},
        ),
        (
            "trade_frequency_limit",
            "{limits: {per_minute: 3, per_hour: 10}, cooldown_on_breach: {enabled: true, per_minute_breach: 60,"
            " per_session_breach: 9}}",
            {"per_minute": 3, "per_hour": 10, "minute_cooldown_seconds": 60, "session_cooldown_seconds": 9},
        ),
        (
            "trade_frequency_limit",
            "{max_trades: 30, time_window_minutes: 60}",
            {"per_hour": 30, "per_minute": 1_000_000, "per_session": 1_000_000},
        ),
        (
            "trade_frequency_limit",
            "{limits: {per_hour: 9}, cooldown_on_breach: {enabled: false}}",
            {"mode": "alert", "per_hour": 9},
        ),
        (
            "cooldown_after_loss",
            "{loss_thresholds: [{loss_amount: -200, cooldown_duration: 900}, {loss_amount: -100, cooldown_duration: 300}]}",
            {"loss_thresholds": [{"loss": 100, "cooldown_seconds": 300}, {"loss": 200, "cooldown_seconds": 900}]},
        ),
        ("cooldown_after_loss", "{loss_threshold: 100}", {"loss_thresholds": [{"loss": 100, "cooldown_seconds": 300}]}),
        ("no_stop_loss_grace", "{grace_period_seconds: 10, action: CLOSE_POSITION}", {"grace_period_seconds": 10}),
        (
            "session_block_outside",
            "{global_session: {enabled: true, start: 09:30, end: 16:00, timezone: America/New_York},"
            " per_instrument_sessions: {enabled: true, sessions: {ES: {start: '18:00', end: '17:00', tz: America/Chicago}}}}",
            {
                "global_session": {"start": "09:30", "end": "16:00", "timezone": "America/New_York"},
                "sessions": {"ES": {"start": "18:00", "end": "17:00", "timezone": "America/Chicago", "days": [6, 0, 1, 2, 3]}},
            },
        ),
        (
            "session_block_outside",
            "{allowed_hours: {start: '08:30', end: '15:00', timezone: America/Chicago}, action: CANCEL_ORDER}",
            {
                "global_session": {"start": "08:30", "end": "15:00", "timezone": "America/Chicago"},
                "close_positions_at_session_end": False,
            },
        ),
        (
            "session_block_outside",
            "{global_session: {enabled: false}, per_instrument_sessions: {sessions: {NQ: {enabled: false},"
            " ES: {start: 9:30, end: 16:00:30, timezone: America/New_York, days: [0, 1]}}}, enforcement: close_immediately}",
            {
                "mode": "enforce",
                "global_session": {"start": "00:00", "end": "00:00", "timezone": "UTC", "days": [0, 1, 2, 3, 4, 5, 6]},
                "sessions": {"ES": {"start": "09:30", "end": "16:00:30", "timezone": "America/New_York", "days": [0, 1]}},
            },
        ),
        ("session_block_outside", "{global_session: {enabled: false, start: '09:30'}}", {"mode": "off"}),
        ("auth_loss_guard", "{check_on_startup: true, auto_unlock_on_restore: false}", {"auto_unlock_on_restore": False}),
        (
            "symbol_blocks",
            "{blocked_symbols: [BTC, NO], action: CANCEL_ORDER}",
            {"blocked_symbols": ["BTC", "NO"], "close_existing": False},
        ),
        ("symbol_blocks", "{blocked_symbols: ep, action: close_and_lockout_symbol}", {"blocked_symbols": ["ep"]}),
        (
            "trade_management",
            "{auto_breakeven: {enabled: true, profit_trigger_ticks: 8}, trailing_stop: {enabled: true, update_frequency: 1},"
            " auto_stop_loss: true, stop_loss_ticks: 12}",
            {
                "auto_breakeven": {"enabled": True, "profit_trigger_ticks": 8},
                "trailing_stop": {"enabled": True},
                "auto_stop_loss": {"enabled": True, "stop_loss_ticks": 12},
            },
        ),
    ],
)
def test_every_shape_of_a_rule(name: str, yaml: str, expected: dict[str, Any], tmp_path: Path) -> None:
    imported = imported_of(f"rules:\n  {name}: {yaml}\n")
    found = imported.account["rules"][name]
    assert {key: found[key] for key in expected} == expected
    assert imported.lost == ()
    (tmp_path / "settings.toml").write_text(as_toml(imported, "main"))
    policy_of("main", load(directory=tmp_path, environment={}).settings.accounts["main"], enforces=False)


def test_a_converter_for_each_of_the_twelve_and_no_other() -> None:
    assert set(CONVERTERS) <= set(rules())
    assert len(CONVERTERS) == 13


def test_what_has_no_place_is_said() -> None:
    imported = imported_of(
        """\
global: {strict_mode: true, logging_level: INFO, colour: 1}
accounts: [{api_key: secret-word}]
daily_reset: {time: 17:00, timezone: America/Chicago}
news_filter: {enabled: true}
max_contract: {limit: 5}
max_contracts: {limit: 5, colour: red}
daily_realized_loss: {limit: 500, reset_time: "18:00", lockout_until: permanent, enforcement: alert_only}
daily_unrealized_loss: {limit: 5, lockout: false}
trade_frequency_limit: {max_trades: 3, time_window_minutes: 7}
trade_management: {auto_breakeven: {enabled: true, magic: 1}}
symbol_blocks: {blocked_symbols: [ES], action: pray}
advanced: {check_interval: 10, session_close_grace: 60}
auth_loss_guard:
"""
    )
    assert imported.account["reset_time"] == "17:00"
    assert sorted(imported.lost) == [
        "advanced: session_close_grace 60: nothing waits after a session's end; warn_minutes tells before it",
        "daily_realized_loss: enforcement alert_only: it closes everything and locks until the reset here",
        "daily_realized_loss: lockout until permanent: the lock ends with the reset here",
        "daily_reset: the rules' own reset_time 18:00: daily_reset's, 17:00, counts",
        "daily_unrealized_loss: lockout false: the whole account's limit locks until the reset here, a position's does not",
        "global: strict_mode: no rule locks for ever here, but max_drawdown until an administrator ends it",
        "symbol_blocks: action pray: entries are cancelled, what is held is closed, and the symbol is locked here",
        "trade_frequency_limit: 3 trades in 7 minutes: limits are per minute, per hour and per trading day here",
        "x, line 10: trade_management.auto_breakeven.magic",
        "x, line 13: auth_loss_guard: empty",
        "x, line 1: global.colour",
        "x, line 2: accounts: keys belong into .env, under names that key_env and secret_env give",
        "x, line 4: news_filter: no rule of that name",
        "x, line 5: max_contract: no rule of that name; did you mean max_contracts?",
        "x, line 6: max_contracts.colour",
    ]
    assert "secret-word" not in repr(imported)
    assert all(f"# NOT CARRIED OVER: {item}\n" in as_toml(imported, "main") for item in imported.lost)


RULES = """\
rules:
  session_block_outside: {respect_holidays: true}
  trade_frequency_limit: {limits: {per_minute: 3}, cooldown_on_breach: {per_minute_breach: 90}}
  daily_realized_loss: {limit: -500}
"""
TIMERS = """\
daily_reset: {time: 17:00, timezone: America/Chicago, enabled: true}
lockout_durations:
  hard_lockout: {daily_realized_loss: until_reset, session_block_outside: until_session_start, auth_loss_guard: 5m}
  timer_cooldown:
    trade_frequency: {per_minute_breach: 60s, per_hour_breach: 30m, per_session_breach: 1h}
    cooldown_after_loss: 15m
session_hours: {start: 08:30, end: 15:00, timezone: America/Chicago, allowed_days: [0, 1, 2, 3, 4]}
holidays:
  dates: {2025: [2025-12-25], 2026: ["2026-01-01", 2026-07-03]}
  early_close: [{date: 2026-11-27, time: 12:15}, 2026-12-24]
"""


def test_rules_timers_and_holidays_of_three_files_are_one_account(tmp_path: Path) -> None:
    imported = import_yaml((RULES, "risk.yaml"), (TIMERS, "timers.yaml"))
    assert imported.account["rules"]["session_block_outside"] == {
        "mode": "enforce",
        "respect_holidays": True,
        "global_session": {"start": "08:30", "end": "15:00", "timezone": "America/Chicago", "days": [0, 1, 2, 3, 4]},
        "holidays": ["2025-12-25", "2026-01-01", "2026-07-03"],
        "early_closes": {"2026-11-27": "12:15"},
    }
    assert imported.account["rules"]["trade_frequency_limit"] == {
        "mode": "enforce",
        "per_minute": 3,
        "minute_cooldown_seconds": 90,
        "hour_cooldown_seconds": 1800,
        "session_cooldown_seconds": 3600,
    }
    assert imported.lost == (
        "lockout_durations: hard_lockout.auth_loss_guard 5m: its lock ends as `rules explain auth_loss_guard` says",
        "lockout_durations: lockout_durations.timer_cooldown.trade_frequency.per_minute_breach 60s: the rule's own 90 s counts",
        "lockout_durations: lockout_durations.timer_cooldown.cooldown_after_loss 15m: each loss has its own rest in"
        " cooldown_after_loss.loss_thresholds",
        "session_block_outside: early close of 2026-12-24: at what time is not said",
    )
    (tmp_path / "settings.toml").write_text(as_toml(imported, "main"))
    account = load(directory=tmp_path, environment={}).settings.accounts["main"]
    assert (account.reset_time, account.reset_zone) == (time(17), "America/Chicago")
    (hours,) = [item.parameters for item in policy_of("main", account, enforces=False).rules if "session" in item.rule.name]
    assert isinstance(hours, SessionBlockOutside)
    assert hours.holidays == {date(2025, 12, 25), date(2026, 1, 1), date(2026, 7, 3)}
    assert hours.early_closes == {date(2026, 11, 27): time(12, 15)}


def test_holidays_alone_and_hours_without_their_rule() -> None:
    imported = import_yaml((RULES, "risk.yaml"), ("holidays: [2026-01-01]\nearly_close: {2026-11-27: 12:15}\n", "holidays.yaml"))
    rule = imported.account["rules"]["session_block_outside"]
    assert (rule["holidays"], rule["early_closes"]) == (["2026-01-01"], {"2026-11-27": "12:15"})
    bare = import_yaml(("max_contracts: {limit: 1}\n", "risk.yaml"), (TIMERS, "timers.yaml"))
    assert [item for item in bare.lost if "session_block_outside in these files" in item] == [
        "timers.yaml, line 7: session_hours: there is no session_block_outside in these files",
        "timers.yaml, line 8: holidays: there is no session_block_outside in these files",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [1\nb: 2\n", "x, line 2: expected"),
        ("", "a table of rules is wanted"),
        ("- 1\n", "a table of rules is wanted"),
        ("news: {}\n", "none of its keys is a rule"),
        ("a: \x00\n", "x: special characters are not allowed"),
        ("[" * 2000, "x: too deeply nested"),
        ("a: " + "b" * 200_001, "longer than"),
        ("max_contracts: !!python/object/apply:os.system ['true']\n", "x, line 1: max_contracts has the tag"),
        ("max_contracts:\n  limit: !!python/name:os.system\n", "x, line 2: max_contracts.limit has the tag"),
        ("a: &a [1]\nb: *a\n", "x, line 2: an alias is not read here"),
        ("max_contracts: {limit: 5}\nmax_contracts: {limit: 6}\n", "x, line 2: max_contracts is given twice"),
        (
            "max_contracts: {limit: 5}\nrules: {max_contracts: {limit: 6}}\n",
            "x, line 2: max_contracts was given at x, line 1 already",
        ),
        ("? [a]\n: 1\n", "x, line 1: a key that is no word"),
        ("max_contracts:\n  limit: five\n", "x, line 2: max_contracts.limit is 'five'; a number is meant"),
        ("max_contracts:\n  limit: .inf\n", "max_contracts.limit is '.inf'; a number is meant"),
        ("max_contracts:\n  limit: 0\n", "x, line 2: max_contracts.limit .limit.: Input should be greater than 0"),
        ("max_contracts:\n  close_all: 3\n", "max_contracts.close_all is '3'; true or false is meant"),
        (
            "max_contracts:\n  count_type: both\n",
            "x, line 2: max_contracts.count_type .count_type.: Input should be 'net' or 'gross'",
        ),
        ("max_contracts: 5\n", "x, line 1: max_contracts is '5'; a table of keys is meant"),
        ("max_contracts_per_instrument: {limits: 5}\n", "limits is '5'; a table of keys is meant"),
        ("max_contracts_per_instrument: {limits: {ES: [1]}}\n", "limits.ES is a list; a number is meant"),
        ("cooldown_after_loss: {loss_thresholds: [3]}\n", r"loss_thresholds\[0\] is '3'; a table of keys is meant"),
        ("cooldown_after_loss:\n  loss_thresholds: [{loss_amount: 5}]\n", "line 2: .*cooldown_seconds.: Field required"),
        ("trade_frequency_limit: {limits: 7}\n", "limits is '7'; a table of keys is meant"),
        ("trade_frequency_limit:\n  limits:\n    per_hour: 0\n", "x, line 3: trade_frequency_limit.limits.per_hour"),
        ("session_block_outside: {per_instrument_sessions: {sessions: [1]}}\n", "sessions is a list; a table of keys is meant"),
        ("session_block_outside: {global_session: {start: '25:00'}}\n", "start is '25:00'; a time of day like 17:00 is meant"),
        ("session_block_outside: {}\nholidays: [soon]\n", r"x, line 2: holidays\[0\] is 'soon'; a date like 2026-12-25 is meant"),
        ("session_block_outside: {}\nearly_close: [{date: 2026-11-27}]\n", "is a table; a table of date and time is meant"),
        ("symbol_blocks: {blocked_symbols: {ES: 1}}\n", "blocked_symbols is a table; a list is meant"),
        ("symbol_blocks: {blocked_symbols: [[]]}\n", "is a list; a word is meant"),
        ("daily_realized_loss:\n  limit: 5\n  timezone: Mars\n", "x, line 3: daily_realized_loss.timezone: reset_zone is 'Mars'"),
        ("daily_reset: 5\nmax_contracts: {limit: 5}\n", "x, line 1: daily_reset is '5'; a table of keys is meant"),
        (
            "trade_frequency_limit: {}\nlockout_durations: {timer_cooldown: {trade_frequency: {per_hour_breach: soon}}}\n",
            "per_hour_breach is 'soon'; a duration like 60s, 30m or 1h is meant",
        ),
    ],
)
def test_garbage_is_refused_by_line_key_and_fix(text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as refused:
        imported_of(text)
    assert refused.value.remedy


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS), inner),
    )
)
@settings(max_examples=60, deadline=None)
def test_whatever_stands_there_it_is_refused_or_loads(value: Any) -> None:
    """Every rule with any value in it: an error that names itself, or settings that load."""
    for name in ("trade_management", "session_block_outside", "trade_frequency_limit", "symbol_blocks"):
        text = yaml.safe_dump({name: value})
        try:
            imported = imported_of(text)
        except SettingsError:
            continue
        read = tomli.loads(as_toml(imported, "main"))["accounts"]["main"]
        policy_of("main", AccountSettings.model_validate(read), enforces=False)


@pytest.mark.parametrize("symbol", ['B"T\\C', "A\tB", "\x7f", "\u202e", "\U0001f600"])
def test_strings_survive_toml(symbol: str) -> None:
    imported = imported_of(yaml.safe_dump({"symbol_blocks": {"blocked_symbols": [symbol]}}))
    read = tomli.loads(as_toml(imported, "main"))
    assert read["accounts"]["main"]["rules"]["symbol_blocks"]["blocked_symbols"] == [symbol.strip()]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(DOCUMENT)
    bad.write_text("symbol_blocks: {blocked_symbols: ['B\"T\\C'], x: 1}\n")
    assert run(app, ["config", "import", str(good), "--account", "desk"]) == 1
    out, err = capsys.readouterr()
    assert "[accounts.desk.rules.max_contracts]" in out
    assert "not carried over: " in err
    assert "your_api_key" not in out + err
    garbage = tmp_path / "garbage.yaml"
    garbage.write_text("max_contracts:\n  limit: five\n")
    assert run(app, ["config", "import", str(garbage)]) == 4
    assert "garbage.yaml, line 2: max_contracts.limit is 'five'" in capsys.readouterr().err
    extra = tmp_path / "holidays.yaml"
    extra.write_text("max_contracts: {limit: 5}\n")
    assert run(app, ["config", "import", str(good), str(extra)]) == 4
    assert "holidays.yaml, line 1: max_contracts was given at" in capsys.readouterr().err
    assert run(app, ["config", "import", str(bad), "--json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["lost"] == [f"{bad}, line 1: symbol_blocks.x"]
    assert "line 1: symbol_blocks.x" in err
    assert run(app, ["config", "import", str(bad), "--exit-zero"]) == 0
    assert 'blocked_symbols = ["B\\"T\\\\C"]' in capsys.readouterr().out
    assert run(app, ["config", "import", str(tmp_path / "none.yaml")]) == 64
