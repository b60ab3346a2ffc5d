"""The journal for people and other programs: what a decision says, and no formula in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet
import pytest
from guard_world import KEY, Driver, active, held, policy
from hypothesis import given
from hypothesis import strategies as st

from market_analysis.cli.app import app
from market_analysis.cli.boundary import run
from market_analysis.desk.guard import CODEC
from market_analysis.domain import Side
from market_analysis.domain.decision import (
    Alert,
    DayBegan,
    Decision,
    FlattenEnded,
    Intent,
    IntentKind,
    LockCleared,
    LockSet,
    WouldDo,
)
from market_analysis.domain.event import Ticked
from market_analysis.guard.step import begin, step
from market_analysis.report.journal_rows import COLUMNS, as_csv, rows_of
from market_analysis.store import Journal, open_database

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Rec:
    number: int
    at: str
    event: str
    decisions: str


def row(*decisions: Decision) -> list[dict[str, object]]:
    return list(rows_of([Rec(1, "t", CODEC.dumps(Ticked(NOW, 1)), CODEC.dumps(decisions))], everything=False))


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        (Alert("code", "account", True, "words"), ("Alert", "code", "account", "words")),
        (LockSet("rule", None, "reset", None, "why"), ("LockSet", "rule", "account", "why")),
        (LockCleared("rule", "BTC", "time"), ("LockCleared", "rule", "BTC", "")),
        (WouldDo("rule", "account", "CloseAll"), ("WouldDo", "rule", "account", "CloseAll")),
        (DayBegan(date(2026, 3, 2), NOW), ("DayBegan", "", "", "")),
        (FlattenEnded("rule", verified=True), ("FlattenEnded", "rule", "", "")),
        (
            Intent("guard-1", IntentKind.CLOSE, "rule", KEY.instrument, KEY, Side.LONG, Decimal("1.5"), None, Decimal(99)),
            ("Intent", "rule", "BTCUSDT", "close 1.5 99 guard-1"),
        ),
    ],
)
def test_what_a_row_says(decision: Decision, said: tuple[str, ...]) -> None:
    (found,) = row(decision)
    assert tuple(found[name] for name in ("decision", "name", "subject", "text")) == said


@given(st.text(max_size=12))
def test_no_cell_begins_a_formula(text: str) -> None:
    (found,) = row(Alert("code", text, True, text))
    cells = next(iter(list(csv.reader(io.StringIO(as_csv([found]), newline="")))[1:]))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\x00")) for cell in cells)


def test_records_that_decided_nothing_are_shown_on_request() -> None:
    records = [Rec(1, "t", CODEC.dumps(Ticked(NOW, 1)), "[]")]
    assert list(rows_of(records, everything=False)) == []
    assert [item["event"] for item in rows_of(records, everything=True)] == ["Ticked"]


def test_filters_and_exports(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RISK_MANAGER_STATE_DIR", str(tmp_path))
    rules = policy(active("daily_realized_loss", loss=Decimal(500)))
    driver = Driver(rules)
    driver.trades_known()
    driver.fill("-600", "loss")
    driver.read(held("2"))
    journal, state = Journal(open_database(tmp_path / "mainnet.sqlite3")), begin(rules)
    for event in driver.events:
        state, decisions = step(state, event)
        journal.append("main", event.at.isoformat(), CODEC.dumps(event), CODEC.dumps(decisions), "state")

    def shown(*arguments: str) -> str:
        assert run(app, ["journal", "show", *arguments]) == 0
        return capsys.readouterr().out

    assert shown("--kind", "LockSet").count("\n") == 1
    assert "LockSet" in shown("--name", "daily_realized_loss", "--last", "9")
    assert json.loads(shown("--json", "--kind", "Intent"))["records"][0]["subject"] == "BTCUSDT"
    assert shown("--since", "2027-01-01").startswith("no records")
    assert shown("--until", "2027-01-01T00:00:00", "--last", "1").count("\n") == 1
    table = list(csv.DictReader(io.StringIO(shown("--format", "csv", "--all"))))
    assert tuple(table[0]) == COLUMNS
    shown("--format", "parquet", "--output", "out.parquet")
    assert pyarrow.parquet.read_table("out.parquet").column_names == list(COLUMNS)
    shown("--format", "csv", "--output", "out.csv")
    assert (tmp_path / "out.csv").read_text().startswith("number,at")
    for wrong, status in (
        (["--format", "parquet"], 64),
        (["--output", "nowhere/x"], 70),
        (["--format", "parquet", "--output", "nowhere/x"], 70),
    ):
        assert run(app, ["journal", "show", *wrong]) == status
        assert capsys.readouterr().err
