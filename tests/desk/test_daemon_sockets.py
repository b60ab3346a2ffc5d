"""The read socket: what it answers, and that no client stops it: large, slow, many, silent, garbage, gone."""

from __future__ import annotations

import json
import socket
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from daemon_bench import board_of, driver, serving, short_path
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.desk.daemon import client
from market_analysis.desk.daemon.board import Board
from market_analysis.desk.daemon.endpoints import UnixEndpoint
from market_analysis.desk.daemon.places import close_to_others
from market_analysis.desk.daemon.reading import StatusReader
from market_analysis.desk.daemon.server import Limits, LineServer, Service
from market_analysis.desk.daemon.wire import ReadRequest
from market_analysis.errors import DaemonUnreachableError, RiskManagerError, StateError, StateLockedError

STATUS = ReadRequest("status")
QUICK = Limits(request_bytes=512, request_s=0.2, send_s=0.3, clients=4)


def call(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(5.0)
    connection.connect(str(path))
    return connection


def until(answer: Callable[[], str], words: str) -> bool:
    """Whether the words come within the time that a loaded machine may need."""
    ended = time.monotonic() + 10
    while words not in answer():
        if time.monotonic() > ended:
            return False
        time.sleep(0.05)
    return True


def said(path: Path, words: bytes) -> dict[str, Any]:
    """The first answer to raw bytes; empty where the connection ends without one."""
    with call(path) as connection, connection.makefile("rb") as answers:
        connection.sendall(words)
        line = answers.readline()
        found: dict[str, Any] = json.loads(line) if line else {}
        return found


def test_status_of_all_accounts_or_of_one() -> None:
    with serving(board_of(driver("first"), driver("second"))) as path:
        both = json.loads(client.ask(path, STATUS))
        assert [item["name"] for item in both["accounts"]] == ["first", "second"]
        assert both["accounts"][0]["decisions"][0]["text"] == "alert something began"
        one = json.loads(client.ask(path, ReadRequest("status", "second")))
        assert [item["name"] for item in one["accounts"]] == ["second"]
        with pytest.raises(RiskManagerError, match="'third' is not guarded; guarded: first, second") as refused:
            client.ask(path, ReadRequest("status", "third"))
        assert refused.value.exit_status == 4


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (b"hello\n", "not_understood"),
        (b"\n", "not_understood"),
        (b"[]\n", "not_understood"),
        (b"\xff\xfe\x00\n", "not_understood"),
        (b'{"request":"stop"}\n', "not_understood"),
        (b'{"request":"status","password":"x"}\n', "not_understood"),
        (b'{"request":"status","account":5}\n', "not_understood"),
        (b"[" * 500 + b"\n", "not_understood"),
        (b"x" * 5000, "too_large"),
        (b'{"request":"status"}', "too_slow"),
        (b"", "too_slow"),
    ],
)
def test_what_is_no_request_is_refused_and_served_on(words: bytes, code: str) -> None:
    with serving(board_of(driver()), QUICK) as path:
        assert said(path, words)["error"] == code
        assert client.ask(path, STATUS)


def test_whatever_is_said_the_next_is_served() -> None:
    with serving(board_of(driver()), QUICK) as path:

        @settings(max_examples=60, deadline=None)
        @given(st.binary(max_size=600).map(lambda words: words + b"\n"))
        def speak(words: bytes) -> None:
            assert set(said(path, words)) & {"error", "accounts"}

        speak()
        assert client.ask(path, STATUS)


def test_too_many_clients_are_told_so_and_room_comes_back() -> None:
    with serving(board_of(driver()), Limits(request_s=5.0, clients=4)) as path:
        silent = [call(path) for _ in range(4)]
        assert until(lambda: said(path, b'{"request":"status"}\n').get("message", ""), "4 clients are served already")
        for connection in silent:
            connection.close()
        assert until(lambda: str(said(path, b'{"request":"status"}\n')), "accounts")


