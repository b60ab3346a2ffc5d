"""Parts of a read that hold an impossible number were not read (law 1): they are unknown, and no step fails on them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from market_analysis.domain import Read, Unknown
from market_analysis.domain.event import AccountRead, HeldPosition, MoneyRead


def sound(event: AccountRead, now: datetime) -> AccountRead:
    """The read with what is impossible in it unknown, and without positions of nothing."""
    return replace(event, money=_money(event.money, now), positions=_positions(event.positions, now))


def _money(money: Read[MoneyRead], now: datetime) -> Read[MoneyRead]:
    if isinstance(money, Unknown):
        return money
    known = (money.balance, money.equity, money.equity_if_flat, money.margin_used)
    return money if _finite(*known) else Unknown("malformed", "an amount is no number", now)


def _positions(positions: Read[tuple[HeldPosition, ...]], now: datetime) -> Read[tuple[HeldPosition, ...]]:
    if isinstance(positions, Unknown):
        return positions
    wrong: list[Any] = [item.key for item in positions if not _possible(item)]
    if wrong:
        return Unknown("malformed", f"{', '.join(map(str, wrong))} cannot be", now)
    return tuple(item for item in positions if item.quantity > 0)


def _possible(item: HeldPosition) -> bool:
    numbers = (item.quantity, item.entry_price, item.mark, item.unrealized, item.tick_size, item.tick_value, item.notional)
    return _finite(*numbers) and item.quantity >= 0 and item.tick_size > 0


def _finite(*numbers: Decimal | None) -> bool:
    return all(number is None or number.is_finite() for number in numbers)
