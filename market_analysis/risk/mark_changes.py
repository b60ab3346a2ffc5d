"""How much open profit has changed since the day's reset, from fills and bars, where no analysis ran then (ruling 16)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import numpy as np

from market_analysis.domain import (
    Bars,
    EntryHistory,
    Fill,
    History,
    Instrument,
    OrderSide,
    Position,
    Snapshot,
    Unknown,
    to_milliseconds,
)
from market_analysis.risk.assets import usd_rate
from market_analysis.risk.valuation import dollars

HOUR_MS = 3_600_000


def unrealized_change(snapshot: Snapshot, history: History, since: datetime) -> Decimal | None:
    """Unrealised profit of the open positions now less theirs at `since`, USD; None when one cannot be told.

    At `since` a position had q0 = q - opened + closed contracts, at the price of the hourly bar that closed then. Bars are traded
    prices, not marks: good to the basis. Positions closed since are not in it.
    """
    if isinstance(snapshot.positions, Unknown):
        return None
    changes = [_change(held, snapshot, history, since) for held in snapshot.positions]
    known = [change for change in changes if change is not None]
    return dollars(float(sum(known))) if len(known) == len(changes) else None


def _change(held: Position, snapshot: Snapshot, history: History, since: datetime) -> float | None:
    entry, terms = snapshot.entries.get(held.key), snapshot.instruments.get(held.instrument)
    if not isinstance(entry, EntryHistory) or not isinstance(terms, Instrument):
        return None
    rate = usd_rate(snapshot, terms.settle)
    if rate is None:
        return None
    now = float(held.unrealized_pnl * rate)
    start = _start_size(held, [fill for fill in entry.fills if fill.time >= since], terms)
    if start is None:
        return None
    size, entry_measure = start
    if size <= 0.0:
        return now
    price = close_at(history.hourly.get(held.instrument), since)
    if price is None:
        return None
    profit = held.side.sign * size * float(terms.contract_size) * (_measure(price, terms) - entry_measure)
    return now - profit * (price if terms.is_inverse else float(rate))


def _measure(price: float, terms: Instrument) -> float:
    """What profit is linear in: the price, or -1 / price of an inverse contract."""
    return -1.0 / price if terms.is_inverse else price


def _start_size(held: Position, later: list[Fill], terms: Instrument) -> tuple[float, float] | None:
    """(contracts at the start, measure of their average entry). None when size was both added and closed since: the
    average then depends on the order of fills that are not all known."""
    entry = _measure(float(held.entry_price), terms)
    side = OrderSide.BUY if held.side.sign > 0 else OrderSide.SELL
    opened = [(float(fill.quantity - fill.closed_quantity), float(fill.price)) for fill in later if fill.side is side]
    closed = sum(float(fill.quantity) for fill in later if fill.side is not side)
    added = sum(quantity for quantity, _ in opened)
    size = float(held.quantity) - added + closed
    if not added:
        return size, entry
    if closed:
        return None
    if size <= 1e-9 * float(held.quantity):
        return 0.0, entry
    bought = sum(quantity * _measure(price, terms) for quantity, price in opened)
    return size, (entry * float(held.quantity) - bought) / size


def close_at(bars: Bars | Unknown[Bars] | None, moment: datetime) -> float | None:
    """Close of the hourly bar that had closed at `moment`, not more than an hour before."""
    if not isinstance(bars, Bars):
        return None
    end = to_milliseconds(moment)
    row = int(np.searchsorted(bars.open_time_ms, end - HOUR_MS, side="right")) - 1
    if row < 0 or int(bars.open_time_ms[row]) <= end - 2 * HOUR_MS:
        return None
    return float(bars.close[row])
