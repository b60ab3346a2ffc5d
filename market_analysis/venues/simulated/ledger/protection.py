"""Stops and targets bound to a position.

Made by attached prices or trading-stop, sized with it, cleared when it is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from market_analysis.venues.simulated.ledger.journal import close_order, write_order
from market_analysis.venues.simulated.ledger.margin import opposite, value_at
from market_analysis.venues.simulated.ledger.model import ZERO, Order, StopOrderType, TriggerBy
from market_analysis.venues.simulated.ledger.prices import PricesAt
from market_analysis.venues.simulated.ledger.state import AccountState, PositionState

FULL_TYPES: frozenset[str] = frozenset({"TakeProfit", "StopLoss", "TrailingStop"})
PARTIAL_TYPES: frozenset[str] = frozenset({"PartialTakeProfit", "PartialStopLoss"})
BOUND_TYPES = FULL_TYPES | PARTIAL_TYPES
CLEARED = "CancelByTpSlTsClear"


@dataclass(frozen=True, slots=True)
class Protection:
    """One stop or target to make.

    `limit_price` None is a market order; `trail_distance` makes it trail (no trigger price until it is awake).
    """

    stop_order_type: StopOrderType
    trigger_price: Decimal | None
    trigger_by: TriggerBy
    qty: Decimal
    limit_price: Decimal | None = None
    trail_distance: Decimal | None = None
    active_price: Decimal | None = None
    pair_id: str = ""


def bound_orders(account: AccountState, position: PositionState) -> list[Order]:
    """Open stops and targets of a position, in placing order."""
    spec = position.spec
    return [
        order
        for order in account.open_orders()
        if order.stop_order_type in BOUND_TYPES
        and (order.category, order.symbol, order.position_idx) == (spec.category, spec.symbol, position.position_idx)
    ]


def full_order(account: AccountState, position: PositionState, kind: StopOrderType) -> Order | None:
    """The position's one full stop, target or trailing stop."""
    return next((order for order in bound_orders(account, position) if order.stop_order_type == kind), None)


def is_target(kind: StopOrderType) -> bool:
    """Whether the type takes profit."""
    return kind in ("TakeProfit", "PartialTakeProfit")


def add_protection(account: AccountState, position: PositionState, wanted: Protection, prices: PricesAt, time_ms: int) -> Order:
    """Place a stop or target on a position."""
    spec = position.spec
    rises = is_target(wanted.stop_order_type) == (position.side == "Buy")
    side = opposite("Buy" if position.side == "Buy" else "Sell")
    order = Order(
        order_id=account.next_id("order"),
        order_link_id="",
        category=spec.category,
        symbol=spec.symbol,
        side=side,
        order_type="Market" if wanted.limit_price is None else "Limit",
        price=wanted.limit_price,
        qty=wanted.qty,
        time_in_force="IOC" if wanted.limit_price is None else "GTC",
        position_idx=position.position_idx,
        order_status="Untriggered",
        created_time_ms=time_ms,
        updated_time_ms=time_ms,
        leaves_qty=wanted.qty,
        leaves_value=value_at(spec, wanted.qty, wanted.limit_price or wanted.trigger_price or prices.last(spec)),
        reduce_only=True,
        close_on_trigger=True,
        create_type=f"CreateBy{wanted.stop_order_type}",
        stop_order_type=wanted.stop_order_type,
        trigger_price=wanted.trigger_price,
        trigger_by=wanted.trigger_by,
        trigger_direction=1 if rises else 2,
        last_price_on_created=prices.last(spec),
        tpsl_mode="Partial" if wanted.stop_order_type in PARTIAL_TYPES else "Full",
        trail_distance=wanted.trail_distance,
        active_price=wanted.active_price,
        pair_id=wanted.pair_id,
    )
    account.touch(position.key)
    return write_order(account, order, time_ms)


