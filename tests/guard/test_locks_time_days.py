"""Locks, the guard's own time, trading days, fills told twice: one event after another, by hand."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from books import instrument, order
from guard_world import START, Driver, active, held, intents, policy

from market_analysis.domain import OrderPurpose, OrderSide
from market_analysis.domain.decision import Alert, DayBegan, LockCleared, LockSet, ReadNow
from market_analysis.domain.event import AccountRead, Command, CommandKind, MoneyRead, Ticked
from market_analysis.guard.state import Mode
from market_analysis.rules.verdict import Status


def kinds(decisions: tuple[object, ...]) -> list[str]:
    return [type(item).__name__ for item in decisions]


def driver(loss: str = "500", **changes: object) -> Driver:
    made = Driver(policy(active("daily_realized_loss", loss=Decimal(loss)), **changes))
    made.trades_known()
    made.read()
    return made


def test_a_realised_loss_at_the_limit_is_certain_it_locks_and_flattens_at_once() -> None:
    world = driver()
    world.read(held("2", "100", "90"))
    first = world.fill("-500", "a")
    assert [item.rule for item in first if isinstance(item, LockSet)] == ["daily_realized_loss"]
    (close,) = intents(first)
    assert (close.kind.value, close.quantity) == ("close", Decimal(2))
    assert not intents(world.read(held("2", "100", "90")))  # not again while the first has no answer
    world.answer(close)
    world.read()
    assert world.state.flattening is None
    assert world.state.locks[0].day == START.date()


def test_a_floating_loss_must_be_read_twice_in_a_row_before_it_locks_or_closes() -> None:
    world = Driver(policy(active("daily_unrealized_loss", loss=Decimal(50))))
    world.trades_known()
    bad, good = held("10", "100", "94"), held("10", "100", "99")
    once = world.read(bad)
    assert not intents(once)
    assert not world.state.locks
    assert "ReadNow" in kinds(once)
    world.read(good)
    assert not intents(world.read(bad))
    twice = world.read(bad)
    assert [intent.quantity for intent in intents(twice)] == [Decimal(10)]
    assert [lock.rule for lock in world.state.locks] == ["daily_unrealized_loss"]


def test_one_cent_above_the_limit_is_no_breach() -> None:
    world = driver()
    assert not [item for item in world.fill("-499.99", "a") if isinstance(item, LockSet)]


def test_fills_count_once_voids_are_taken_back_and_old_ones_do_not_count() -> None:
    world = driver()
    world.fill("-300", "a")
    world.fill("-300", "a")
    assert world.state.standing["daily_realized_loss", "account"] is Status.OK
    world.fill("-300", "a", voided=True)
    world.fill("-300", "b")
    world.fill("-400", "old", time=START - timedelta(days=2))
    assert world.state.standing["daily_realized_loss", "account"] is Status.OK
    assert sum(trade.realized or 0 for trade in world.state.trades if not trade.voided) == -300


def test_the_reset_ends_the_lock_once_also_after_days_of_down_time() -> None:
    world = driver()
    world.fill("-600", "a")
    assert world.state.locks
    decided = world.restart(3 * 86_400)
    assert [item.day for item in decided if isinstance(item, DayBegan)] == [(START + timedelta(days=3)).date()]
    assert [item.by for item in decided if isinstance(item, LockCleared)] == ["reset"]
    assert not world.state.locks
    assert not [item for item in world.wait(5) if isinstance(item, DayBegan)]


def test_a_lock_survives_every_read_that_is_fine_again() -> None:
    world = driver()
    world.fill("-600", "a")
    world.fill("+900", "b")
    world.read()
    world.read()
    assert [lock.rule for lock in world.state.locks] == ["daily_realized_loss"]


def test_several_locks_each_with_its_own_end() -> None:
    world = driver()
    world.feed(Command(world.at, world.uptime, CommandKind.LOCK, "me", "enough", until=world.at + timedelta(hours=1)))
    world.fill("-600", "a")
    assert [lock.rule for lock in world.state.locks] == ["manual", "daily_realized_loss"]
    ended = world.wait(3600)
    assert [(item.rule, item.by) for item in ended if isinstance(item, LockCleared)] == [("manual", "time")]
    assert [lock.rule for lock in world.state.locks] == ["daily_realized_loss"]


def test_a_lock_on_oneself_cannot_be_undone() -> None:
    world = driver()
    until = world.at + timedelta(hours=1)
    world.feed(Command(world.at, world.uptime, CommandKind.LOCK, "me", "enough", until=until, self_lock=True))
    decided = world.feed(Command(world.at, world.uptime, CommandKind.UNLOCK, "me", "I changed my mind"))
    assert [item.code for item in decided if isinstance(item, Alert)] == ["lock_is_firm"]
    assert world.state.locks
    world.wait(3601)
    assert not world.state.locks


def test_a_wall_clock_that_jumps_neither_ends_nor_lengthens_a_lock() -> None:
    for jump in (timedelta(hours=5), timedelta(hours=-5)):
        world = driver()
        world.feed(Command(world.at, world.uptime, CommandKind.LOCK, "me", "enough", until=world.at + timedelta(minutes=10)))
        world.at += jump
        told = world.wait(1)
        assert [item.code for item in told if isinstance(item, Alert)] == ["clock_step"]
        assert world.state.locks
        world.wait(598)
        assert world.state.locks
        world.wait(2)
        assert not world.state.locks


def test_a_jump_over_the_reset_resets_nothing() -> None:
    world = driver()
    world.fill("-600", "a")
    world.at += timedelta(hours=20)
    assert not [item for item in world.wait(1) if isinstance(item, DayBegan)]
    assert world.state.locks


def test_a_look_that_took_long_is_no_jump_of_the_clock_and_is_as_old_as_it_is() -> None:
    world = driver()
    began, uptime = world.at, world.uptime
    world.wait(40)
    world.reads += 1
    money = MoneyRead(Decimal(10_000), Decimal(10_000))
    decided = world.feed(AccountRead(began, uptime, world.reads, money, (held("2"),), ()))
    assert not [item for item in decided if isinstance(item, Alert)]
    assert world.state.now == world.at
    assert world.state.read_at == began
    assert not world.state.clock_stepped


def test_time_never_runs_backwards() -> None:
    world = driver()
    now = world.state.now
    world.feed(Ticked(world.at - timedelta(seconds=10), world.uptime))
    assert world.state.now == now


def test_a_late_answer_of_an_earlier_read_changes_nothing() -> None:
    world = driver()
    world.read(held("1"))
    world.feed(AccountRead(world.at, world.uptime, 1, MoneyRead(Decimal(1), Decimal(1)), (), (), True))
    assert world.state.positions == (held("1"),)


def test_blindness_closes_nothing_keeps_locks_and_wakes_somebody_once() -> None:
    world = driver()
    world.read(held("2"))
    world.fill("-600", "a")
    seen = [world.blind() for _ in range(3)]
    assert not intents(sum(seen, ()))
    assert world.state.locks
    world.wait(61)
    pages = [item for item in world.decisions if isinstance(item, Alert) and item.code == "account_unreadable"]
    assert [(item.raised, item.page) for item in pages] == [(True, True)]
    assert pages[0].text.endswith("stops when read last: main/BTCUSDT NO STOP")
    decided = world.read(held("2"))
    assert ("account_unreadable", False) in [(item.code, item.raised) for item in decided if isinstance(item, Alert)]


def test_who_is_woken_learns_which_stops_rest() -> None:
    stop = order(instrument("BTC"), OrderSide.SELL, OrderPurpose.STOP_LOSS, trigger=95)
    for book, orders, words in (
        ((held("2"),), (stop,), "main/BTCUSDT at 95"),
        ((), (), "no position was held when it was read last"),
    ):
        world = driver()
        world.read(*book, orders=orders)
        world.blind()
        world.wait(61)
        (page,) = [item for item in world.decisions if isinstance(item, Alert) and item.code == "account_unreadable"]
        assert page.text.endswith(words)


def test_shadow_and_alert_modes_and_accounts_without_enforcer_touch_nothing() -> None:
    for mode, enforces in ((Mode.SHADOW, True), (Mode.ALERT, True), (Mode.ENFORCE, False)):
        world = Driver(policy(active("daily_realized_loss", mode, loss=Decimal(500)), enforces=enforces))
        world.trades_known()
        world.read(held("2"))
        world.fill("-600", "a")
        world.read(held("2"))
        world.read(held("2"))
        assert not intents(world.decisions)
        assert not world.state.locks
        assert "WouldDo" in kinds(tuple(world.decisions))


def test_what_is_not_known_is_told_and_asks_for_nothing() -> None:
    world = Driver(policy(active("daily_realized_loss", loss=Decimal(500))))
    world.read(held("2"))
    told = [(item.code, item.raised) for item in world.decisions if isinstance(item, Alert)]
    assert told == [("daily_realized_loss_unknown", True)]
    assert not intents(world.decisions)


def test_a_new_position_under_a_lock_is_closed_again_but_not_for_ever() -> None:
    world = driver()
    world.fill("-600", "a")
    world.read()
    closed = 0
    for _ in range(20):
        decided = world.read(held("1"))
        for intent in intents(decided):
            closed += 1
            world.answer(intent)
        world.read()
        world.read()
    assert closed == world.state.policy.most_reflattens + 1
    assert [item.page for item in world.decisions if isinstance(item, Alert) and item.code == "reflatten_limit"] == [True]


def test_a_stuck_position_is_closed_again_and_again_after_reads_only() -> None:
    world = driver()
    world.fill("-600", "a")
    sent = []
    for _ in range(30):
        decided = world.read(held("1"))
        for intent in intents(decided):
            sent.append(intent.client_id)
            world.answer(intent)
    assert len(sent) == len(set(sent)) > 5
    assert [item.page for item in world.decisions if isinstance(item, Alert) and item.code == "flatten_stuck"] == [True]


def test_flatten_by_hand() -> None:
    world = driver()
    world.read(held("3"))
    decided = world.feed(Command(world.at, world.uptime, CommandKind.FLATTEN, "me", "panic"))
    (close,) = intents(decided)
    assert close.quantity == Decimal(3)
    assert "ReadNow" in kinds(decided)
    world.answer(close)
    assert any(isinstance(item, ReadNow) for item in world.decisions)
    world.read()
    assert world.state.flattening is None


def test_what_was_read_before_a_restart_is_not_acted_on() -> None:
    world = driver()
    world.read(held("2"))
    world.fill("-600", "a")
    told = len(world.decisions)
    world.restart(5)
    assert world.state.positions is None
    assert world.state.locks
    assert not intents(world.decisions[told:])
    assert not [item for item in world.decisions[told:] if isinstance(item, Alert)]
    world.read()
    world.read()
    assert world.state.flattening is None


def test_a_stop_that_is_gone_gives_a_new_grace() -> None:
    world = Driver(policy(active("no_stop_loss_grace")))
    stop = order(instrument("BTC"), OrderSide.SELL, OrderPurpose.STOP_LOSS, trigger=90)
    world.read(held("1", opened_at=START - timedelta(days=1)), orders=(stop,))
    assert not world.state.unprotected
    world.read(held("1", opened_at=START - timedelta(days=1)))
    assert list(world.state.unprotected.values()) == [world.state.now]
    gone = world.state.now
    world.read(held("1", mark=None, opened_at=START - timedelta(days=1)))
    assert list(world.state.unprotected.values()) == [gone]
    world.read()
    world.read(held("1", opened_at=START + timedelta(seconds=2)))
    assert list(world.state.unprotected.values()) == [START + timedelta(seconds=2)]


def test_a_guard_that_lost_its_state_uses_no_client_id_of_its_life_before() -> None:
    names = []
    for seconds in (0, 60):
        world = Driver(policy(active("daily_realized_loss", loss=Decimal(500))), at=START + timedelta(seconds=seconds))
        world.trades_known()
        world.read(held("2"))
        names += [item.client_id for item in intents(world.fill("-600", "a"))]
    assert len(set(names)) == len(names) == 2


def test_a_flat_account_is_flattened_only_by_a_read_that_came_after_the_order() -> None:
    world = driver()
    world.read()
    decided = world.feed(Command(world.at, world.uptime, CommandKind.FLATTEN, "me", "panic"))
    assert kinds(decided) == ["ReadNow"]
    assert kinds(world.wait(1)) == ["ReadNow"]
    assert "FlattenEnded" in kinds(world.read())
