"""Closing one leg of a hedge between two coins, and hedging under a lock: from the events to the orders given out."""

from __future__ import annotations

from decimal import Decimal

from books import instrument, instrument_id, order
from guard_world import BTC, KEY, Driver, active, held, intents, policy

from market_analysis.domain import Order, OrderPurpose, OrderSide, PositionKey, Side
from market_analysis.domain.decision import Alert, IntentKind
from market_analysis.domain.event import AnalysisMade, Command, CommandKind
from market_analysis.domain.tail import TailModel

D = Decimal
ETHUSDT = instrument_id("ETHUSDT")
ETH = PositionKey("main", ETHUSDT, 0)
MODEL = TailModel(
    assets=("BTC", "ETH"),
    covariance=((D("0.0004"), D("0.00048")), (D("0.00048"), D("0.0009"))),
    per_contract={BTC: ("BTC", D(100)), ETHUSDT: ("ETH", D(100))},
)
NO_STOP = active("no_stop_loss_grace", grace_period_seconds=0, attach_planned_stop=False)
HEDGED = (held("10"), held("9", side=Side.SHORT, key=ETH, root="ETH", tags=frozenset({"hedge"})))


def analysed(driver: Driver, model: TailModel | None = MODEL) -> None:
    driver.feed(AnalysisMade(driver.at, driver.uptime, tail=model))


def closes(decisions: object) -> list[PositionKey | None]:
    return [item.key for item in intents(decisions) if item.kind is IntentKind.CLOSE]


def alerts(decisions: object) -> list[tuple[str, bool]]:
    return [(item.code, item.raised) for item in decisions if isinstance(item, Alert) and item.code == "would_unhedge"]


def test_the_long_of_a_hedge_without_a_stop_is_left_and_somebody_is_woken_once() -> None:
    driver = Driver(policy(NO_STOP))
    analysed(driver)
    told = [found for _ in range(5) for found in alerts(driver.read(*HEDGED))]
    assert told == [("would_unhedge", True)]
    assert not closes(driver.decisions)
    decided = driver.read(held("10"))
    assert alerts(decided) == [("would_unhedge", False)]
    assert closes(decided) == [KEY]


def test_without_a_model_or_with_an_old_one_the_rules_alone_decide() -> None:
    for model, wait in ((None, 0), (MODEL, 86_500)):
        driver = Driver(policy(NO_STOP))
        analysed(driver, model)
        driver.wait(wait)
        driver.read(*HEDGED)
        assert closes(driver.read(*HEDGED)) == [KEY]


def test_a_position_that_hedges_nothing_is_closed() -> None:
    driver = Driver(policy(NO_STOP))
    analysed(driver)
    both = (held("10"), held("1", key=ETH, root="ETH", tags=frozenset({"hedge"})))
    driver.read(*both)
    assert closes(driver.read(*both)) == [KEY]


def entry(name: str, coin: str, side: OrderSide, quantity: str | None) -> Order:
    return order(
        instrument(coin), side, OrderPurpose.ENTRY, quantity=None if quantity is None else D(quantity), limit=50, order_id=name
    )


def locked(*positions: object) -> Driver:
    driver = Driver(policy())
    analysed(driver)
    driver.read(*positions)
    driver.feed(Command(driver.at, driver.uptime, CommandKind.LOCK, "me", "enough"))
    return driver


def test_a_lock_permits_orders_that_lower_the_tail_together_and_cancels_the_rest() -> None:
    driver = locked(held("10"))
    orders = (
        entry("hedge", "ETH", OrderSide.SELL, "4"),
        entry("second", "ETH", OrderSide.SELL, "1"),
        entry("too much", "ETH", OrderSide.SELL, "40"),
        entry("more", "BTC", OrderSide.BUY, "1"),
        entry("unknown coin", "SOL", OrderSide.SELL, "1"),
        entry("unknown size", "ETH", OrderSide.SELL, None),
    )
    cancelled = {item.order_id for item in intents(driver.read(held("10"), orders=orders)) if item.kind is IntentKind.CANCEL}
    assert cancelled == {"too much", "more", "unknown coin", "unknown size"}


def test_a_hedge_that_grows_under_a_lock_may_stay_and_one_that_turns_the_book_may_not() -> None:
    long, short = held("10"), held("1", side=Side.SHORT, key=ETH, root="ETH")
    driver = locked(long, short)
    assert closes(driver.read(long, held("5", side=Side.SHORT, key=ETH, root="ETH"))) == []
    assert closes(driver.read(long, held("40", side=Side.SHORT, key=ETH, root="ETH"))) == [ETH]


def test_a_flattening_closes_all_legs_and_is_not_held_back() -> None:
    driver = Driver(policy(active("daily_realized_loss", loss=D(500))))
    driver.trades_known()
    analysed(driver)
    driver.fill("-500", "loss")
    assert set(closes(driver.read(*HEDGED))) == {KEY, ETH}


def test_holdings_are_in_the_model_and_not_counted_twice() -> None:
    model = TailModel(MODEL.assets, MODEL.covariance, MODEL.per_contract, {"BTC": D(1000)})
    driver = Driver(policy(NO_STOP))
    analysed(driver, model)
    both = (held("10", side=Side.SHORT), held("10", key=ETH, root="ETH", tags=frozenset({"holding"})))
    driver.read(*both)
    assert not closes(driver.read(*both))
    assert alerts(driver.decisions) == [("would_unhedge", True)]
