"""Entries out of fills."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import books
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market_analysis.domain import EntryHistory, Fill, FillKind, OrderSide, Side
from market_analysis.risk.anchor import anchor_events, first_sight_event, known_events, scaled_out_frac

ITEM = books.instrument()
T0 = books.AS_OF - timedelta(hours=30)


def fill(side: OrderSide, quantity: float, price: float, minutes: int = 0, closed: float = 0.0, name: str = "") -> Fill:
    return Fill(
        name or f"{side}{quantity}{price}{minutes}",
        "order",
        ITEM.id,
        side,
        books.decimal(quantity),
        books.decimal(price),
        Decimal(0),
        "USDT",
        books.decimal(closed),
        FillKind.TRADE,
        T0 + timedelta(minutes=minutes),
    )


BUY, SELL = OrderSide.BUY, OrderSide.SELL


def test_average_entry_by_hand_and_reductions_leave_it() -> None:
    fills = [fill(BUY, 1, 100), fill(BUY, 1, 110, 5), fill(SELL, 1, 120, 10, closed=1), fill(BUY, 3, 95, 15)]
    events = anchor_events(fills, Side.LONG, is_inverse=False)
    # 100; (100 + 110) / 2 = 105; one left at 105, 3 at 95: (105 + 285) / 4 = 97.5
    assert [event.entry for event in events] == pytest.approx([100.0, 105.0, 97.5])
    assert [event.price for event in events] == [100.0, 110.0, 95.0]


def test_inverse_average_is_of_inverse_prices() -> None:
    fills = [fill(BUY, 100, 50_000), fill(BUY, 100, 40_000, 1)]
    # 200 / (100/50,000 + 100/40,000) = 44,444.4
    assert anchor_events(fills, Side.LONG, is_inverse=True)[-1].entry == pytest.approx(44_444.44, abs=0.01)


def test_fills_of_one_millisecond_are_one_event_and_a_flip_opens_only_its_rest() -> None:
    assert len(anchor_events([fill(SELL, 1, 100, name="a"), fill(SELL, 2, 101, name="b")], Side.SHORT, is_inverse=False)) == 1
    flip = anchor_events([fill(SELL, 3, 100, closed=2), fill(SELL, 1, 90, 5, closed=1)], Side.SHORT, is_inverse=False)
    assert [(event.entry, event.price) for event in flip] == [(100.0, 100.0)]


def test_anchor_id_changes_with_every_increase_and_with_nothing_else() -> None:
    first, more, less = fill(BUY, 1, 100), fill(BUY, 1, 101, 5), fill(SELL, 1, 102, 6)
    one = anchor_events([first], Side.LONG, is_inverse=False)
    both = anchor_events([first, more], Side.LONG, is_inverse=False)
    assert both[0] == one[0]
    assert both[1].anchor_id != one[0].anchor_id
    assert anchor_events([first, more, less], Side.LONG, is_inverse=False)[-1].anchor_id == both[-1].anchor_id


def test_a_record_that_does_not_prove_the_position_anchors_nothing() -> None:
    held = books.position(ITEM, Side.LONG, 1, 100, 101)
    whole = books.entry_history(held, ITEM)
    assert len(known_events(whole, held, is_inverse=False)) == 1
    assert known_events(None, held, is_inverse=False) == ()
    assert known_events(books.unknown(), held, is_inverse=False) == ()
    assert known_events(replace(whole, complete=False), held, is_inverse=False) == ()
    assert known_events(EntryHistory((), True), held, is_inverse=False) == ()
    assert known_events(whole, replace(held, entry_price=Decimal("100.2")), is_inverse=False) == ()


def test_scaled_out_share_by_hand() -> None:
    held = books.position(ITEM, Side.LONG, 3, 100, 101)
    record = EntryHistory((fill(BUY, 5, 100), fill(SELL, 2, 105, 5, closed=2)), True)
    assert scaled_out_frac(record, held) == pytest.approx(0.4)
    assert scaled_out_frac(replace(record, complete=False), held) == 0.0
    assert scaled_out_frac(None, held) == 0.0
    assert scaled_out_frac(books.entry_history(held, ITEM), held) == 0.0


def test_first_sight_is_told_by_side_and_entry() -> None:
    held = books.position(ITEM, Side.SHORT, 1, "100.50", 101)
    event = first_sight_event(held, 7)
    assert (event.entry, event.price, event.time_ms, event.anchor_id) == (100.5, 100.5, 7, "first_sight|short|100.5")


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 9), st.integers(50, 150)), min_size=1, max_size=12))
def test_average_entry_equals_the_venues_bookkeeping(steps: list[tuple[bool, int, int]]) -> None:
    """A slow twin with exact fractions, closing never more than is held."""
    size = cost = Decimal(0)
    fills, expected = [], []
    for minute, (buys, quantity, price) in enumerate(steps):
        if buys:
            size, cost = size + quantity, cost + quantity * price
            fills.append(fill(BUY, quantity, price, minute))
            expected.append(float(cost / size))
        elif quantity < size:
            cost -= cost / size * quantity
            size -= quantity
            fills.append(fill(SELL, quantity, price, minute, closed=quantity))
    events = anchor_events(fills, Side.LONG, is_inverse=False)
    assert [event.entry for event in events] == pytest.approx(expected)
