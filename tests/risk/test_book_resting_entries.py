"""What resting entry orders would add to the loss."""

from __future__ import annotations

from dataclasses import replace

import books
import pytest

from market_analysis.domain import Category, Order, OrderPurpose, OrderSide, Side, TriggerSource
from market_analysis.risk.resting_entries import resting_entries_usd
from market_analysis.settings import Settings

BTC = books.instrument("BTC")
INVERSE = books.instrument("BTC", Category.INVERSE)
SETTINGS = Settings()
FEE, SLIP, GAP = 0.00055, 0.0005, 0.15


def entry(side: OrderSide = OrderSide.BUY, quantity: int = 1, limit: int | None = 95, **other: object) -> Order:
    return books.order(BTC, side, OrderPurpose.ENTRY, quantity=quantity, limit=limit, **other)  # type: ignore[arg-type]


def added(*orders: Order, held: tuple = (), prices: bool = True) -> float | None:  # type: ignore[type-arg]
    read = books.snapshot(held, [BTC], orders=orders, prices={BTC.id: 100} if prices else {})
    return resting_entries_usd(read, SETTINGS)


def test_none_is_zero_and_reducing_orders_add_nothing() -> None:
    assert added() == 0.0
    held = books.position(BTC, Side.LONG, 1, 100)
    take_profit = books.order(BTC, OrderSide.SELL, OrderPurpose.TAKE_PROFIT, quantity=1, limit=110)
    assert added(take_profit, books.stop_for(held, BTC, 90), held=(held,)) == 0.0


def test_limit_entry_at_the_stress_gap_by_hand() -> None:
    # Filled at 95, lost at 95 * .85: distance 14.25, entry fee on 95, exit fee and slippage on 80.75.
    assert added(entry()) == pytest.approx(95 * GAP + 95 * FEE + 95 * (1 - GAP) * (FEE + SLIP))
    assert added(entry(OrderSide.SELL, limit=105)) == pytest.approx(105 * GAP + 105 * FEE + 105 * (1 + GAP) * (FEE + SLIP))


def test_trigger_and_market_entries_pay_slippage_too() -> None:
    triggered = entry(limit=None, trigger=110, source=TriggerSource.LAST)
    assert added(triggered) == pytest.approx(110 * GAP + 110 * (FEE + SLIP) + 110 * (1 - GAP) * (FEE + SLIP))
    assert added(entry(limit=None)) == pytest.approx(100 * GAP + 100 * (FEE + SLIP) + 85 * (FEE + SLIP))


def test_a_full_position_stop_of_the_slot_is_the_stop() -> None:
    held = books.position(BTC, Side.LONG, 1, 100)
    stop = books.stop_for(held, BTC, 90)
    expected = 5 + 95 * FEE + 90 * (FEE + SLIP)
    assert added(entry(), stop, held=(held,)) == pytest.approx(expected)
    sleeping = replace(stop, is_active=False)
    behind = replace(stop, trigger_price=books.decimal(96))
    partial = replace(stop, quantity=books.decimal(1))
    for useless in (sleeping, behind, partial):
        assert added(entry(), useless, held=(held,)) == pytest.approx(added(entry()))
    assert added(entry(), stop, replace(stop, trigger_price=books.decimal(92)), held=(held,)) == pytest.approx(
        3 + 95 * FEE + 92 * (FEE + SLIP)
    )


def test_one_way_orders_close_before_they_open() -> None:
    held = books.position(BTC, Side.LONG, 2, 100)
    sell = entry(OrderSide.SELL, 1, 105)
    assert added(sell, held=(held,)) == 0.0
    three = [replace(sell, order_id=f"o{i}") for i in range(3)]
    assert added(*three, held=(held,)) == pytest.approx(added(sell))
    hedged = replace(held, key=replace(held.key, position_index=1))
    assert added(sell, held=(hedged,)) == pytest.approx(added(sell))


def test_inverse_in_dollars() -> None:
    order = books.order(INVERSE, OrderSide.SELL, OrderPurpose.ENTRY, quantity=1_000, limit=100)
    read = books.snapshot([], [INVERSE], orders=[order], prices={INVERSE.id: 100})
    # Short 1,000 contracts from 100 to 115: 1,000 (1/100 - 1/115) coins, paid at 115 USD; fees on 1,000 USD at either end.
    expected = 115 * 1_000 * (1 / 100 - 1 / 115) + 1_000 * FEE + 1_000 * (FEE + SLIP)
    assert resting_entries_usd(read, SETTINGS) == pytest.approx(expected)


def test_spot_orders_are_no_margin_risk_and_an_unplaced_purpose_counts_as_entry() -> None:
    spot = books.instrument("BTC", Category.SPOT)
    order = books.order(spot, OrderSide.BUY, OrderPurpose.ENTRY, quantity=1, limit=95)
    assert resting_entries_usd(books.snapshot([], [spot], orders=[order]), SETTINGS) == 0.0
    unplaced = replace(entry(), purpose=OrderPurpose.UNKNOWN)
    assert added(unplaced) == pytest.approx(added(entry()))


def test_unread_parts_are_unknown() -> None:
    read = books.snapshot([], [BTC], orders=[entry()], prices={BTC.id: 100})
    for part in ("orders", "positions"):
        assert resting_entries_usd(books.with_unknown(read, part), SETTINGS) is None
    assert resting_entries_usd(replace(read, instruments={}), SETTINGS) is None
    assert resting_entries_usd(replace(read, usd_rates={}), SETTINGS) is None
    assert added(entry(limit=None), prices=False) is None


def test_the_stop_that_an_entry_brings_along_is_its_stop() -> None:
    assert added(entry(attached_stop=92)) == pytest.approx(3 + 95 * FEE + 92 * (FEE + SLIP))
    assert added(entry(attached_stop=96)) == added(entry()), "on the wrong side it protects nothing"
