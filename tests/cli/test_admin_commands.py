"""`lock`, `unlock` and `admin` against a guard that runs, over its real sockets; and the password's ways in."""

from __future__ import annotations

import io
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from daemon_bench import driver, seen_by, short_path

from market_analysis.cli import ordering
from market_analysis.cli.app import app
from market_analysis.cli.boundary import run
from market_analysis.cli.common import Common
from market_analysis.cli.guarding import run_guard
from market_analysis.desk.daemon import client
from market_analysis.desk.daemon.administering import AdminRequest
from market_analysis.desk.daemon.passwords import PasswordGate
from market_analysis.desk.daemon.wire import Refusal
from market_analysis.errors import SettingsError, UsageError
from market_analysis.guard.state import Flattening
from market_analysis.report.document import encode_value
from market_analysis.report.guard_status import DecisionStatus, account_status, guard_status
from market_analysis.store import AdminBook, StateLock


def call(*arguments: str) -> int:
    return run(app, arguments)


@pytest.fixture(scope="module")
def guard() -> Iterator[Path]:
    """The directory of a running demo guard's sockets."""
    stop: list[Callable[[], None]] = []
    ends: list[int] = []
    patch = pytest.MonkeyPatch()
    patch.setenv("RISK_MANAGER__VOL__BARS", "700")
    patch.setenv("RISK_MANAGER__PROB__PATHS", "1000")
    with short_path() as folder:
        path = folder / "read.sock"
        patch.setenv("RISK_MANAGER_SOCKET", str(path))
        patch.setenv("RISK_MANAGER_STATE_DIR", str(folder / "state"))

        def guarding() -> None:
            common = Common(demo=True)
            ends.append(run_guard(common, interval=0.5, iterations=None, socket=path, quiet=True, on_start=stop.append))

        thread = threading.Thread(target=guarding)
        thread.start()
        deadline = time.monotonic() + 60
        while not _watching(path):
            assert thread.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield folder
        stop[0]()
        thread.join(30)
        assert ends == [0]
        assert not path.exists()
    patch.undo()


def _watching(path: Path) -> bool:
    from market_analysis.desk.daemon.wire import ReadRequest

    try:
        found: bool = json.loads(client.ask(path, ReadRequest("status")))["accounts"][0]["state"] == "watching"
    except client.DaemonUnreachableError:
        return False
    return found


