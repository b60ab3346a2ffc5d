"""Document 002's YAML as settings: every shape of its twelve rules, what is lost is said, the result loads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from market_analysis.cli.app import app
from market_analysis.cli.boundary import run
from market_analysis.config import load
from market_analysis.config_import import as_toml, import_yaml
from market_analysis.config_import_rules import CONVERTERS, clock
from market_analysis.desk.guard_policy import policy_of
from market_analysis.errors import SettingsError
from market_analysis.rules.registry import rules

DOCUMENT = """
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


def rule(text: str, name: str) -> dict[str, Any]:
    return dict(import_yaml(text, "x").account["rules"][name])


def test_the_documents_own_example_loads_and_says_the_same(tmp_path: Path) -> None:
    imported = import_yaml(DOCUMENT, "risk_config.yaml")
    assert imported.lost == ()
    assert imported.notes == ("daily_realized_loss: -500 is the loss of 500",)
    (tmp_path / "settings.toml").write_text(as_toml(imported, "main"))
    account = load(directory=tmp_path, environment={}).settings.accounts["main"]
    assert (f"{account.reset_time:%H:%M}", account.reset_zone) == ("17:00", "America/New_York")
    policy = policy_of("main", account, enforces=True)
    assert {active.rule.name: active.mode.value for active in policy.rules} == {
        "max_contracts": "enforce",
        "daily_realized_loss": "enforce",
    }


@pytest.mark.parametrize(
    ("name", "yaml", "expected"),
    [
        ("max_contracts", "{limit: 3, reduce_to_limit: true, close_all: false}", {"limit": 3, "enforcement": "reduce"}),
        ("max_contracts", "{max_contracts: 3, enabled: false}", {"mode": "off", "limit": 3, "enforcement": "close"}),
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
        ("trade_frequency_limit", "{max_trades: 30, time_window_minutes: 60}", {"per_hour": 30}),
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
                "sessions": {"ES": {"start": "18:00", "end": "17:00", "timezone": "America/Chicago"}},
            },
        ),
        (
            "session_block_outside",
            "{allowed_hours: {start: '08:30', end: '15:00', timezone: America/Chicago}, action: CANCEL_ORDER}",
            {"global_session": {"start": "08:30", "end": "15:00", "timezone": "America/Chicago"}},
        ),
        ("auth_loss_guard", "{check_on_startup: true, auto_unlock_on_restore: false}", {"auto_unlock_on_restore": False}),
        ("symbol_blocks", "{blocked_symbols: [BTC, ETH], action: CANCEL_ORDER}", {"blocked_symbols": ["BTC", "ETH"]}),
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
    imported = import_yaml(f"rules:\n  {name}: {yaml}\n", "x")
    found = imported.account["rules"][name]
    assert {key: found[key] for key in expected} == expected
    assert imported.lost == ()
    (tmp_path / "settings.toml").write_text(as_toml(imported, "main"))
    policy_of("main", load(directory=tmp_path, environment={}).settings.accounts["main"], enforces=False)


def test_a_converter_for_each_of_the_twelve_and_no_other() -> None:
    assert set(CONVERTERS) <= set(rules())
    assert len(CONVERTERS) == 13


def test_what_has_no_place_is_said() -> None:
    imported = import_yaml(
        """
global: {strict_mode: true}
accounts: [{api_key: secret-word}]
daily_reset: {time: 17:00, timezone: America/Chicago}
news_filter: {enabled: true}
max_contracts: {limit: 5, colour: red}
daily_realized_loss: {limit: lots, reset_time: "18:00", lockout_until: permanent}
daily_unrealized_loss: {limit: 5, lockout: false}
trade_frequency_limit: {max_trades: 3, time_window_minutes: 7}
trade_management: {auto_breakeven: {enabled: true, magic: 1}}
""",
        "x",
    )
    assert imported.account["reset_time"] == "17:00"
    assert sorted(imported.lost) == [
        "accounts: set it by hand; keys belong into .env",
        "daily_realized_loss.limit: 'lots' is no amount",
        "daily_realized_loss: its own reset_time 18:00; the account's 17:00 counts for all rules",
        "daily_realized_loss: the lock lasts until the reset here, not for ever",
        "daily_unrealized_loss.lockout: on the whole account it locks until the reset",
        "global: set it by hand; keys belong into .env",
        "max_contracts.colour",
        "news_filter: no rule of that name, or no table",
        "trade_frequency_limit: 3 trades in 7 minutes; limits are per minute, hour and trading day here",
        "trade_management.auto_breakeven.magic",
    ]
    assert "secret-word" not in repr(imported)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [1\nb: 2\n", "x, line 2"),
        ("", "a table of rules is wanted"),
        ("- 1\n", "a table of rules is wanted"),
        ("news: {}\n", "none of its keys is a rule"),
        ("max_contracts: !!python/object/apply:os.system ['true']\n", "x, line 1"),
    ],
)
def test_what_is_no_configuration_is_refused(text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        import_yaml(text, "x")


def test_times_as_yaml_reads_them() -> None:
    assert (clock(1020), clock("17:00"), clock(True), clock(5000)) == ("17:00", "17:00", True, 5000)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(DOCUMENT)
    bad.write_text("symbol_blocks: {blocked_symbols: ['B\"T\\C'], x: 1}\n")
    assert run(app, ["config", "import", str(good), "--account", "desk"]) == 0
    assert "[accounts.desk.rules.max_contracts]" in capsys.readouterr().out
    assert run(app, ["config", "import", str(bad), "--json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["lost"] == ["symbol_blocks.x"]
    assert "not carried over: symbol_blocks.x" in err
    assert run(app, ["config", "import", str(bad), "--exit-zero"]) == 0
    assert 'blocked_symbols = ["B\\"T\\\\C"]' in capsys.readouterr().out
    assert run(app, ["config", "import", str(tmp_path / "none.yaml")]) == 64
