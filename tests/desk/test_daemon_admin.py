"""The admin socket: who is let in, what is carried out, what is refused, and that all of it is an event of the guard."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from daemon_bench import Scripted, ScriptedOpening, Told, driver, hooks, short_path

from market_analysis.desk.daemon import administering, client
from market_analysis.desk.daemon.account import Pace, WatchedAccount
from market_analysis.desk.daemon.administering import Administrator, AdminRequest
from market_analysis.desk.daemon.board import Board
from market_analysis.desk.daemon.endpoints import Peer, UnixEndpoint
from market_analysis.desk.daemon.passwords import MOST_FAILURES, PasswordGate
from market_analysis.desk.daemon.server import LineServer, Service
from market_analysis.desk.daemon.wire import RefusedError
from market_analysis.domain.event import Command
from market_analysis.errors import RiskManagerError, StateError
from market_analysis.store import AdminBook, AdminRecord

PASSWORD = "correct horse battery"
START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@dataclass
class Bench:
    """A guard of scripted accounts with its admin socket; `peer` is whom the kernel sees."""

    path: Path
    sessions: dict[str, Scripted]
    board: Board
    told: Told
    stop: asyncio.Event
    gate: PasswordGate

    async def ask(self, request: str, **terms: Any) -> list[str]:
        asked = AdminRequest(request, **({"reason": "a reason"} | terms))
        done: list[str] = json.loads(await asyncio.to_thread(client.ask, self.path, asked))["done"]
        return done

    async def refused(self, request: str, **terms: Any) -> tuple[str, int]:
        with pytest.raises(RiskManagerError) as error:
            await self.ask(request, **terms)
        return error.value.code, error.value.exit_status

    def commands(self, name: str = "main") -> list[Command]:
        return [event for event in self.sessions[name].world.events if isinstance(event, Command)]


@asynccontextmanager
async def bench(*names: str, peer: int | None = 0) -> AsyncIterator[Bench]:
    sessions = {name: Scripted(driver(name)) for name in names or ("main",)}
    board, told, stop = Board(tuple(sessions)), Told(), asyncio.Event()
    opening: Any = ScriptedOpening(sessions)
    accounts = {name: WatchedAccount(name, opening, board, hooks(told), Pace(0.05), alone=False) for name in sessions}
    gate = PasswordGate(AdminBook(None))
    admin = Administrator(accounts, gate, stop.set)

    def answers(line: bytes, seen: Peer) -> AsyncIterator[bytes]:
        assert seen.uid == os.getuid()
        return admin.answers(line, Peer(peer))

    with short_path() as folder:
        path = folder / "admin.sock"
        with LineServer([Service(UnixEndpoint(path, mode=0o600), answers)]):
            running = [asyncio.create_task(account.run(stop)) for account in accounts.values()]
            async with asyncio.timeout(20):
                while len(set(told.watched)) < len(sessions):
                    await asyncio.sleep(0.01)
                yield Bench(path, sessions, board, told, stop, gate)
            stop.set()
            await asyncio.gather(*running)


async def test_an_act_is_an_event_with_who_what_and_why_and_the_status_shows_it() -> None:
    async with bench() as world:
        (line,) = await world.ask("set", rule="daily_realized_loss", setting="loss", value="300", reason="smaller days")
        assert line == "setting daily_realized_loss.loss = 300: uid 0: smaller days"
        ((command),) = world.commands()
        assert (command.kind.value, command.by, command.reason, command.value) == ("set", "uid 0", "smaller days", "300")
        (account,) = world.board.status().accounts
        assert [(item.setting, item.value, item.by, item.begins) for item in account.changes] == [("loss", "300", "uid 0", None)]
        (line,) = await world.ask("set", rule="daily_realized_loss", setting="loss", value="400")
        assert "from the reset at 2026-03-03 00:00:00 UTC" in line
        (line,) = await world.ask("set", rule="daily_realized_loss", setting="loss", value="400", force=True)
        assert "reset" not in line
        (line,) = await world.ask("unset", rule="daily_realized_loss", setting="loss", force=True)
        assert "as in the settings" in line


async def test_locks_and_what_ends_them() -> None:
    async with bench() as world:
        (line,) = await world.ask("lock", seconds=3600)
        assert line.startswith("LOCKED account by self_lock until 2026-03-02 ")
        assert await world.refused("unlock", rule="self_lock") == ("lock_is_firm", 2)
        assert await world.refused("pause") == ("lock_is_firm", 2)
        await world.ask("lock")
        assert await world.ask("unlock", rule="manual") == ["unlocked account: manual ended by uid 0"]
        assert await world.refused("unlock", rule="manual") == ("usage", 64)
        (account,) = world.board.status().accounts
        assert [(lock.rule, lock.firm) for lock in account.locks] == [("self_lock", True)]


@pytest.mark.parametrize(
    ("terms", "refusal"),
    [
        ({"request": "lock", "until": START}, ("until", 64)),
        ({"request": "lock", "until": START + timedelta(days=4000)}, ("until", 64)),
        ({"request": "lock", "seconds": -1.0}, ("until", 64)),
        ({"request": "lock", "reason": " "}, ("reason", 64)),
        ({"request": "lock", "reason": "x" * 201}, ("reason", 64)),
        ({"request": "set", "rule": "daily_realized_loss", "setting": "loss", "value": "-1"}, ("setting_refused", 4)),
        ({"request": "flatten"}, ("not_enforcing", 4)),
        ({"request": "sing"}, ("not_understood", 64)),
        ({"request": "pause", "account": "other"}, ("no_account", 4)),
    ],
)
async def test_what_is_refused_changes_nothing(terms: dict[str, Any], refusal: tuple[str, int]) -> None:
    async with bench() as world:
        assert await world.refused(**terms) == refusal
        assert not world.sessions["main"].world.state.locks
        assert not world.sessions["main"].world.state.changes


async def test_a_paused_account_is_not_looked_at_and_another_is() -> None:
    async with bench("first", "second") as world:
        assert await world.refused("pause") == ("no_account", 64)  # which one?
        await world.ask("pause", account="first")
        async with asyncio.timeout(5):
            while world.sessions["first"].ticks < 3:
                await asyncio.sleep(0.01)
        looks = world.sessions["first"].done, world.sessions["second"].done
        await asyncio.sleep(0.3)
        assert world.sessions["first"].done == looks[0]
        assert world.sessions["second"].done > looks[1]
        assert [item.state for item in world.board.status().accounts] == ["paused", "watching"]
        await world.ask("resume", account="first")
        async with asyncio.timeout(5):
            while world.sessions["first"].done == looks[0]:
                await asyncio.sleep(0.01)


async def test_stop_is_told_to_every_account_s_journal() -> None:
    async with bench("first", "second") as world:
        assert await world.ask("stop", reason="moving") == ["the guard stops"]
        assert [[item.kind.value for item in world.commands(name)] for name in ("first", "second")] == [["stop"], ["stop"]]
        async with asyncio.timeout(5):
            await world.stop.wait()


async def test_an_act_that_is_not_written_is_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench() as world:

        async def full(*_: object, **__: object) -> Any:
            raise StateError("disk full", remedy="")

        monkeypatch.setattr(world.sessions["main"], "order", full)
        assert await world.refused("lock") == ("state", 70)


async def test_a_guard_that_hangs_says_that_it_has_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench() as world:
        monkeypatch.setattr(administering, "ANSWER_S", 0.1)
        began, go_on = asyncio.Event(), asyncio.Event()
        order = world.sessions["main"].order

        async def slow(*given: Any, **terms: Any) -> Any:
            began.set()
            await go_on.wait()
            return await order(*given, **terms)

        monkeypatch.setattr(world.sessions["main"], "order", slow)
        assert await world.refused("lock") == ("no_answer_yet", 3)
        assert began.is_set()
        go_on.set()  # it is not broken off because nobody waits
        async with asyncio.timeout(5):
            while not world.sessions["main"].world.state.locks:
                await asyncio.sleep(0.01)


async def test_others_need_the_password() -> None:
    async with bench(peer=4242) as world:
        assert await world.refused("lock") == ("password_required", 5)
        assert await world.refused("lock", password=PASSWORD) == ("wrong_password", 5)  # none is set
        world.gate.set(PASSWORD)
        assert await world.refused("lock", password=PASSWORD[:-1]) == ("wrong_password", 5)
        assert not world.sessions["main"].world.state.locks
        await world.ask("lock", password=PASSWORD)
        assert world.commands()[-1].by == "uid 4242 with the password"
        await world.ask("password", password=PASSWORD, new_password="another long one")
        assert [item.kind.value for item in world.commands()] == ["lock", "note"]
        assert await world.refused("lock", password=PASSWORD) == ("wrong_password", 5)
        assert await world.refused("password", password="another long one", new_password="short") == ("password_length", 64)
        assert PASSWORD not in "".join(map(repr, world.sessions["main"].world.events))


async def test_where_the_system_does_not_say_who_asks_the_password_is_needed() -> None:
    async with bench(peer=None) as world:
        assert await world.refused("lock") == ("password_required", 5)


def test_five_failures_in_fifteen_minutes_also_over_a_restart(tmp_path: Path) -> None:
    now = [START]
    book = AdminBook(tmp_path / "admin.json")

    def gate() -> PasswordGate:
        return PasswordGate(AdminBook(tmp_path / "admin.json"), now=lambda: now[0])

    gate().set(PASSWORD)
    door = gate()
    for number in range(MOST_FAILURES):
        door.check(PASSWORD)  # one that is right does not count
        with pytest.raises(RefusedError, match="this is not"):
            door.check(f"wrong {number}")
        now[0] += timedelta(minutes=1)
    with pytest.raises(RefusedError, match="try again in 600 s") as locked:
        gate().check(PASSWORD)
    assert locked.value.exit_status == 5
    assert len(book.read().failures) == MOST_FAILURES
    now[0] = START + timedelta(minutes=15)  # the first of the five is over
    gate().check(PASSWORD)
    with pytest.raises(RefusedError, match="this is not"):
        gate().check("wrong")
    with pytest.raises(RefusedError, match="too many"):
        gate().check(PASSWORD)


def test_a_guard_killed_while_it_verifies_has_counted_the_attempt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = AdminBook(tmp_path / "admin.json")
    gate = PasswordGate(book, now=lambda: START)
    gate.set(PASSWORD)

    class Killed(BaseException):
        pass

    class Dying:
        def verify(self, *_: object) -> None:
            raise Killed

    monkeypatch.setattr(gate, "_hasher", Dying())
    with pytest.raises(Killed):
        gate.check(PASSWORD)
    assert book.read().failures == (START,)


def test_the_record_is_its_user_s_alone_whole_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "admin.json"
    gate = PasswordGate(AdminBook(path))
    gate.set(PASSWORD)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert PASSWORD not in path.read_text()
    assert "$argon2id$v=19$m=65536,t=3,p=4$" in path.read_text()
    assert [item.name for item in tmp_path.iterdir()] == ["admin.json"]
    for damage in ("", "[]", '{"password_hash": 5}', '{"password_hash": null, "failures": ["soon"]}'):
        path.write_text(damage)
        with pytest.raises(StateError, match="cannot be read"):
            gate.check(PASSWORD)
    path.unlink()
    assert AdminBook(path).read() == AdminRecord()
    with pytest.raises(StateError, match="cannot be written"):
        AdminBook(tmp_path / "no" / "admin.json").write(AdminRecord())


def test_weaker_hashes_are_renewed_and_damaged_ones_let_nobody_in(tmp_path: Path) -> None:
    from argon2 import PasswordHasher

    book = AdminBook(tmp_path / "admin.json")
    gate = PasswordGate(book)
    book.set_hash(PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD))
    gate.check(PASSWORD)
    assert "m=65536,t=3,p=4" in str(book.read().password_hash)
    book.set_hash("no hash")
    with pytest.raises(RefusedError, match="this is not"):
        gate.check(PASSWORD)
