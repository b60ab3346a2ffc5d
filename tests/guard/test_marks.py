"""Prices between reads: floating profit and equity by hand, and never more than a question before a read has answered it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from books import instrument_id
from guard_world import BTC, Driver, active, held, intents, policy

from market_analysis.domain import InstrumentId, PositionKey, Side, Unknown
from market_analysis.domain.decision import ReadNow
from market_analysis.domain.event import MarksSeen, MoneyRead
from market_analysis.guard.judging import judge
from market_analysis.guard.marks import trigger_prices
from market_analysis.guard.viewing import account_view
from market_analysis.rules.verdict import Status
from market_analysis.rules.view import Mark

D = Decimal
ETHUSDT = instrument_id("ETHUSDT")
ETH = PositionKey("main", ETHUSDT, 0)
LINEAR = {"tick_size": D("0.1"), "tick_value": D("0.1")}
"""A dollar per point and contract."""


def mark(driver: Driver, seconds: float = 0.5, **prices: str) -> tuple[object, ...]:
    driver.at += timedelta(seconds=seconds)
    driver.uptime += round(seconds * 1000)
    return driver.feed(MarksSeen(driver.at, driver.uptime, {instrument_id(name): D(price) for name, price in prices.items()}))


def floating(loss: str = "500") -> Driver:
    return Driver(policy(active("daily_unrealized_loss", loss=D(loss))))


def test_profit_value_and_equity_follow_the_mark() -> None:
    driver = floating()
    driver.read(held("10", notional=D(1000), **LINEAR), held("4", side=Side.SHORT, key=ETH, root="ETH", **LINEAR))
    mark(driver, BTCUSDT="90", ETHUSDT="95")
    assert isinstance(driver.state.positions, tuple)
    btc, eth = driver.state.positions
    assert (btc.mark, btc.unrealized, btc.notional) == (D(90), D(-100), D(900))
    assert (eth.mark, eth.unrealized) == (D(95), D(20))
    assert driver.state.money == MoneyRead(D(10_000), D(9_920))
    view = account_view(driver.state)
    assert isinstance(view.positions, tuple)
    assert view.positions[0].mark == Mark(D(90), driver.at)


def test_equity_if_flat_follows_and_what_outlives_a_mark_does_not() -> None:
    driver = floating()
    driver.read(held("10", **LINEAR), money=MoneyRead(D(10_000), D(10_000), D(9_990)))
    mark(driver, BTCUSDT="110")
    assert driver.state.money == MoneyRead(D(10_000), D(10_100), D(10_090))
    assert driver.state.anchors.real_time_peak is None
    assert driver.state.best[driver.state.positions[0].key] == 100  # type: ignore[index, union-attr]


def test_a_mark_alone_asks_and_a_read_that_agrees_acts() -> None:
    driver = floating()
    driver.read(held("10", **LINEAR))
    asked = mark(driver, BTCUSDT="50")
    assert not intents(asked)
    assert any(isinstance(item, ReadNow) for item in asked)
    assert not intents(mark(driver, BTCUSDT="49"))
    assert intents(driver.read(held("10", mark="50", **LINEAR)))


def test_a_mark_that_no_read_confirms_closes_nothing() -> None:
    driver = floating()
    driver.read(held("10", **LINEAR))
    mark(driver, BTCUSDT="50")
    assert not intents(driver.read(held("10", mark="99", **LINEAR)))
    assert not intents(driver.read(held("10", mark="99", **LINEAR)))


def test_what_is_not_constant_or_not_known_waits_for_a_read() -> None:
    driver = floating()
    driver.read(held("10"), held("1", mark=None, key=ETH, root="ETH", **LINEAR))
    before = driver.state.positions
    mark(driver, BTCUSDT="50", ETHUSDT="50")
    assert driver.state.positions == before
    assert driver.state.marked_at == {}
    driver.blind()
    mark(driver, BTCUSDT="50")
    (verdict,) = [item for _, item in judge(driver.state)]
    assert verdict.status is Status.UNKNOWN


def test_without_money_the_profit_follows_alone() -> None:
    driver = floating()
    driver.read(held("10", **LINEAR))
    driver.read(held("10", **LINEAR), money=Unknown("venue_unavailable", "no answer", driver.at))
    mark(driver, BTCUSDT="90")
    assert driver.state.positions[0].unrealized == -100  # type: ignore[index, union-attr]
    assert not isinstance(driver.state.money, MoneyRead)


def triggers(driver: Driver) -> dict[InstrumentId, tuple[Decimal, Decimal]]:
    return dict(trigger_prices(driver.state, [verdict for _, verdict in judge(driver.state)]))


def test_where_a_limit_would_be_reached() -> None:
    driver = floating()
    driver.read(held("10", mark="80", **LINEAR), held("2", side=Side.SHORT, key=ETH, root="ETH", **LINEAR))
    # 200 lost of 500: 300 left, 30 points of ten contracts, 150 of two
    assert triggers(driver) == {BTC: (D(50), D(110)), ETHUSDT: (D(-50), D(250))}
    driver.read(held("10", mark="40", **LINEAR))
    assert triggers(driver) == {}
    driver.read(held("10"))
    assert triggers(driver) == {}
    driver.blind()
    assert triggers(driver) == {}


def test_two_slots_of_one_instrument_are_reached_at_the_nearer_price() -> None:
    driver = floating()
    second = PositionKey("main", BTC, 2)
    driver.read(held("10", mark="80", **LINEAR), held("30", mark="80", entry="80", key=second, **LINEAR))
    # 300 left: 30 points of ten contracts, 10 of thirty
    assert triggers(driver) == {BTC: (D(70), D(90))}
