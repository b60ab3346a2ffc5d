"""What a client may ask the ledger to do with orders and protective stops: Bybit's request bodies, typed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from market_analysis.venues.simulated.catalogue import Category
from market_analysis.venues.simulated.ledger.model import OrderType, Side, TimeInForce, TpslMode, TriggerBy


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """Arguments of order/create. `qty` 0 with `reduce_only` and `close_on_trigger` closes the whole position."""

    category: Category
    symbol: str
    side: Side
    order_type: OrderType
    qty: Decimal
    price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    position_idx: int = 0
    order_link_id: str = ""
    reduce_only: bool = False
    close_on_trigger: bool = False
    trigger_price: Decimal | None = None
    trigger_direction: int | None = None
    trigger_by: TriggerBy | None = None
    take_profit: Decimal | None = None
    stop_loss: Decimal | None = None
    tp_trigger_by: TriggerBy | None = None
    sl_trigger_by: TriggerBy | None = None
    tpsl_mode: TpslMode | None = None
    tp_limit_price: Decimal | None = None
    sl_limit_price: Decimal | None = None
    market_unit: str = ""


@dataclass(frozen=True, slots=True)
class AmendRequest:
    """Arguments of order/amend: `None` leaves a field as it is; a take profit or stop loss of 0 removes it."""

    category: Category
    symbol: str
    order_id: str = ""
    order_link_id: str = ""
    qty: Decimal | None = None
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    trigger_by: TriggerBy | None = None
    take_profit: Decimal | None = None
    stop_loss: Decimal | None = None
    tp_trigger_by: TriggerBy | None = None
    sl_trigger_by: TriggerBy | None = None
    tp_limit_price: Decimal | None = None
    sl_limit_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class TradingStopRequest:
    """Arguments of position/trading-stop: `None` leaves a part as it is, 0 cancels it.

    Partial mode only ever adds orders.
    """

    category: Category
    symbol: str
    position_idx: int = 0
    tpsl_mode: TpslMode = "Full"
    take_profit: Decimal | None = None
    stop_loss: Decimal | None = None
    trailing_stop: Decimal | None = None
    active_price: Decimal | None = None
    tp_trigger_by: TriggerBy | None = None
    sl_trigger_by: TriggerBy | None = None
    tp_size: Decimal | None = None
    sl_size: Decimal | None = None
    tp_limit_price: Decimal | None = None
    sl_limit_price: Decimal | None = None
    tp_order_type: OrderType = "Market"
    sl_order_type: OrderType = "Market"
