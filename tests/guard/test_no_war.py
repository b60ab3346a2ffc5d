"""No war with another bot (ruling 29), whatever it is that the guard closes again; and no silence about it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from books import instrument, instrument_id, order
from guard_world import Driver, active, held, intents, policy

from market_analysis.domain import OrderPurpose, OrderSide, PositionKey
from market_analysis.domain.decision import Alert, FlattenEnded, IntentKind
from market_analysis.domain.event import Command, CommandKind, Outcome

D = Decimal
ETH = PositionKey("main", instrument_id("ETHUSDT"), 0)


def command(driver: Driver, kind: CommandKind) -> tuple[object, ...]:
    return driver.feed(Command(driver.at, driver.uptime, kind, "me", "because"))


def limits(decisions: object) -> list[bool]:
    return [item.raised for item in decisions if isinstance(item, Alert) and item.code == "reflatten_limit"]  # type: ignore[attr-defined]


def fought(driver: Driver, rounds: int, standing: bool) -> int:
    """How often what another bot opens is closed."""
    closed = 0
    stands = (held("5"),) if standing else ()
    for _ in range(rounds):
        for intent in intents(driver.read(*stands, held("1", key=ETH, root="ETH"))):
            closed += intent.kind is IntentKind.CLOSE
            driver.answer(intent)
        driver.read(*stands)
        driver.read(*stands)
    return closed


def test_what_another_bot_adds_beside_what_may_stay_is_not_closed_for_ever() -> None:
    driver = Driver(policy())
    driver.read(held("5"))
    command(driver, CommandKind.LOCK)
    assert fought(driver, 20, standing=True) == driver.state.policy.most_reflattens + 1
    assert limits(driver.decisions) == [True]
    entry = order(instrument("ETH"), OrderSide.BUY, OrderPurpose.ENTRY, quantity=1, limit=50)
    assert [item.kind for item in intents(driver.read(held("5"), orders=(entry,)))] == [IntentKind.CANCEL]


def test_a_closing_that_does_not_fill_is_no_war() -> None:
    driver = Driver(policy())
    driver.read(held("5"))
    command(driver, CommandKind.LOCK)
    sent = 0
    for _ in range(40):
        for intent in intents(driver.read(held("6"))):
            sent += 1
            driver.answer(intent, Outcome.UNKNOWN)
    assert sent > 10
    assert not limits(driver.decisions)


def test_the_end_of_the_war_is_told_when_its_window_has_passed() -> None:
    driver = Driver(policy(active("daily_realized_loss", loss=D(500))))
    driver.trades_known()
    driver.fill("-600", "loss")
    assert fought(driver, 20, standing=False) == 4
    assert limits(driver.decisions) == [True]
    driver.read()
    driver.wait(601)
    driver.read()
    assert limits(driver.decisions) == [True, False]
    driver.wait(3600)
    assert limits(driver.decisions) == [True, False]


def test_a_flattening_by_hand_is_never_refused_for_a_war() -> None:
    driver = Driver(policy(active("daily_realized_loss", loss=D(500))))
    driver.trades_known()
    driver.fill("-600", "loss")
    fought(driver, 20, standing=False)
    driver.read(held("1"))
    assert [item.kind for item in intents(command(driver, CommandKind.FLATTEN))] == [IntentKind.CLOSE]


def test_a_stop_that_rests_for_a_holding_stays_after_a_flattening() -> None:
    holding = held("9", key=ETH, root="ETH", tags=frozenset({"holding"}))
    stops = [
        replace(order(instrument(coin), OrderSide.SELL, OrderPurpose.STOP_LOSS, trigger=90), order_id=coin)
        for coin in ("BTC", "ETH")
    ]
    driver = Driver(policy())
    driver.read(holding, held("1"), orders=tuple(stops))
    command(driver, CommandKind.FLATTEN)
    decided = driver.read(holding, orders=tuple(stops))
    assert [item.order_id for item in intents(decided)] == ["BTC"]
    assert any(isinstance(item, FlattenEnded) and item.verified for item in decided)
