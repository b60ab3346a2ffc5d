"""Every order that can still change exposure, with what it is for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from types import MappingProxyType

from market_analysis.domain import (
    Category,
    ExecutionStyle,
    InstrumentId,
    Order,
    OrderPurpose,
    OrderSide,
    TriggerSource,
    from_milliseconds,
)
from market_analysis.errors import MalformedAnswerError
from market_analysis.venues.bybit.concurrent import together
from market_analysis.venues.bybit.endpoints import OPEN_ORDERS, POSITIONS
from market_analysis.venues.bybit.positions import VENUE
from market_analysis.venues.bybit.reader import Params, Reader
from market_analysis.venues.bybit.wire.trading import OrderRow, PositionRow

MAX_PAGES = 40
"""500 active orders and 10 conditional ones a symbol are allowed; 2,000 rows are more than a book holds."""

SIDES: Mapping[str, OrderSide] = MappingProxyType({"Buy": OrderSide.BUY, "Sell": OrderSide.SELL})
OPEN_STATUSES = frozenset({"New", "PartiallyFilled", "Untriggered", "Triggered"})
_UNTRIGGERED = "Untriggered"
_PLAIN = frozenset({"", "UNKNOWN"})
_PURPOSES: Mapping[str, OrderPurpose] = MappingProxyType(
    {
        "StopLoss": OrderPurpose.STOP_LOSS,
        "PartialStopLoss": OrderPurpose.STOP_LOSS,
        "TakeProfit": OrderPurpose.TAKE_PROFIT,
        "PartialTakeProfit": OrderPurpose.TAKE_PROFIT,
        "TrailingStop": OrderPurpose.TRAILING_STOP,
        "MmRateClose": OrderPurpose.REDUCE,
    }
)
_TRIGGERS: Mapping[str, TriggerSource] = MappingProxyType(
    {"LastPrice": TriggerSource.LAST, "MarkPrice": TriggerSource.MARK, "IndexPrice": TriggerSource.INDEX}
)
_RISES, _FALLS = 1, 2
_BOOKS: tuple[tuple[Category, Params], ...] = (
    (Category.LINEAR, {"category": "linear", "settleCoin": "USDT", "openOnly": 0}),
    (Category.LINEAR, {"category": "linear", "settleCoin": "USDC", "openOnly": 0}),
    (Category.INVERSE, {"category": "inverse", "openOnly": 0}),
    (Category.SPOT, {"category": "spot", "openOnly": 0}),
)


async def read_orders(reader: Reader) -> tuple[Order, ...]:
    """All open orders, all pages, of linear (USDT and USDC), inverse and spot."""
    lists = await together(reader.rows(OPEN_ORDERS, book, OrderRow, max_pages=MAX_PAGES) for _, book in _BOOKS)
    newest: dict[str, tuple[Category, OrderRow]] = {}
    for (category, _), rows in zip(_BOOKS, lists, strict=True):
        for row in rows:
            seen = newest.get(row.order_id)
            if row.order_status in OPEN_STATUSES and (seen is None or seen[1].updated_time <= row.updated_time):
                newest[row.order_id] = (category, row)
    trails = await _trailing_distances(reader, newest.values())
    return tuple(order_of(row, category, trails.get((category, row.symbol, row.position_idx))) for category, row in newest.values())


def order_of(row: OrderRow, category: Category, trailing_distance: Decimal | None) -> Order:
    """One row as an order. A trailing stop has its distance on the position, not on the order."""
    if row.side not in SIDES:
        raise MalformedAnswerError(f"{OPEN_ORDERS.path}: order {row.order_id} has side {row.side!r}, must be Buy or Sell")
    if row.qty < 0 or (row.leaves_qty is not None and row.leaves_qty < 0):
        raise MalformedAnswerError(f"{OPEN_ORDERS.path}: order {row.order_id} has a negative quantity")
    purpose = purpose_of(row, category)
    trails = purpose is OrderPurpose.TRAILING_STOP
    trigger = row.trigger_price or None
    activation = (row.activation_price or None) if trails else None
    return Order(
        order_id=row.order_id,
        client_order_id=row.order_link_id or None,
        instrument=InstrumentId(VENUE, category, row.symbol),
        position_index=row.position_idx,
        side=SIDES[row.side],
        purpose=purpose,
        style=ExecutionStyle.MARKET if row.order_type == "Market" else ExecutionStyle.LIMIT,
        quantity=_quantity(row, purpose),
        limit_price=(row.price or None) if row.order_type == "Limit" else None,
        trigger_price=trigger,
        trigger_source=None if trigger is None and not trails else _TRIGGERS.get(row.trigger_by, TriggerSource.UNKNOWN),
        reduce_only=row.reduce_only or row.close_on_trigger,
        is_active=not trails or (trigger is not None and trigger != activation),
        trailing_distance=trailing_distance if trails else None,
        activation_price=activation,
        created_at=from_milliseconds(row.created_time),
        raw_status=row.order_status,
        attached_stop=(row.stop_loss or None) if purpose is OrderPurpose.ENTRY else None,
    )


def purpose_of(row: OrderRow, category: Category) -> OrderPurpose:
    """What the order does when it fills. A reduce-only conditional order that sells into a fall or buys into a rise is a stop,
    the other way round a target. A spot sale of what is held reduces; one on margin may open a short and is UNKNOWN."""
    reduces = row.reduce_only or row.close_on_trigger
    if row.stop_order_type in _PURPOSES:
        return _PURPOSES[row.stop_order_type]
    if row.stop_order_type == "Stop" and reduces:
        against = _FALLS if row.side == "Sell" else _RISES
        known = row.trigger_direction in (_RISES, _FALLS)
        stop_or_target = OrderPurpose.STOP_LOSS if row.trigger_direction == against else OrderPurpose.TAKE_PROFIT
        return stop_or_target if known else OrderPurpose.UNKNOWN
    if row.stop_order_type not in _PLAIN and row.stop_order_type != "Stop":
        return OrderPurpose.UNKNOWN
    if category is Category.SPOT and row.side == "Sell":
        return OrderPurpose.UNKNOWN if row.is_leverage == "1" else OrderPurpose.REDUCE
    return OrderPurpose.REDUCE if reduces else OrderPurpose.ENTRY


def _quantity(row: OrderRow, purpose: OrderPurpose) -> Decimal | None:
    """Contracts still to fill; None for an order that closes whatever the position is."""
    bound = purpose in (OrderPurpose.STOP_LOSS, OrderPurpose.TAKE_PROFIT, OrderPurpose.TRAILING_STOP)
    if bound and row.stop_order_type in ("StopLoss", "TakeProfit", "TrailingStop") and row.tpsl_mode != "Partial":
        return None
    if row.close_on_trigger and row.qty == 0:
        return None
    if row.order_status == _UNTRIGGERED or row.leaves_qty is None:
        return row.qty
    return row.leaves_qty


Slot = tuple[Category, str, int]


async def _trailing_distances(reader: Reader, orders: Collection[tuple[Category, OrderRow]]) -> Mapping[Slot, Decimal]:
    """Trailing distance per position slot, read only where a trailing stop rests."""
    symbols = sorted({(category, row.symbol) for category, row in orders if row.stop_order_type == "TrailingStop"})
    if not symbols:
        return {}
    lists = await together(
        reader.one_page(POSITIONS, {"category": category.value, "symbol": symbol}, PositionRow) for category, symbol in symbols
    )
    return {
        (category, row.symbol, row.position_idx): row.trailing_stop
        for (category, _), rows in zip(symbols, lists, strict=True)
        for row in rows
        if row.trailing_stop
    }
