"""What a rule sees, written short: an account in dollars at 2026-03-02 15:00 UTC, day from midnight UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from market_analysis.domain import (
    Category,
    ExecutionStyle,
    InstrumentId,
    Order,
    OrderPurpose,
    OrderSide,
    PositionKey,
    Side,
    TradingDay,
    TriggerSource,
    Unknown,
)
from market_analysis.rules.registry import rule_named
from market_analysis.rules.verdict import Verdict
from market_analysis.rules.view import AccountView, Anchors, Level, Mark, MoneyView, Period, PositionView, TradeView

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
DAY = TradingDay(date(2026, 3, 2), datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC))
D = Decimal


def ago(seconds: float) -> datetime:
    """So long before NOW."""
    return NOW - timedelta(seconds=seconds)


def unread() -> Unknown[Any]:
    """A part that could not be read."""
    return Unknown("venue_unavailable", "the venue did not answer", NOW)


def instrument(symbol: str) -> InstrumentId:
    """One of a venue that exists for tests."""
    return InstrumentId("test", Category.LINEAR, symbol)


def key(symbol: str, index: int = 0) -> PositionKey:
    """The slot of that symbol."""
    return PositionKey("main", instrument(symbol), index)


def position(symbol: str, quantity: str, mark: str | None = "100", entry: str = "100", **changes: Any) -> PositionView:
    """Long for a quantity above zero, short below. Tick 1, a dollar per tick and contract: profit = (mark - entry) * quantity."""
    size = Decimal(quantity)
    side = Side.LONG if size > 0 else Side.SHORT
    index, mark_at = changes.pop("index", 0), changes.pop("mark_at", NOW)
    profit = None if mark is None else (Decimal(mark) - Decimal(entry)) * size
    fields: dict[str, Any] = {
        "key": key(symbol, index),
        "root": changes.pop("root", symbol),
        "side": side,
        "quantity": abs(size),
        "entry_price": Decimal(entry),
        "opened_at": ago(600),
        "mark": unread() if mark is None else Mark(Decimal(mark), mark_at),
        "unrealized": profit,
        "tick_size": Decimal(1),
        "tick_value": Decimal(1),
        "best_price": Decimal(entry),
    }
    tags = frozenset(changes.pop("tags", ()))
    return PositionView(**(fields | {"tags": tags} | changes))


def order(item: PositionView, trigger: str | None, **changes: Any) -> Order:
    """A market stop of the position, whole size unless told otherwise."""
    fields: dict[str, Any] = {
        "order_id": "s1",
        "client_order_id": None,
        "instrument": item.key.instrument,
        "position_index": item.key.position_index,
        "side": OrderSide.SELL if item.side is Side.LONG else OrderSide.BUY,
        "purpose": OrderPurpose.STOP_LOSS,
        "style": ExecutionStyle.MARKET,
        "quantity": None,
        "limit_price": None,
        "trigger_price": None if trigger is None else Decimal(trigger),
        "trigger_source": TriggerSource.MARK,
        "reduce_only": True,
        "is_active": True,
        "trailing_distance": None,
        "activation_price": None,
        "created_at": NOW,
        "raw_status": "New",
    }
    return Order(**(fields | changes))


def entry_order(symbol: str, order_id: str = "e1") -> Order:
    """A resting limit buy that would open or enlarge."""
    plain = order(position(symbol, "1"), None)
    values = {name: getattr(plain, name) for name in plain.__slots__}
    limit = {"purpose": OrderPurpose.ENTRY, "style": ExecutionStyle.LIMIT, "limit_price": Decimal(99), "reduce_only": False}
    return Order(**(values | limit | {"order_id": order_id, "side": OrderSide.BUY, "quantity": Decimal(1)}))


def trade(order_id: str, seconds_ago: float, realized: str | None = None, costs: str = "0", **changes: Any) -> TradeView:
    """One fill; its id is its order's and its time's."""
    fields: dict[str, Any] = {
        "fill_id": f"{order_id}-{seconds_ago}",
        "order_id": order_id,
        "instrument": instrument("BTCUSDT"),
        "root": "BTC",
        "time": ago(seconds_ago),
        "realized": None if realized is None else Decimal(realized),
        "costs": Decimal(costs),
    }
    return TradeView(**(fields | changes))


def money(equity: str, balance: str | None = None, used: str | None = "0", flat: str | None = None, **changes: Any) -> MoneyView:
    """Balance is equity unless told otherwise."""
    fields: dict[str, Any] = {
        "balance": Decimal(equity if balance is None else balance),
        "equity": Decimal(equity),
        "equity_if_flat": None if flat is None else Decimal(flat),
        "margin_used": None if used is None else Decimal(used),
        "at": NOW,
    }
    return MoneyView(**(fields | changes))


def level(balance: str, equity: str | None = None) -> Level:
    """Equity is balance unless told otherwise."""
    return Level(Decimal(balance), Decimal(balance if equity is None else equity))


def view(*positions: PositionView, **changes: Any) -> AccountView:
    """Flat, 10,000 at every anchor, everything read and explained, unless told otherwise."""
    start = level("10000")
    fields: dict[str, Any] = {
        "name": "main",
        "currency": "USD",
        "now": NOW,
        "day": DAY,
        "money": money("10000"),
        "anchors": Anchors(Decimal(10000), dict.fromkeys(Period, start), start, start),
        "positions": tuple(positions),
        "orders": (),
        "orders_match": True,
        "trades": (),
        "can_trade": True,
        "unexplained": Decimal(0),
    }
    return AccountView(**(fields | changes))


def judge(rule: str, seen: AccountView, **parameters: Any) -> tuple[Verdict, ...]:
    """The rule's verdicts."""
    found = rule_named(rule)
    return found.evaluate(seen, found.parameters(**parameters))


def one(rule: str, seen: AccountView, **parameters: Any) -> Verdict:
    """Its only verdict."""
    (verdict,) = judge(rule, seen, **parameters)
    return verdict


def asked(verdict: Verdict) -> list[str]:
    """What it asks for, in words: `close BTCUSDT`, `reduce ES 3`, `stop ES 95`, `cancel ES`, `close all`."""
    words = []
    for item in verdict.responses:
        name = type(item).__name__
        symbol = item.key.instrument.symbol if hasattr(item, "key") else ""
        index = f"#{item.key.position_index}" if hasattr(item, "key") and item.key.position_index else ""
        if name == "CloseAll":
            words.append("close all")
        elif name == "ClosePosition":
            words.append(f"close {symbol}{index}")
        elif name == "ReducePosition":
            words.append(f"reduce {symbol}{index} {item.to_quantity:f}")
        elif name == "SetStop":
            words.append(f"stop {symbol}{index} {item.price:f}")
        else:
            words.append(f"cancel {item.instrument.symbol if item.instrument else 'all'}")
    return words
