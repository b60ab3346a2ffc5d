"""The command line as a user meets it: verdicts as exit codes, data on stdout, the rest on stderr."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from market_analysis.cli.app import app
from market_analysis.cli.boundary import internal_error, run
from market_analysis.errors import EXIT_AUTHENTICATION, EXIT_CONFIGURATION, EXIT_CRITICAL, EXIT_INTERNAL, EXIT_USAGE


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("BYBIT_", "RISK_MANAGER_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


def call(*arguments: str) -> int:
    return run(app, arguments)


def test_help_leads_with_examples_and_exits_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--help") == 0
    out = capsys.readouterr().out
    assert "risk-manager --demo" in out
    assert "Exit status: 0 ok" in out


@pytest.mark.parametrize(
    "name",
    ["init", "doctor", "levels", "stops", "size", "sizing", "what-if", "stress", "explain", "backtest", "evaluate", "exchange"],
)
def test_every_command_has_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(name, "--help") == 0
    assert f"risk-manager {name}" in capsys.readouterr().out


def test_without_a_key_the_exit_is_five_and_both_ways_on_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert call() == EXIT_AUTHENTICATION
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "--demo" in captured.err
    assert "init" in captured.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--bogus",),
        ("no-such-command",),
        ("--interval", "abc"),
        ("what-if", "BTC"),
        ("size", "BTC"),
        ("sizing", "BTC", "--signal", "2"),
    ],
)
def test_wrong_usage_exits_64(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*arguments) == EXIT_USAGE
    assert "risk-manager:" in capsys.readouterr().err


def test_an_error_is_json_when_json_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--json") == EXIT_AUTHENTICATION
    body = json.loads(capsys.readouterr().out)
    assert body["error"] == "authentication"
    assert body["exit_status"] == EXIT_AUTHENTICATION


def test_wrong_settings_exit_four_with_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    Path("settings.toml").write_text("[risk]\nequity_risk_frac = 7\n")
    assert call("config", "validate") == EXIT_CONFIGURATION
    assert "settings.toml:2: risk.equity_risk_frac = 7" in capsys.readouterr().err
    assert call("--config", "other.toml", "config", "validate") == EXIT_CONFIGURATION
    assert "other.toml does not exist" in capsys.readouterr().err


def test_config_show_tells_origins_and_hides_secrets(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("BYBIT_API_SECRET", "canary-secret")
    monkeypatch.setenv("RISK_MANAGER__SEED", "9")
    assert call("config", "show", "--json") == 0
    out = capsys.readouterr().out
    body = json.loads(out)
    assert body["settings"]["seed"] == {"value": 9, "origin": "environment RISK_MANAGER__SEED"}
    assert body["secrets"] == {"BYBIT_API_KEY": "not set", "BYBIT_API_SECRET": "set"}
    assert "canary" not in out
    assert call("config", "show") == 0
    assert "canary" not in capsys.readouterr().out


def test_an_internal_error_names_its_kind_but_no_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert internal_error(RuntimeError("canary-secret"), ()) == EXIT_INTERNAL
    err = capsys.readouterr().err
    assert "RuntimeError" in err
    assert "canary" not in err


def test_init_writes_settings_and_a_private_env(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    answers = iter([0.004, 5.0, 0.04, 0.02, "key-1", "secret-1"])
    monkeypatch.setattr("typer.prompt", lambda *_, **__: next(answers))
    assert call("init") == 0
    out = capsys.readouterr().out
    assert "5 percent is 0.05" in out
    assert "secret-1" not in out
    assert stat.S_IMODE(Path(".env").stat().st_mode) == 0o600
    assert Path(".env").read_text() == "BYBIT_API_KEY=key-1\nBYBIT_API_SECRET=secret-1\n"
    assert call("config", "validate") == 0
    assert call("init") == EXIT_USAGE
    assert "--overwrite" in capsys.readouterr().err


def test_a_wrong_rule_is_found_by_validate_not_by_the_guard_at_night(capsys: pytest.CaptureFixture[str]) -> None:
    Path("settings.toml").write_text('[accounts.main.rules.max_contracts]\nlimit = "five"\n')
    assert call("config", "validate") == EXIT_CONFIGURATION
    assert "accounts.main.rules.max_contracts.limit is 'five'" in capsys.readouterr().err
    Path("settings.toml").write_text("[accounts.main.rules.max_contract]\nlimit = 5\n")
    assert call("config", "validate") == EXIT_CONFIGURATION
    assert "there is no rule 'max_contract'" in capsys.readouterr().err


def test_init_without_questions_leaves_an_env_alone(capsys: pytest.CaptureFixture[str]) -> None:
    Path(".env").write_text("BYBIT_API_KEY=mine\n")
    assert call("init", "--yes") == 0
    assert Path(".env").read_text() == "BYBIT_API_KEY=mine\n"
    assert call("config", "validate") == 0


def test_the_demo_reports_exits_by_its_verdict_and_writes_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--demo") == EXIT_CRITICAL
    captured = capsys.readouterr()
    assert captured.out.startswith("ROOM ")
    assert "NAKED 1" in captured.out
    document = json.loads(Path("risk_analysis.json").read_text())
    assert document["verdict"] == "CRITICAL"
    assert len(document["positions"]) == 7
    assert "canary" not in captured.err


def test_common_options_count_on_both_sides_of_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--demo", "levels", "BTCUSDT", "--json") == 0
    before = json.loads(capsys.readouterr().out)
    assert call("levels", "BTCUSDT", "--json", "--demo") == 0
    assert json.loads(capsys.readouterr().out) == before
    assert before["symbol"] == "BTCUSDT"


def test_exit_zero_maps_warnings_and_criticals_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--demo", "--exit-zero", "--json", "--output", "elsewhere.json") == 0
    printed = capsys.readouterr().out
    assert json.loads(printed) == json.loads(Path("elsewhere.json").read_text())
    assert call("--exit-zero") == EXIT_AUTHENTICATION


def test_an_output_that_cannot_be_written_warns_and_keeps_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--demo", "--output", "no/such/place.json") == EXIT_CRITICAL
    captured = capsys.readouterr()
    assert captured.out.startswith("ROOM ")
    assert "cannot write" in captured.err


def test_monitor_prints_one_object_a_line_and_ends_with_the_last_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--demo", "--monitor", "--interval", "0.2", "--iterations", "2", "--json") == EXIT_CRITICAL
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert json.loads(lines[0])["as_of"] < json.loads(lines[1])["as_of"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_monitor_cleanly_with_zero(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "market_analysis", "--demo", "--monitor", "--interval", "0.2", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.send_signal(number)
        rest, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert b"Traceback" not in errors
    assert all(json.loads(line) for line in rest.splitlines())


def test_a_reader_that_goes_away_is_no_error() -> None:
    shell = f"{sys.executable} -m market_analysis config show | head -1; exit ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("what-if", "SOLUSDT", "--notional", "3000", "--stop", "200"), "verdict CRITICAL"),
        (("explain", "DOGE"), "naked_position"),
        (("stress", "--move", "BTC=-0.3"), "FTX fails"),
        (("stops", "ETHUSDT"), "support_resistance"),
        (("doctor",), "read-only"),
        (("size", "BTCUSDT", "--side", "long", "--stop", "70000"), "at the stop, fees and slippage in"),
        (("sizing", "XRP", "--side", "sell", "--alone"), "XRPUSDT short as if nothing were held: APPROVED"),
    ],
)
def test_commands_on_the_demo(arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*arguments, "--demo", "--exit-zero") == 0
    assert said in capsys.readouterr().out


def test_a_size_that_does_not_fit_is_refused_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("size", "BTCUSDT", "--side", "long", "--stop", "90000", "--demo") == 1
    assert "stop_wrong_side" in capsys.readouterr().out


def test_a_sizing_is_refused_with_all_its_reasons_and_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("sizing", "BTC", "--side", "buy", "--signal", ".8", "--stop-pct", "3", "--demo", "--json") == 1
    body = json.loads(capsys.readouterr().out)
    result = body["result"]
    assert (result["approved"], result["quantity"], result["stop"]["source"]) == (False, "0", "yours")
    assert {"no_room_portfolio_risk", "no_room_cluster_risk"} <= {refusal["code"] for refusal in result["refusals"]}
    assert [method["name"] for method in result["methods"]] == ["volatility", "kelly", "equal_risk"]


def test_a_record_of_closed_trades_is_stated_whole_or_not_at_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("sizing", "BTC", "--closed-trades", "200", "--demo") == EXIT_USAGE
    assert "--payoff together" in capsys.readouterr().err
    record = ("--closed-trades", "240", "--win-rate", "0.55", "--payoff", "1.8")
    assert call("sizing", "ETH", "--side", "short", *record, "--alone", "--demo") == 0
    assert "240 closed trades (stated by you)" in capsys.readouterr().out


def test_init_makes_the_directory_that_it_was_given() -> None:
    assert call("init", "--yes", "--directory", "deep/er") == 0
    assert Path("deep/er/settings.toml").is_file()
