"""Replay: a journal lived again byte for byte; other limits over closed trades, by hand; tables of several kinds."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from guard_world import Driver, active, held, policy

from market_analysis.cli.app import app
from market_analysis.cli.boundary import run
from market_analysis.config import account_of
from market_analysis.config_sources import toml_source
from market_analysis.desk.guard import CODEC
from market_analysis.desk.replay.again import replay
from market_analysis.desk.replay.history import ClosedTrade, events_of
from market_analysis.desk.replay.trades_csv import read_trades
from market_analysis.domain.event import Started
from market_analysis.errors import DataUnknownError, SettingsError
from market_analysis.guard.hindsight import hindsight
from market_analysis.guard.state import Mode
from market_analysis.guard.step import begin, step
from market_analysis.rules.view import Period
from market_analysis.store import IN_MEMORY, Journal, open_database

D = Decimal
RULES = policy(active("daily_realized_loss", loss=D(500)))


def journaled() -> Journal:
    driver = Driver(RULES)
    driver.trades_known()
    driver.fill("-600", "loss")
    for _ in range(3):
        driver.read(held("2"))
    journal, state = Journal(open_database(IN_MEMORY)), begin(RULES)
    for event in driver.events:
        state, decisions = step(state, event)
        journal.append("main", event.at.isoformat(), CODEC.dumps(event), CODEC.dumps(decisions), "state")
    return journal


def test_the_same_events_under_the_same_rules_decide_the_same() -> None:
    found = replay(journaled().records("main"), RULES)
    assert (found.records, found.difference) == (6, None)
    assert found.state.locks


def test_the_first_record_that_other_rules_decide_otherwise_is_named() -> None:
    found = replay(journaled().records("main"), policy(active("daily_realized_loss", loss=D(700))))
    assert found.difference is not None
    assert (found.records, found.difference.number, found.difference.event) == (2, 3, "FillSeen")
    assert '"LockSet"' in found.difference.written
    assert '"LockSet"' not in found.difference.now


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


TRADES = [
    ClosedTrade(at(2, 10), "BTCUSDT", D(-400), D(2)),
    ClosedTrade(at(2, 11), "BTCUSDT", D(-40), D(2)),
    ClosedTrade(at(3, 11), "ETHUSDT", D(140), D(2)),
    ClosedTrade(at(5, 11), "ETHUSDT", D(-450), D(2)),
    ClosedTrade(at(5, 12), "ETHUSDT", D(90), D(2)),
]


def test_what_limits_would_have_done_by_hand() -> None:
    limits = policy(active("daily_realized_loss", Mode.ALERT, loss=D(400)), enforces=False)
    found = hindsight(events_of(list(reversed(TRADES)), D(30_000), ZoneInfo("UTC"), time(0)), limits)
    # 30,000 - 402 - 42 = 29,556; + 138 = 29,694; a day without a trade; - 452 + 88 = 29,330
    assert [(day.day.day, day.equity, day.change, day.firings) for day in found.days] == [
        (2, D(29_556), D(-444), 1),
        (3, D(29_694), D(138), 0),
        (4, D(29_694), D(0), 0),
        (5, D(29_330), D(-364), 1),
    ]
    assert [(item.at, item.equity, item.until, item.saved) for item in found.firings] == [
        (at(2, 10), D(29_598), at(3, 0), D(42)),  # the second loss would not have been
        (at(5, 11), D(29_242), at(6, 0), D(-88)),  # nor the gain
    ]
    assert found.saved == {"daily_realized_loss": D(-46)}
    assert found.lowest == D(758)  # from 30,000 to 29,242


def test_the_day_is_the_accounts_own_and_its_start_is_known() -> None:
    days = {}
    state = begin(policy())
    for event in events_of(TRADES, D(30_000), ZoneInfo("UTC"), time(0)):
        state, _ = step(state, event)
        assert state.day is not None
        start = state.anchors.period_start.get(Period.DAY)
        days[state.day.day.day] = None if start is None else start.equity
    assert days == {2: D(30_000), 3: D(29_556), 4: D(29_694), 5: D(29_694)}


def test_a_lock_without_an_end_lasts_to_the_end_and_a_rule_without_a_lock_saves_nothing() -> None:
    limits = policy(
        active("max_drawdown", Mode.ALERT, amount=D(400), amount_of="absolute"),
        active("max_loss", Mode.ALERT, loss=D(1)),
        enforces=False,
    )
    found = hindsight(events_of(TRADES, D(30_000), ZoneInfo("UTC"), time(0)), limits)
    assert {(item.rule, item.until) for item in found.firings} == {("max_drawdown", None)}
    first = found.firings[0]
    assert first.saved == D(29_598) - D(29_330)


def test_what_the_guard_saw_and_a_rule_without_a_lock() -> None:
    driver = Driver(policy())
    for mark in ("100", "100", "90"):
        driver.read(held("2", mark=mark, notional=D(200)))
    limits = policy(active("no_stop_loss_grace", Mode.ALERT, grace_period_seconds=0), enforces=False)
    found = hindsight(driver.events, limits)
    assert [(item.rule, item.locks, item.until, item.equity, item.saved) for item in found.firings] == [
        ("no_stop_loss_grace", False, None, D(10_000), None)
    ]
    assert (found.saved, found.lowest) == ({}, D(20))


def test_nothing_happened() -> None:
    found = hindsight(events_of([], D(1), ZoneInfo("UTC"), time(0)), RULES)
    assert (found.first, found.days, found.firings, found.lowest) == (None, (), (), 0)
    only = hindsight([Started(at(2, 1), 0)], RULES)
    assert only.days == ()


BYBIT = """Contracts,Closing Direction,Qty,Entry Price,Exit Price,Closed P&L,Exit Type,Filled/Settlement Time(UTC+0),Create Time
BTCUSDT,Buy,0.1,"71,000.5",70000,"-1,100.25",Trade,2026-03-02 10:00:00,2026-03-02 09:00:00
BTCUSDT,Buy,0.1,"71,000.5",70000,"-1,100.25",Trade,2026-03-02 10:00:00,2026-03-02 09:00:00
"""
MT5 = """Time;Position;Symbol;Type;Volume;Price;S / L;T / P;Time;Price;Commission;Swap;Profit
2026.03.02 08:00:00;1;EURUSD;buy;1;1,08;;;2026.03.02 10:30:00;1,09;-7,00;-1,50;1 000,25
"""
FTMO = """Ticket;Open;Type;Volume;Symbol;Price;SL;TP;Close;Price;Swap;Commissions;Profit;Pips;Trade duration in seconds
1;2026-03-02 08:00:00;buy;1;EURUSD;1.08;0;0;2026-03-02 10:30:00;1.09;-1.5;-7;1000.25;100;9000
"""
PLAIN = "symbol,closed_at,pnl,fees\nES,1772447400000,-12.5,2\nES,2026-03-02T10:30:00+01:00,5,\n\n"


@pytest.mark.parametrize(
    ("text", "kind", "trade"),
    [
        (BYBIT, "Bybit closed P&L", ClosedTrade(at(2, 10), "BTCUSDT", D("-1100.25"), D(0))),
        (MT5, "MT5 history", ClosedTrade(at(2, 9, 30), "EURUSD", D("1000.25"), D("8.5"))),
        (FTMO, "FTMO journal", ClosedTrade(at(2, 9, 30), "EURUSD", D("1000.25"), D("8.5"))),
        (PLAIN, "plain table", ClosedTrade(at(2, 10, 30), "ES", D("-12.5"), D(2))),
    ],
)
def test_tables_of_every_kind(text: str, kind: str, trade: ClosedTrade) -> None:
    zone = None if kind.startswith(("Bybit", "plain")) else ZoneInfo("Europe/Berlin")
    read = read_trades("\ufeff" + text, "x", zone)
    assert (read.kind, read.trades[0]) == (kind, trade)
    assert bool(read.notes) == (kind == "Bybit closed P&L")
    assert len(read.trades) == (2 if kind == "plain table" else 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no rows"),
        ("a,b\n1,2\n", "unknown columns a, b"),
        ("symbol,closed_at,pnl\nES,yesterday,1\n", "x, line 2: 'yesterday' is no time"),
        ("symbol,closed_at,pnl\nES,2026-03-02,much\n", "x, line 2: pnl is 'much', no number"),
        ("symbol,closed_at,pnl\nES,2026-03-02,NaN\n", "x, line 2: pnl is 'NaN', no number"),
        ("symbol,closed_at,pnl\nES,2026-03-02\n", "x, line 2: no pnl"),
        ("symbol;closed_at;pnl\nES;2026-03-02;1,2,3\n", "x, line 2: pnl is"),
    ],
)
def test_what_is_wrong_names_its_line(text: str, words: str) -> None:
    with pytest.raises(DataUnknownError, match=words):
        read_trades(text, "x")


def test_limits_of_a_file_are_an_accounts_its_preset_below_it(tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text('preset = "ftmo-2-step"\n[rules.daily_loss]\namount = 0.04\n')
    top = account_of(toml_source(file), "main")
    assert (top.reset_zone, top.rules["daily_loss"]["amount"], top.rules["daily_loss"]["amount_of"]) == (
        "Europe/Prague",
        0.04,
        "initial",
    )
    file.write_text("[risk]\nequity_risk_frac = 0.004\n[accounts.x]\nreset_zone = 'Asia/Tokyo'\n[accounts.y]\n")
    assert account_of(toml_source(file), "x").reset_zone == "Asia/Tokyo"
    with pytest.raises(SettingsError, match="which account's limits: x, y"):
        account_of(toml_source(file), "main")
    file.write_text("[accounts.x]\nreset_zone = 'Asia/Tokyo'\n")
    assert account_of(toml_source(file), "main").reset_zone == "Asia/Tokyo"
    file.write_text("rest = 3\n")
    with pytest.raises(SettingsError, match=r"limits.toml:1: accounts.main.rest: unknown key; did you mean preset"):
        account_of(toml_source(file), "main")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RISK_MANAGER_STATE_DIR", str(tmp_path / "state"))
    (tmp_path / "limits.toml").write_text("[accounts.x.rules.daily_realized_loss]\nloss = 5\n")
    (tmp_path / "flat.toml").write_text('initial_balance = 30000\n[rules.daily_realized_loss]\nloss = 5\nmode = "enforce"\n')
    (tmp_path / "trades.csv").write_text("symbol,closed_at,pnl\nES,2026-03-02 10:00,-12.5\nES,2026-03-02 11:00,-10\n")
    with_trades = ["replay", "--rules", "flat.toml", "--trades", "trades.csv"]
    assert run(app, with_trades) == 0
    assert "would have saved 10" in capsys.readouterr().out
    assert run(app, [*with_trades, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["firings"][0]["saved"] == "10.0"
    assert run(app, ["replay"]) == 0
    assert "0 records lived again" in capsys.readouterr().out
    assert run(app, ["replay", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["difference"] is None
    assert run(app, ["replay", "--rules", "flat.toml"]) == 0
    assert "nothing happened" in capsys.readouterr().out
    (tmp_path / "empty.toml").write_text("initial_balance = 1\n")
    (tmp_path / "broken.toml").write_text("x = \n")
    (tmp_path / "wrong.toml").write_text("x = 1\n")
    (tmp_path / "stray.toml").write_text("initial_balance = 30000\n" + (tmp_path / "limits.toml").read_text())
    (tmp_path / "two.toml").write_text("[accounts.x]\n[accounts.y]\n")
    for wrong, status in (
        (["--trades", "trades.csv"], 64),
        (["--rules", "flat.toml", "--trades", "trades.csv", "--days", "3"], 64),
        (["--rules", "limits.toml", "--trades", "trades.csv"], 64),
        (["--rules", "flat.toml", "--trades", "none.csv"], 64),
        (["--rules", "flat.toml", "--trades", "trades.csv", "--zone", "Mars"], 64),
        (["--rules", "empty.toml"], 4),
        (["--rules", "broken.toml"], 4),
        (["--rules", "wrong.toml"], 4),
        (["--rules", "stray.toml", "--trades", "trades.csv"], 4),
        (["--rules", "two.toml", "--trades", "trades.csv"], 4),
    ):
        assert run(app, ["replay", *wrong]) == status, wrong
        assert capsys.readouterr().err
