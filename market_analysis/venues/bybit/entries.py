"""The fills that made a position, and its first protective stop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

from market_analysis.domain import (
    Category,
    EntryHistory,
    Fill,
    FillKind,
    InstrumentId,
    Position,
    Side,
    from_milliseconds,
    to_milliseconds,
)
from market_analysis.errors import AuthenticationError, MalformedAnswerError, VenueRejectedError
from market_analysis.venues.bybit.endpoints import EXECUTIONS, OPEN_ORDERS, ORDER_HISTORY, Endpoint
from market_analysis.venues.bybit.orders import SIDES
from market_analysis.venues.bybit.positions import inverse_coin
from market_analysis.venues.bybit.protective_stop import attached_stop, first_protective_stop
from market_analysis.venues.bybit.reader import Reader
from market_analysis.venues.bybit.wire.trading import ExecutionRow, OrderRow

WEEK_MS = 7 * 86_400_000
DAY_MS = 86_400_000
MAX_WEEKS = 26
MAX_PAGES_A_WEEK = 50
_MAX_ORDER_PAGES = 10

FILL_KINDS: Mapping[str, FillKind] = MappingProxyType(
    {
        "Trade": FillKind.TRADE,
        "BlockTrade": FillKind.TRADE,
        "MovePosition": FillKind.TRADE,
        "FutureSpread": FillKind.TRADE,
        "AdlTrade": FillKind.AUTO_DELEVERAGING,
        "BustTrade": FillKind.LIQUIDATION,
        "Delivery": FillKind.SETTLEMENT,
        "Settle": FillKind.SETTLEMENT,
    }
)
_NO_FILL = "Funding"


async def read_entry(reader: Reader, position: Position, now_ms: int) -> EntryHistory:
    """Walk the executions back from market time `now_ms`, a week at a time, until the slot was flat.

    The history is incomplete (`complete` False) when the slot was not flat within `MAX_WEEKS`, or when an execution changed
    the position in a way that this version does not know (a stock split, say).
    """
    walk = Walk(position)
    end_ms = now_ms
    for _ in range(MAX_WEEKS):
        rows = await _read_week(reader, position.instrument, end_ms - WEEK_MS, end_ms)
        walk.take_all(sorted(rows, key=lambda row: (row.exec_time, row.seq), reverse=True))
        if walk.ended:
            break
        end_ms -= WEEK_MS + 1
    fills = tuple(reversed(walk.fills))
    return EntryHistory(fills, walk.reached_flat, await _first_stop(reader, position, fills, now_ms) if fills else None)


async def _read_week(reader: Reader, instrument: InstrumentId, start_ms: int, end_ms: int) -> list[ExecutionRow]:
    params = {"category": instrument.category.value, "symbol": instrument.symbol, "startTime": start_ms, "endTime": end_ms}
    rows = await reader.rows(EXECUTIONS, params, ExecutionRow, max_pages=MAX_PAGES_A_WEEK)
    for row in rows:
        if row.symbol != instrument.symbol or row.side not in SIDES or row.exec_qty < 0 or row.exec_price < 0:
            raise MalformedAnswerError(f"{EXECUTIONS.path}: execution {row.exec_id} is no fill of {instrument.symbol}")
    return list({row.exec_id: row for row in rows}.values())


@dataclass(slots=True)
class Walk:
    """Undoes executions, newest first, from the position as it is to the moment when its slot was flat.

    One-way mode: every fill changes the one position; a fill that turned it over opened only what is left to explain.
    Hedge mode: executions do not name their slot, but what a fill closed belongs to the other side's slot and what it opened
    to its own.
    """

    position: Position
    left: Decimal = field(init=False)
    fills: list[Fill] = field(default_factory=list)
    ended: bool = False

    def __post_init__(self) -> None:
        self.left = self.position.quantity

    @property
    def reached_flat(self) -> bool:
        """Whether the fills add up to the position, from nothing."""
        return self.left == 0

    def take_all(self, newest_first: Iterable[ExecutionRow]) -> None:
        """Undo executions until the slot was flat."""
        for row in newest_first:
            if self.ended:
                return
            self._take(row)

    def _take(self, row: ExecutionRow) -> None:
        kind = FILL_KINDS.get(row.exec_type)
        if row.exec_type == _NO_FILL or row.exec_qty == 0:
            return
        if kind is None:
            self.ended = True
            return
        opens = (row.side == "Buy") is (self.position.side is Side.LONG)
        one_way = self.position.key.position_index == 0
        if opens:
            quantity = min(row.exec_qty, self.left) if one_way else row.exec_qty - row.closed_size
        else:
            quantity = row.exec_qty if one_way else row.closed_size
        if quantity == 0:
            return
        if opens and quantity > self.left:
            self.ended = True
            return
        self.left += -quantity if opens else quantity
        self.fills.append(fill_of(row, self.position.instrument, kind, quantity, Decimal(0) if opens else quantity))
        self.ended = self.left == 0


def fill_of(row: ExecutionRow, instrument: InstrumentId, kind: FillKind, quantity: Decimal, closed: Decimal) -> Fill:
    """The part of an execution that belongs to one position, with its share of the fee."""
    return Fill(
        fill_id=row.exec_id,
        order_id=row.order_id,
        instrument=instrument,
        side=SIDES[row.side],
        quantity=quantity,
        price=row.exec_price,
        fee=row.exec_fee * quantity / row.exec_qty,
        fee_currency=row.fee_currency or settle_coin(instrument),
        closed_quantity=closed,
        kind=kind,
        time=from_milliseconds(row.exec_time),
    )


def settle_coin(instrument: InstrumentId) -> str:
    """The coin in which a contract pays, by Bybit's naming: BTCUSDT and BTCUSDT-26MAR27 in USDT, BTCPERP and BTC-26MAR27 in
    USDC, BTCUSD in BTC."""
    if instrument.category is Category.INVERSE:
        return inverse_coin(instrument.symbol)
    return "USDT" if instrument.symbol.partition("-")[0].endswith("USDT") else "USDC"


async def _first_stop(reader: Reader, position: Position, fills: Sequence[Fill], now_ms: int) -> Decimal | None:
    """From the orders around the entry; None where the venue refuses to show them."""
    entered_ms = to_milliseconds(fills[0].time)
    start_ms = entered_ms - DAY_MS
    window: dict[str, str | int] = {"startTime": start_ms, "endTime": min(start_ms + WEEK_MS, now_ms)}
    try:
        past = await _orders(reader, ORDER_HISTORY, position.instrument, window)
        attached = attached_stop(position, fills[0].order_id, past)
        if attached is not None:
            return attached
        resting = await _orders(reader, OPEN_ORDERS, position.instrument, {"openOnly": 0})
    except (AuthenticationError, VenueRejectedError):
        return None
    return first_protective_stop(position, fills[0].order_id, past, resting)


async def _orders(reader: Reader, endpoint: Endpoint, instrument: InstrumentId, extra: Mapping[str, str | int]) -> list[OrderRow]:
    params = {"category": instrument.category.value, "symbol": instrument.symbol, **extra}
    rows = await reader.rows(endpoint, params, OrderRow, max_pages=_MAX_ORDER_PAGES)
    if any(row.symbol != instrument.symbol for row in rows):
        raise MalformedAnswerError(f"{endpoint.path}: answered orders of another symbol, asked for {instrument.symbol}")
    return rows
