"""`guard`, `flatten` and `journal` from the command line: what they show, refuse, and leave behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from market_analysis.cli.app import app
from market_analysis.cli.boundary import run
from market_analysis.store import Journal, open_database


def call(*arguments: str) -> int:
    return run(app, arguments)


def settings_file(folder: Path, text: str) -> str:
    path = folder / "settings.toml"
    path.write_text(text)
    return str(path)


def test_the_demo_account_is_watched_and_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--demo", "guard", "--iterations", "1") == 2
    shown = capsys.readouterr()
    assert "BREACH" in shown.out
    assert "only tells: no enforcer" in shown.out
    assert "would have done: CloseAll" in shown.err
    assert "PAGE daily_realized_loss" in shown.err


def test_json_is_one_line_a_look(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--demo", "--exit-zero", "guard", "--iterations", "2", "--interval", "0.2", "--json") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [sorted(json.loads(line)) for line in lines] == [["account", "as_of", "decisions"]] * 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("loss = -5", "accounts.main.rules.daily_realized_loss.loss is -5"),
        ("los = 5", "accounts.main.rules.daily_realized_loss.los is 5: unknown key; did you mean loss?"),
        ("qqq = 5", "accounts.main.rules.daily_realized_loss.qqq is 5: unknown key; known here: act_at_frac, costs_in, loss, mode"),
        ('mode = "loud"', "must be one of off, shadow, alert, enforce"),
    ],
)
def test_a_wrong_rule_is_named(tmp_path: Path, text: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = settings_file(tmp_path, f"[accounts.main.rules.daily_realized_loss]\n{text}\n")
    assert call("--demo", "--config", path, "guard", "--iterations", "1") == 4
    assert words in capsys.readouterr().err


def test_an_unknown_rule_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = settings_file(tmp_path, "[accounts.main.rules.no_such_rule]\n")
    assert call("--demo", "--config", path, "guard", "--iterations", "1") == 4
    assert "there is no rule 'no_such_rule'" in capsys.readouterr().err


def test_flattening_needs_the_owner_s_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--demo", "flatten", "--yes") == 4
    assert "may not be acted on" in capsys.readouterr().err


def test_the_journal_is_shown_and_verified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--state-dir", str(tmp_path), "journal", "verify") == 0
    assert "no records" in capsys.readouterr().out
    connection = open_database(tmp_path / "mainnet.sqlite3")
    journal = Journal(connection)
    for number in range(3):
        journal.append("main", f"2026-01-0{number + 1}", '{"$":"Ticked"}', '[{"$":"ReadNow","reason":"x"}]', "{}")
    assert call("--state-dir", str(tmp_path), "journal", "verify") == 0
    assert "main: 3 records, whole" in capsys.readouterr().out
    assert call("--state-dir", str(tmp_path), "journal", "show", "--last", "2") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["2", "3"]
    with connection:
        connection.execute("UPDATE journal SET decisions = '[]' WHERE number = 2")
    assert call("--state-dir", str(tmp_path), "journal", "verify") == 2
    assert "record 2 was changed" in capsys.readouterr().err
    with connection:
        connection.execute("DELETE FROM journal WHERE number = 2")
    assert call("--state-dir", str(tmp_path), "journal", "verify") == 2
    assert "record 2 is missing" in capsys.readouterr().err


def test_a_damaged_journal_hides_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    connection = open_database(tmp_path / "mainnet.sqlite3")
    journal = Journal(connection)
    for account in ("alpha", "beta"):
        journal.append(account, "2026-01-01", '{"$":"Ticked"}', "[]", "{}")
    with connection:
        connection.execute("UPDATE journal SET decisions = '[1]' WHERE account = 'alpha'")
    assert call("--state-dir", str(tmp_path), "journal", "verify") == 2
    said = capsys.readouterr()
    assert "beta: 1 records, whole" in said.out
    assert "alpha: journal of alpha: record 1 was changed" in said.err
    assert call("--state-dir", str(tmp_path), "--json", "journal", "verify") == 2
    alpha, beta = json.loads(capsys.readouterr().out)["accounts"]
    assert (alpha["records"], beta["records"], beta["problem"]) == (None, 1, None)
    assert "record 1 was changed" in alpha["problem"]
