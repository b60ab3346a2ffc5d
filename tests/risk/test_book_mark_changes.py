"""Open profit's change since the reset, rebuilt from fills and bars."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import books
import numpy as np
import pytest

from market_analysis.domain import Bars, Category, EntryHistory, Fill, History, Memory, OrderSide, Position, Side
from market_analysis.risk.bridge import equity_bridge
from market_analysis.risk.mark_changes import unrealized_change

D = Decimal
BTC, INVERSE = books.instrument("BTC"), books.instrument("BTC", Category.INVERSE)
RESET = books.AS_OF.replace(hour=0, minute=0)
AT_RESET = 96.0


def path() -> Bars:
    """Closes of 96 up to and including midnight, 100 at 10:00 (the last ten hours rise)."""
    bars = books.bars_from_returns(np.concatenate([np.zeros(90), np.full(10, np.log(100 / 96) / 10)]), 100)
    assert bars.close[89] == pytest.approx(96.0)
    return bars


def fill(item: object, side: OrderSide, quantity: float, price: float, time: datetime, closed: float = 0) -> Fill:
    base = books.entry_history(books.position(BTC), BTC).fills[0]
    return replace(
        base, side=side, quantity=D(str(quantity)), price=D(str(price)), time=time, closed_quantity=D(str(closed)), instrument=item
    )  # type: ignore[arg-type]


def change(held: Position, *later: Fill, history: History | None = None, complete: bool = False) -> float | None:
    item = INVERSE if held.instrument == INVERSE.id else BTC
    read = books.snapshot([held], [item])
    read = replace(read, entries={held.key: EntryHistory(later, complete)})
    found = unrealized_change(read, history or books.history({item.id: path()}), RESET)
    return None if found is None else float(found)


AFTER, BEFORE = RESET + timedelta(hours=3), RESET - timedelta(hours=3)


def test_a_position_held_through_the_reset_earned_the_move_since() -> None:
    assert change(books.position(BTC, Side.LONG, 10, 80, 100)) == pytest.approx(40)
    assert change(books.position(BTC, Side.SHORT, 10, 80, 100)) == pytest.approx(-40)
    old = fill(BTC.id, OrderSide.BUY, 10, 80, BEFORE)
    assert change(books.position(BTC, Side.LONG, 10, 80, 100), old) == pytest.approx(40)


def test_one_opened_since_earned_all_of_it() -> None:
    assert change(books.position(BTC, Side.LONG, 10, 97, 100), fill(BTC.id, OrderSide.BUY, 10, 97, AFTER)) == pytest.approx(30)


def test_added_to_since_by_hand() -> None:
    # 10 at 80 before, 10 at 98 since: average 89. Now (100 - 89) * 20 = 220; at the reset (96 - 80) * 10 = 160.
    held = books.position(BTC, Side.LONG, 20, 89, 100)
    assert change(held, fill(BTC.id, OrderSide.BUY, 10, 98, AFTER)) == pytest.approx(60)


def test_reduced_since_by_hand() -> None:
    # 10 at 80, 4 sold since: now 6 * 20 = 120; at the reset 10 * 16 = 160 (the realised part is in the log).
    held = books.position(BTC, Side.LONG, 6, 80, 100)
    assert change(held, fill(BTC.id, OrderSide.SELL, 4, 99, AFTER, closed=4)) == pytest.approx(-40)


def test_inverse_by_hand() -> None:
    # 1,000 contracts at 80: now 1,000 (1/80 - 1/100) = 2.5 coins at 100; at the reset 1,000 (1/80 - 1/96) coins at 96.
    held = books.position(INVERSE, Side.LONG, 1_000, 80, 100)
    assert change(held) == pytest.approx(250 - 1_000 * (1 / 80 - 1 / 96) * 96, abs=1e-3)


def test_what_cannot_be_told_is_none() -> None:
    held = books.position(BTC, Side.LONG, 10, 80, 100)
    both = (fill(BTC.id, OrderSide.BUY, 5, 98, AFTER), fill(BTC.id, OrderSide.SELL, 4, 99, AFTER, closed=4))
    assert change(held, *both) is None
    assert change(held, history=History({}, {})) is None
    assert change(held, history=books.history({BTC.id: path()[95:]})) is None
    assert change(held, history=books.history({BTC.id: path()[:80]})) is None
    read = books.snapshot([held], [BTC])
    history = books.history({BTC.id: path()})
    for broken in (
        books.with_unknown(read, "positions"),
        replace(read, entries={}),
        replace(read, instruments={}),
        replace(read, usd_rates={}),
    ):
        assert unrealized_change(broken, history, RESET) is None
    assert unrealized_change(books.snapshot([], []), history, RESET) == 0


def test_the_late_anchor_uses_it() -> None:
    day = books.day(None)
    rebuilt = equity_bridge(D(10_040), D(200), day, Memory(), 0.002, D(40))
    assert (rebuilt.equity_at_reset_usd, rebuilt.source, rebuilt.day_pnl_usd) == (D(10_000), "rebuilt", D(40))
    closed_some = equity_bridge(D(10_040), D(200), books.day(None, realized=10), Memory(), 0.002, D(40))
    assert (closed_some.equity_at_reset_usd, closed_some.source) == (D(9_990), "estimated")
