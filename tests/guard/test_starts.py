"""What was read before a start, a pause or a long silence is no read of now: nothing is acted on it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from books import instrument, instrument_id, order
from guard_world import BTC, KEY, Driver, active, held, intents, policy

from market_analysis.domain import OrderPurpose, OrderSide, PositionKey, Side
from market_analysis.domain.decision import Alert, FlattenEnded, IntentKind, LockSet, ReadNow
from market_analysis.domain.event import AnalysisMade, Command, CommandKind
from market_analysis.domain.tail import TailModel
from market_analysis.guard.stored import StoredState, restored, stored

D = Decimal
ETHUSDT = instrument_id("ETHUSDT")
HEDGE = held("9", side=Side.SHORT, key=PositionKey("main", ETHUSDT, 0), root="ETH", tags=frozenset({"hedge"}))
MODEL = TailModel(
    assets=("BTC", "ETH"),
    covariance=((D("0.0004"), D("0.00048")), (D("0.00048"), D("0.0009"))),
    per_contract={BTC: ("BTC", D(100)), ETHUSDT: ("ETH", D(100))},
)


def command(driver: Driver, kind: CommandKind) -> tuple[object, ...]:
    return driver.feed(Command(driver.at, driver.uptime, kind, "me", "because"))


def test_a_read_before_a_start_confirms_none_after_it() -> None:
    driver = Driver(policy(active("max_contracts", limit=1)))
    driver.read(held("2"))
    driver.restart(3 * 86_400)
    assert not intents(driver.read(held("2")))
    assert intents(driver.read(held("2")))


def test_a_guard_that_acts_again_reads_first() -> None:
    driver = Driver(policy(active("max_contracts", limit=10, enforcement="reduce")))
    driver.read(held("12"))
    command(driver, CommandKind.PAUSE)
    driver.wait(30)
    driver.read(held("12"))
    driver.read(held("12"))
    assert not intents(command(driver, CommandKind.RESUME))
    assert not intents(driver.wait(1))
    assert not intents(driver.read(held("12")))
    assert intents(driver.read(held("12")))


def test_nothing_is_closed_cancelled_or_moved_on_a_read_of_minutes_ago() -> None:
    entry = order(instrument("BTC"), OrderSide.BUY, OrderPurpose.ENTRY, quantity=1, limit=50)
    driver = Driver(policy(active("daily_realized_loss", loss=D(500)), active("max_contracts", limit=1)))
    driver.trades_known()
    driver.read(held("2"), orders=(entry,))
    driver.wait(121)
    decided = driver.fill("-600", "loss")
    assert [item.rule for item in decided if isinstance(item, LockSet)] == ["daily_realized_loss"]
    assert not intents(decided)
    assert any(isinstance(item, ReadNow) for item in decided)
    assert {item.kind for item in intents(driver.read(held("2"), orders=(entry,)))} == {IntentKind.CLOSE, IntentKind.CANCEL}


def test_what_grew_under_a_lock_minutes_ago_is_looked_at_before_it_is_brought_back() -> None:
    driver = Driver(policy(enforces=False))
    driver.read(held("2"))
    command(driver, CommandKind.LOCK)
    driver.read(held("3"))
    driver.state = replace(driver.state, policy=policy())
    assert not intents(driver.wait(121))
    assert [item.quantity for item in intents(driver.read(held("3")))] == [D(1)]


def test_an_analysis_without_a_tail_does_not_open_the_hedge_that_the_last_one_kept() -> None:
    driver = Driver(policy(active("no_stop_loss_grace", grace_period_seconds=0, attach_planned_stop=False)))
    driver.feed(AnalysisMade(driver.at, driver.uptime, tail=MODEL))
    for _ in range(3):
        driver.read(held("10"), HEDGE)
    driver.feed(AnalysisMade(driver.at, driver.uptime))
    for _ in range(3):
        assert not intents(driver.read(held("10"), HEDGE))
    for _ in range(90):
        driver.wait(1000)
        driver.feed(AnalysisMade(driver.at, driver.uptime))
    assert [item.key for item in intents(driver.read(held("10"), HEDGE))] == [KEY]  # a day later it is no model any more


def test_a_flattening_ends_unverified_where_nobody_may_act_any_more() -> None:
    driver = Driver(policy(active("daily_realized_loss", loss=D(500))))
    driver.trades_known()
    driver.fill("-600", "loss")
    driver.read(held("2"))
    assert driver.state.flattening is not None
    driver.state = replace(driver.state, policy=policy(enforces=False))
    decided = driver.restart(5)
    assert [(item.cause, item.verified) for item in decided if isinstance(item, FlattenEnded)] == [("daily_realized_loss", False)]
    assert not intents(driver.read(held("2")))
    assert driver.state.flattening is None


def test_a_flattening_that_was_stuck_is_over_too_where_nobody_may_act() -> None:
    driver = Driver(policy(active("daily_realized_loss", loss=D(500))))
    driver.trades_known()
    driver.fill("-600", "loss")
    while driver.state.flattening is None or not driver.state.flattening.stuck:
        for item in intents(driver.read(held("2"))):
            driver.answer(item)
    driver.state = replace(driver.state, policy=policy(enforces=False))
    assert ("flatten_stuck", False) in [(item.code, item.raised) for item in driver.restart(5) if isinstance(item, Alert)]


def test_a_state_of_another_version_is_read_as_far_as_it_is_known() -> None:
    driver = Driver(policy())
    saved = stored(driver.state)
    assert restored(StoredState({**saved.values, "no_longer_there": 1}), driver.policy) == driver.state
