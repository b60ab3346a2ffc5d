"""Several accounts in one process: what fails with one is said, tried again, and reaches no other."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from daemon_bench import Scripted, ScriptedOpening, Told, driver, hooks

from market_analysis.desk.daemon import account as account_module
from market_analysis.desk.daemon.account import Failure, Pace, WatchedAccount
from market_analysis.desk.daemon.board import Board
from market_analysis.desk.guard import Watch
from market_analysis.domain import Unknown
from market_analysis.errors import StateError, VenueUnavailableError

DOWN = VenueUnavailableError("no answer", remedy="")


async def watched(opening: ScriptedOpening, looks: int, names: tuple[str, ...], **options: Any) -> tuple[Board, Told, list[Any]]:
    board, told = Board(names), Told()
    accounts = [
        WatchedAccount(name, opening, board, hooks(told), Pace(0.01, looks), alone=options.get("alone", False))  # type: ignore[arg-type]
        for name in names
    ]
    stop = asyncio.Event()
    async with asyncio.timeout(10):
        await asyncio.gather(*(item.run(stop) for item in accounts))
    return board, told, [item.last for item in accounts]


async def test_one_account_s_venue_is_down_and_the_other_is_guarded() -> None:
    bad, good = Scripted(driver("bad"), [DOWN] * 5), Scripted(driver("good"))
    board, told, last = await watched(ScriptedOpening({"bad": bad, "good": good}), 5, ("bad", "good"))
    assert told.watched == ["good"] * 5
    assert told.failed == [("bad", "no answer")]  # once, not at each look
    assert bad.failed == 5  # time passes for its locks all the same, and its last book is not kept as if
    assert isinstance(bad.state.positions, Unknown)
    assert told.completed.count("bad") == 5
    assert [type(item) for item in last] == [Failure, Watch]
    states = {item.name: (item.state, item.exit_status) for item in board.status().accounts}
    assert states == {"bad": ("failing", 3), "good": ("watching", 0)}
    assert board.status().exit_status == 3


async def test_an_error_that_nobody_foresaw_does_not_end_the_guarding_and_tells_no_data() -> None:
    one = Scripted(driver("one"), [ValueError("secret-key-123")])
    _, told, last = await watched(ScriptedOpening({"one": one}), 3, ("one",), alone=True)
    assert told.watched == ["one", "one"]
    ((_, text),) = told.failed
    assert text.startswith("internal error: ValueError at daemon_bench:")
    assert "secret" not in text
    assert isinstance(last[0], Watch)


async def test_a_step_that_cannot_be_written_is_tried_at_the_next_look(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Scripted(driver("one"))
    digest, fails = one.digest, [StateError("disk full", remedy="")]

    async def failing(look: Any) -> Watch:
        if fails:
            raise fails.pop()
        return await digest(look)

    monkeypatch.setattr(one, "digest", failing)
    _, told, _ = await watched(ScriptedOpening({"one": one}), 2, ("one",))
    assert (told.watched, told.failed) == (["one"], [("one", "disk full")])


async def test_an_account_that_cannot_be_opened_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_module, "FIRST_PAUSE_S", 0.01)
    opening = ScriptedOpening({"late": Scripted(driver("late")), "good": Scripted(driver("good"))}, {"late": 2})
    board, told, stop = Board(("late", "good")), Told(), asyncio.Event()
    accounts = [
        WatchedAccount(name, opening, board, hooks(told), Pace(0.01), alone=False)  # type: ignore[arg-type]
        for name in board.names
    ]
    running = [asyncio.create_task(item.run(stop)) for item in accounts]
    async with asyncio.timeout(10):
        while "late" not in told.watched:
            await asyncio.sleep(0.01)
    stop.set()
    await asyncio.gather(*running)
    assert opening.opened.count("late") == 3
    assert opening.opened.count("good") == 1
    assert told.failed == [("late", "late cannot be reached")]


async def test_the_only_account_that_cannot_be_opened_ends_the_run() -> None:
    with pytest.raises(VenueUnavailableError, match="only cannot be reached"):
        await watched(ScriptedOpening({"only": Scripted(driver("only"))}, {"only": 1}), 3, ("only",), alone=True)


async def test_a_look_that_hangs_is_stale_on_the_board_and_breaks_off_when_stopped() -> None:
    one = Scripted(driver("one"), ["ok", "hangs"])
    now = [0.0]
    board, told, stop = Board(("one",), monotonic=lambda: now[0]), Told(), asyncio.Event()
    running = asyncio.create_task(
        WatchedAccount("one", ScriptedOpening({"one": one}), board, hooks(told), Pace(0.01), alone=True).run(stop)  # type: ignore[arg-type]
    )
    async with asyncio.timeout(10):
        while one.done < 2:
            await asyncio.sleep(0.01)
    read_at = board._published["one"].read_at
    assert read_at is not None
    now[0] = read_at + 29.0
    assert [(item.state, item.exit_status) for item in board.status().accounts] == [("watching", 0)]
    now[0] += 2.0
    assert [(item.state, item.exit_status) for item in board.status().accounts] == [("stale", 3)]
    assert told.completed == ["one"]
    stop.set()
    async with asyncio.timeout(5):
        await running