def test_a_client_that_does_not_read_is_dropped_and_others_are_served() -> None:
    wordy = driver()
    board = board_of(wordy)
    with serving(board, QUICK) as path, call(path) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall(b'{"request":"watch","every":0.2}\n')
        ended = time.monotonic() + 10
        listeners: dict[object, object] = board._listeners
        while not listeners and time.monotonic() < ended:
            time.sleep(0.01)
        assert listeners
        for _ in range(200):  # each change is an answer that nobody reads, until the kernel takes no more
            board.fail("main", "x" * 20_000)
            time.sleep(0.02)
            if not listeners:
                break
            assert client.ask(path, STATUS)
        assert not listeners


def test_a_watch_tells_changes_and_ends_with_the_daemon() -> None:
    board = board_of(driver())
    heard: list[str | None] = []
    with serving(board) as path:
        answers = client.watch(path, ReadRequest("watch", None, 60.0))
        heard.append(json.loads(next(answers))["accounts"][0]["problem"])
        board.fail("main", "the venue is down")
        heard.append(json.loads(next(answers))["accounts"][0]["problem"])
    assert heard == [None, "the venue is down"]
    assert list(answers) == []


def test_a_client_in_mid_answer_of_a_dying_daemon_is_told() -> None:
    with short_path() as folder:
        path = folder / "half.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
            listening.bind(str(path))
            listening.listen()

            def die() -> None:
                connection, _ = listening.accept()
                connection.recv(100)
                connection.sendall(b'{"accounts":')
                connection.close()

            thread = threading.Thread(target=die)
            thread.start()
            with pytest.raises(DaemonUnreachableError, match="broke off"):
                client.ask(path, STATUS)
            thread.join()


def test_nobody_there() -> None:
    with short_path() as folder:
        with pytest.raises(DaemonUnreachableError, match="no guard is running") as missing:
            client.ask(folder / "none.sock", STATUS)
        assert missing.value.exit_status == 3
        endpoint = UnixEndpoint(folder / "left.sock", mode=0o600)
        endpoint.bind()
        assert endpoint._socket is not None
        endpoint._socket.close()  # killed: the file stays
        with pytest.raises(DaemonUnreachableError, match="no guard is running"):
            client.ask(folder / "left.sock", STATUS)
        again = UnixEndpoint(folder / "left.sock", mode=0o640)
        again.bind()  # what a killed guard left is replaced
        assert stat.S_IMODE((folder / "left.sock").stat().st_mode) == 0o640
        with pytest.raises(StateLockedError, match="another guard answers"):
            UnixEndpoint(folder / "left.sock", mode=0o600).bind()
        again.close()


def test_places_that_cannot_be_taken() -> None:
    with short_path() as folder:
        (folder / "file").write_text("mine")
        with pytest.raises(StateError, match="is no socket"):
            UnixEndpoint(folder / "file", mode=0o600).bind()
        assert (folder / "file").read_text() == "mine"
        with pytest.raises(StateError, match="at most 99 fit"):
            UnixEndpoint(folder / ("x" * 120), mode=0o600).bind()
        with pytest.raises(StateError, match="cannot be made"):
            UnixEndpoint(folder / "no" / "where", mode=0o600).bind()
        with pytest.raises(StateError, match="no group 'nobodys-group'"):
            UnixEndpoint(folder / "s", mode=0o660, group="nobodys-group").bind()


def test_a_server_that_cannot_bind_leaves_nothing_behind() -> None:
    with short_path() as folder:
        (folder / "taken").write_text("")
        answers = StatusReader(Board(["main"])).answers
        good, bad = (Service(UnixEndpoint(folder / name, mode=0o600), answers) for name in ("good", "taken"))
        with pytest.raises(StateError, match="is no socket"), LineServer([good, bad]):
            pytest.fail("it must not start")
        assert [item.name for item in folder.iterdir()] == ["taken"]


def test_a_state_directory_that_others_could_enter_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o755)
    close_to_others(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    tmp_path.chmod(0o750)

    def refuse(path: Path, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    with pytest.raises(StateError, match="others may enter"):
        close_to_others(tmp_path)
