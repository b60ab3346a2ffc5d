"""Without a model of tails, contracts of one instrument still tell what hedges what: long less short (ruling 26)."""

from __future__ import annotations

from decimal import Decimal

from books import instrument, instrument_id, order
from guard_world import BTC, KEY, Driver, held, intents, policy

from market_analysis.domain import Order, OrderPurpose, OrderSide, PositionKey, Side
from market_analysis.domain.decision import IntentKind
from market_analysis.domain.event import AnalysisMade, Command, CommandKind
from market_analysis.domain.tail import TailModel

D = Decimal
SHORT_SLOT = PositionKey("main", BTC, 2)
ETH = PositionKey("main", instrument_id("ETHUSDT"), 0)
BLIND = TailModel(("BTC",), ((D("0.0004"),),), {BTC: ("BTC", D(100))})
"""It does not know what one of the instruments is worth."""


def locked(*positions: object, model: TailModel | None = None) -> Driver:
    driver = Driver(policy())
    driver.feed(AnalysisMade(driver.at, driver.uptime, tail=model))
    driver.read(*positions)
    driver.feed(Command(driver.at, driver.uptime, CommandKind.LOCK, "me", "enough"))
    return driver


def short(quantity: str) -> object:
    return held(quantity, side=Side.SHORT, key=SHORT_SLOT)


def entry(name: str, side: OrderSide, quantity: str, coin: str = "BTC") -> Order:
    return order(instrument(coin), side, OrderPurpose.ENTRY, quantity=D(quantity), limit=50, order_id=name)


def test_the_other_slot_of_a_position_may_be_filled_under_a_lock_as_far_as_it_hedges() -> None:
    for model in (None, BLIND):
        eth = () if model is None else (held("1", key=ETH, root="ETH"),)
        driver = locked(held("5"), *eth, model=model)
        assert not intents(driver.read(held("5"), short("3"), *eth))
        decided = intents(driver.read(held("5"), short("11"), *eth))
        assert [(item.key, item.kind) for item in decided] == [(SHORT_SLOT, IntentKind.CLOSE)]


def test_entries_that_lower_what_is_net_of_an_instrument_stay_together_and_no_further() -> None:
    driver = locked(held("5"))
    orders = (entry("one", OrderSide.SELL, "3"), entry("two", OrderSide.SELL, "2"), entry("three", OrderSide.SELL, "2"))
    more = (entry("more", OrderSide.BUY, "1"), entry("other", OrderSide.SELL, "1", "ETH"))
    cancelled = {item.order_id for item in intents(driver.read(held("5"), orders=orders + more))}
    assert cancelled == {"three", "more", "other"}


def test_a_reopened_hedge_is_not_closed_again() -> None:
    driver = locked(held("5"), short("5"))
    assert not intents(driver.read(held("5")))
    assert not intents(driver.read(held("5"), short("5")))
    assert [item.key for item in intents(driver.read(held("9"), short("5")))] == [KEY]