def test_from_setting_a_rule_to_where_it_shows(guard: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("admin", "set", "daily_realized_loss.loss", "90", "--reason", "smaller days") == 0
    assert capsys.readouterr().out.startswith("setting daily_realized_loss.loss = 90: uid ")
    assert call("status") == 2
    assert "set daily_realized_loss.loss = 90, by uid " in capsys.readouterr().out
    assert call("config", "show", "--json") == 0
    shown = json.loads(capsys.readouterr().out)["settings"]["accounts.main.rules.daily_realized_loss.loss"]
    assert shown["value"] == "90"
    assert shown["origin"].startswith("admin set, uid ")
    assert call("--json", "admin", "set", "daily_realized_loss.loss", "95", "--reason", "more") == 0
    assert "from the reset at" in json.loads(capsys.readouterr().out)["done"][0]
    assert call("admin", "set", "daily_realized_loss.loss", "0", "--reason", "no") == 4
    assert "greater than 0" in capsys.readouterr().err
    assert call("admin", "set", "daily_realized_loss", "1", "--reason", "no") == 64
    assert "it must be RULE.SETTING" in capsys.readouterr().err
    assert call("admin", "unset", "daily_realized_loss.loss", "--force", "--reason", "back") == 0


def test_locks_from_the_command_line(guard: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("lock", "--reason", "out of office") == 0
    assert call("unlock", "manual") == 64
    assert "a reason is needed" in capsys.readouterr().err
    assert call("unlock", "manual", "--reason", "back") == 0
    assert call("lock", "--for", "1h", "--until", "2099-01-01") == 64
    assert call("lock", "--for", "soon") == 64
    assert call("lock", "--until", "2001-01-01", "--reason", "late") == 64
    assert "must be later than" in capsys.readouterr().err
    assert call("lock", "--for", "8h", "--reason", "two losses") == 0
    assert call("unlock", "self_lock", "--reason", "please") == 2
    assert call("admin", "pause", "--reason", "please") == 2
    shown = capsys.readouterr()
    assert "LOCKED account by self_lock until" in shown.out
    assert "cannot be undone before its time" in shown.err


def test_without_a_guard_nothing_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("lock", "--state-dir", str(tmp_path)) == 3
    assert "no guard is running" in capsys.readouterr().err


def test_moments_and_lengths() -> None:
    assert ordering.moment("2026-03-02T17:00") == datetime(2026, 3, 2, 17, tzinfo=UTC)
    assert ordering.moment("2026-03-02T17:00+01:00") == datetime(2026, 3, 2, 16, tzinfo=UTC)
    with pytest.raises(UsageError, match="is no moment"):
        ordering.moment("tomorrow")
    assert [ordering.seconds(text) for text in ("90s", "30m", "1.5h", "2d")] == [90, 1800, 5400, 172_800]
    with pytest.raises(UsageError, match="is no length of time"):
        ordering.seconds("-1h")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """Passwords that a guard which wants one was given."""
    given: list[str | None] = []

    def ask(place: Path, request: Any, *, timeout_s: float) -> bytes:
        given.append(request.password)
        if request.password is None:
            raise client.DaemonRefusedError(Refusal("password_required", "the administrator's password is needed", 5))
        return b'{"done":["locked"]}\n'

    monkeypatch.setattr(ordering.client, "ask", ask)
    monkeypatch.delenv("RISK_MANAGER_ADMIN_PASSWORD", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    return given


def test_the_password_comes_from_a_private_file_or_the_environment(
    asked: list[str | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "password"
    file.write_text("from the file\n")
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="readable by others"):
        ordering.ordered(Common(), "lock", password_file=file)
    file.chmod(0o600)
    assert ordering.ordered(Common(), "lock", password_file=file) == ("locked",)
    monkeypatch.setenv("RISK_MANAGER_ADMIN_PASSWORD", "from the environment")
    assert ordering.ordered(Common(), "lock") == ("locked",)
    assert asked == [None, None, "from the file", None, "from the environment"]
    with pytest.raises(SettingsError, match="cannot be read"):
        ordering.ordered(Common(), "lock", password_file=tmp_path / "none")


def test_where_nobody_can_be_asked_it_says_how(asked: list[str | None]) -> None:
    with pytest.raises(UsageError, match="RISK_MANAGER_ADMIN_PASSWORD"):
        ordering.ordered(Common(), "lock")
    with pytest.raises(UsageError, match="RISK_MANAGER_NEW_PASSWORD"):
        ordering.new_password(None)


def test_without_a_guard_the_password_goes_into_the_state_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state"
    monkeypatch.setenv("RISK_MANAGER_NEW_PASSWORD", "short")
    assert call("admin", "password", "set", "--state-dir", str(state)) == 64
    monkeypatch.setenv("RISK_MANAGER_NEW_PASSWORD", "correct horse battery")
    assert call("admin", "password", "set", "--state-dir", str(state)) == 0
    assert "no guard is running" in capsys.readouterr().out
    PasswordGate(AdminBook(state / "admin.json")).check("correct horse battery")
    with StateLock(state):
        assert call("admin", "password", "set", "--state-dir", str(state)) == 64
    assert "in use" in capsys.readouterr().err


def test_no_command_takes_a_password_as_an_argument(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("lock", "--password", "x") == 64
    assert call("admin", "password", "set", "--password", "x") == 64


@pytest.mark.parametrize(("word", "status"), [("verified flat", 0), ("NOT verified", 2)])
def test_flatten_is_the_running_guard_s_and_waits_for_its_end(
    word: str, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = driver()
    lines = [DecisionStatus(world.at, "flatten (manual: before): verified flat")]
    begun = account_status(seen_by(world, state=replace(world.state, flattening=Flattening("manual: news", 1)), decisions=lines))
    over = account_status(seen_by(world, decisions=[*lines, DecisionStatus(world.at, f"flatten (manual: news): {word}")]))
    answers = [guard_status("0.1.0", world.at, world.at, [item]) for item in (begun, begun, over)]

    def ask(place: Path, request: Any, **options: Any) -> bytes:
        return b'{"done":["begun"]}\n' if isinstance(request, AdminRequest) else encode_value(answers.pop(0))

    monkeypatch.setattr(ordering.client, "ask", ask)
    monkeypatch.setattr(ordering.time, "sleep", lambda seconds: None)
    assert call("flatten", "--yes", "--reason", "news") == status
    assert answers == []
    assert capsys.readouterr().out == f"flatten (manual: news): {word}\n"


def test_a_guard_that_does_not_get_flat_in_time(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    world = driver()
    begun = account_status(seen_by(world, state=replace(world.state, flattening=Flattening("manual: news", 1))))
    status = encode_value(guard_status("0.1.0", world.at, world.at, [begun]))
    monkeypatch.setattr(ordering.client, "ask", lambda place, request, **_: status)
    monkeypatch.setattr(ordering, "ordered", lambda *_, **__: ())
    monkeypatch.setattr(ordering.time, "sleep", lambda seconds: None)
    assert call("flatten", "--yes", "--attempts", "3") == 2
    assert "NOT FLAT" in capsys.readouterr().err
