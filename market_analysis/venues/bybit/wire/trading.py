"""Rows of positions, orders and executions."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from market_analysis.venues.bybit.wire.convert import WireStruct


class PositionRow(WireStruct, frozen=True):
    """/v5/position/list. A flat row keeps its settings and has size 0 and no side."""

    symbol: str
    size: Decimal
    position_idx: int
    side: str = ""
    avg_price: Decimal | None = None
    mark_price: Decimal | None = None
    leverage: Decimal | None = None
    liq_price: Decimal | None = None
    initial_margin: Decimal | None = msgspec.field(default=None, name="positionIM")
    maintenance_margin: Decimal | None = msgspec.field(default=None, name="positionMM")
    unrealised_pnl: Decimal | None = None
    cur_realised_pnl: Decimal = Decimal(0)
    trailing_stop: Decimal | None = None
    adl_rank_indicator: int = 0
    updated_time: int = 0


class OrderRow(WireStruct, frozen=True):
    """/v5/order/realtime and /v5/order/history. Prices that do not apply are "" or 0.

    `activation_price`: not in every answer; a trailing stop without a trigger price has not been activated either way.
    """

    order_id: str
    symbol: str
    side: str
    qty: Decimal
    order_status: str
    order_type: str
    created_time: int
    updated_time: int
    order_link_id: str = ""
    position_idx: int = 0
    price: Decimal | None = None
    leaves_qty: Decimal | None = None
    stop_order_type: str = ""
    trigger_price: Decimal | None = None
    trigger_by: str = ""
    trigger_direction: int = 0
    stop_loss: Decimal | None = None
    reduce_only: bool = False
    close_on_trigger: bool = False
    tpsl_mode: str = ""
    is_leverage: str = ""
    activation_price: Decimal | None = None


class ExecutionRow(WireStruct, frozen=True):
    """/v5/execution/list. `closed_size`: how much of the fill reduced a position."""

    symbol: str
    order_id: str
    exec_id: str
    side: str
    exec_price: Decimal
    exec_qty: Decimal
    exec_type: str
    exec_time: int
    exec_fee: Decimal = Decimal(0)
    fee_currency: str = ""
    closed_size: Decimal = Decimal(0)
    seq: int = 0
