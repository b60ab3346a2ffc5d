"""`risk-manager status`: what it prints and how it ends; it needs a guard, and nothing else."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
from daemon_bench import board_of, driver, serving

from market_analysis.cli import asking
from market_analysis.cli.app import app
from market_analysis.cli.boundary import run
from market_analysis.desk.daemon import places


def call(*arguments: str) -> int:
    return run(app, arguments)


def test_the_screen_and_its_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    warned = driver("warned")
    warned.fill("-400", "a")
    with serving(board_of(driver("fine"), warned)) as path:
        assert call("status", "--socket", str(path)) == 1
        shown = capsys.readouterr().out
        assert shown.index("fine: watching, only tells") < shown.index("warned: watching, only tells")
        assert "[################....] 80%" in shown
        assert "alert something began" in shown
        assert call("--exit-zero", "status", "--socket", str(path)) == 0
        assert call("status", "--socket", str(path), "--account", "fine") == 0
        assert call("status", "--socket", str(path), "--account", "none") == 4
        assert "account 'none' is not guarded; guarded: fine, warned" in capsys.readouterr().err


def test_json_is_the_document_as_it_came(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(board_of(driver())) as path:
        assert call("--json", "status", "--socket", str(path)) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["accounts"][0]["limits"][0]["rule"] == "daily_realized_loss"


def test_without_a_guard_it_says_so_and_nothing_is_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("status", "--state-dir", str(tmp_path)) == 3
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "no guard is running" in shown.err
    assert "risk-manager guard" in shown.err
    assert call("--json", "status", "--state-dir", str(tmp_path)) == 3
    assert json.loads(capsys.readouterr().out)["error"] == "daemon_unreachable"
    assert list(tmp_path.iterdir()) == []  # it made nothing


def test_it_asks_the_service_s_socket_where_there_is_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(board_of(driver())) as path:
        monkeypatch.setattr(places, "SYSTEM_SOCKET", path)
        assert call("status", "--state-dir", str(tmp_path)) == 0
        monkeypatch.setattr(places, "SYSTEM_SOCKET", tmp_path / "none")
        monkeypatch.setenv("RISK_MANAGER_SOCKET", str(path))
        assert call("status") == 0


def test_a_watch_shows_every_change_until_the_guard_ends(capsys: pytest.CaptureFixture[str]) -> None:
    board = board_of(driver())
    served = serving(board)
    path = served.__enter__()
    ended = threading.Thread(target=lambda: served.__exit__(None, None, None))

    def later() -> None:
        board.fail("main", "the venue is down")
        threading.Timer(0.6, ended.start).start()

    threading.Timer(0.3, later).start()
    assert call("status", "--watch", "--socket", str(path)) == 3
    ended.join()
    shown = capsys.readouterr()
    assert shown.out.count("main: ") == 2
    assert "! the venue is down" in shown.out
    assert "has ended" in shown.err


def test_an_answer_of_another_version_is_no_status(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(asking.client, "ask", lambda place, request: b'{"accounts":5}\n')
    assert call("status", "--socket", os.devnull) == 3
    assert "another version" in capsys.readouterr().err


def test_several_accounts_are_for_guard_and_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--account", "one", "--account", "two", "journal", "show") == 64
    assert "one account at a time, not one and two" in capsys.readouterr().err
