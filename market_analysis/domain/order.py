"""Resting orders, with what they are for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from market_analysis.domain.instrument import InstrumentId


class OrderSide(StrEnum):
    """Buy or sell."""

    BUY = "buy"
    SELL = "sell"


class TriggerSource(StrEnum):
    """The price series that fires a conditional order."""

    LAST = "last"
    MARK = "mark"
    INDEX = "index"
    UNKNOWN = "unknown"


class OrderPurpose(StrEnum):
    """What an order does to the book when it fills."""

    ENTRY = "entry"
    STOP_LOSS = "stop_loss"
    TAKE_PROFIT = "take_profit"
    TRAILING_STOP = "trailing_stop"
    REDUCE = "reduce"
    UNKNOWN = "unknown"


class ExecutionStyle(StrEnum):
    """How the order meets the market once it is live or triggered."""

    MARKET = "market"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class Order:
    """An order that can still change exposure, including untriggered and suspended ones.

    quantity: contracts still to fill; None when the order closes whatever the position is (Bybit's full-position TP/SL).
    trigger_price: None for plain orders. trailing_distance: price units. activation_price: a trailing stop sleeps before it
    (`is_active` False). `raw_status` keeps the venue's word. attached_stop: trigger price of the stop that an entry brings with it.
    """

    order_id: str
    client_order_id: str | None
    instrument: InstrumentId
    position_index: int
    side: OrderSide
    purpose: OrderPurpose
    style: ExecutionStyle
    quantity: Decimal | None
    limit_price: Decimal | None
    trigger_price: Decimal | None
    trigger_source: TriggerSource | None
    reduce_only: bool
    is_active: bool
    trailing_distance: Decimal | None
    activation_price: Decimal | None
    created_at: datetime
    raw_status: str
    attached_stop: Decimal | None = None