def replace_full(account: AccountState, position: PositionState, wanted: Protection, prices: PricesAt, time_ms: int) -> None:
    """Set the position's full stop or target: amend the one there is, else place one."""
    existing = full_order(account, position, wanted.stop_order_type)
    if existing is None:
        add_protection(account, position, wanted, prices, time_ms)
        return
    write_order(
        account,
        existing,
        time_ms,
        trigger_price=wanted.trigger_price,
        trigger_by=wanted.trigger_by,
        trail_distance=wanted.trail_distance,
        active_price=wanted.active_price,
        qty=wanted.qty,
        leaves_qty=wanted.qty,
    )
    account.touch(position.key)


def after_fill(account: AccountState, filled: Order, prices: PricesAt, time_ms: int) -> None:
    """Bring protection in line with the position.

    Clear, resize, drop the other leg of a pair, place what was attached.
    """
    spec = prices.spec(filled.category, filled.symbol)
    position = account.position(spec, filled.position_idx, time_ms)
    for order in bound_orders(account, position):
        gone = position.size == 0 or order.side == position.side
        if gone or (filled.pair_id and order.pair_id == filled.pair_id):
            close_order(account, order, time_ms, CLEARED)
        elif order.leaves_qty > position.size or (order.tpsl_mode == "Full" and order.leaves_qty < position.size):
            _resize(account, order, position, prices, time_ms)
    if position.size == 0:
        _cancel_reducers(account, filled, time_ms)
    elif not filled.reduce_only and position.side == filled.side:
        place_attached(account, position, filled, prices, time_ms)


def _resize(account: AccountState, order: Order, position: PositionState, prices: PricesAt, time_ms: int) -> None:
    """Make a stop or target as large as the position."""
    price = order.price or order.trigger_price or prices.last(position.spec)
    value = value_at(position.spec, position.size, price)
    write_order(account, order, time_ms, qty=position.size, leaves_qty=position.size, leaves_value=value)


def place_attached(account: AccountState, position: PositionState, filled: Order, prices: PricesAt, time_ms: int) -> None:
    """Place the stop and target that came with an entry order."""
    partial = filled.tpsl_mode == "Partial"
    pair = account.next_id("pair") if partial and filled.take_profit and filled.stop_loss else ""
    qty = filled.cum_exec_qty if partial else position.size
    wanted: list[Protection] = []
    if filled.take_profit:
        kind: StopOrderType = "PartialTakeProfit" if partial else "TakeProfit"
        by: TriggerBy = filled.tp_trigger_by or "LastPrice"
        wanted.append(Protection(kind, filled.take_profit, by, qty, filled.tp_limit_price if partial else None, pair_id=pair))
    if filled.stop_loss:
        kind = "PartialStopLoss" if partial else "StopLoss"
        by = filled.sl_trigger_by or "LastPrice"
        wanted.append(Protection(kind, filled.stop_loss, by, qty, filled.sl_limit_price if partial else None, pair_id=pair))
    for protection in wanted:
        if partial:
            add_protection(account, position, protection, prices, time_ms)
        else:
            replace_full(account, position, protection, prices, time_ms)


def _cancel_reducers(account: AccountState, filled: Order, time_ms: int) -> None:
    """Active reduce-only orders of a closed position have nothing left to do."""
    for order in account.open_orders():
        same = (order.category, order.symbol, order.position_idx) == (filled.category, filled.symbol, filled.position_idx)
        if same and order.reduce_only and not order.is_conditional:
            close_order(account, order, time_ms, "CancelByReduceOnly")


def resting_price(account: AccountState, position: PositionState, kind: StopOrderType) -> Decimal | None:
    """Trigger price of the full stop or target, None without."""
    order = full_order(account, position, kind)
    return None if order is None else order.trigger_price


def resting_trail(account: AccountState, position: PositionState) -> Decimal:
    """Distance of the trailing stop, zero without."""
    order = full_order(account, position, "TrailingStop")
    return ZERO if order is None or order.trail_distance is None else order.trail_distance
