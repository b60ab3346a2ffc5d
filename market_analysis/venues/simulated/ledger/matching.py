"""Simple but honest matching, always whole.

Market orders fill at the far side of the book; a resting limit fills at its own price once traded through. There is no
depth: size does not move the price. A limit order that would cross on arrival takes liquidity at the far side.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from market_analysis.venues.simulated.ledger.fills import fill_order, reduce_qty
from market_analysis.venues.simulated.ledger.journal import close_order, write_order
from market_analysis.venues.simulated.ledger.model import ZERO, Order
from market_analysis.venues.simulated.ledger.prices import PricesAt
from market_analysis.venues.simulated.ledger.protection import after_fill
from market_analysis.venues.simulated.ledger.state import AccountState
from market_analysis.venues.simulated.ledger.valuation import order_margin, value_account


def crosses(order: Order, far_price: Decimal) -> bool:
    """Whether a limit order would take liquidity at `far_price`."""
    if order.price is None:
        return True
    return order.price >= far_price if order.side == "Buy" else order.price <= far_price


def submit(account: AccountState, order: Order, prices: PricesAt, time_ms: int) -> Order:
    """Bring an active order to the book: fill it, rest it, or cancel it by its time in force."""
    spec = prices.spec(order.category, order.symbol)
    far_price = prices.taker_price(spec, order.side)
    if crosses(order, far_price):
        if order.time_in_force == "PostOnly":
            return close_order(account, order, time_ms, "UNKNOWN", "EC_PostOnlyWillTakeLiquidity")
        return fill_and_follow(account, order, far_price, prices, time_ms)
    if order.time_in_force in ("IOC", "FOK"):
        return close_order(account, order, time_ms, "UNKNOWN", "EC_NoImmediateQtyToFill")
    return write_order(account, order, time_ms, order_status="New")


def fill_and_follow(
    account: AccountState, order: Order, price: Decimal, prices: PricesAt, time_ms: int, *, maker: bool = False
) -> Order:
    """Fill an order and bring its position's protection in line. A reduce-only order fills no more than there is."""
    if order.reduce_only:
        order = reduce_qty(account, order)
        if order.leaves_qty == 0:
            return close_order(account, order, time_ms, "CancelByReduceOnly")
    filled = fill_order(account, order, price, prices, time_ms, maker=maker)
    after_fill(account, filled, prices, time_ms)
    return filled


def trigger(account: AccountState, order: Order, prices: PricesAt, time_ms: int) -> Order:
    """A conditional order's moment has come.

    It becomes an active order, or is cancelled for want of margin or position.
    """
    spec = prices.spec(order.category, order.symbol)
    if order.reduce_only:
        order = reduce_qty(account, order)
        if order.leaves_qty == 0:
            return close_order(account, order, time_ms, "CancelByReduceOnly")
    elif not has_margin(account, order, prices):
        return close_order(account, order, time_ms, "CancelByCannotAffordOrderCost", "EC_Others")
    order = write_order(account, order, time_ms, order_status="Triggered", last_price_on_created=prices.last(spec))
    return submit(account, replace(order, order_status="New"), prices, time_ms)


def opening_qty(account: AccountState, order: Order) -> Decimal:
    """How much of an order would open or add, given the position it meets."""
    if order.reduce_only:
        return ZERO
    position = account.positions.get((order.category, order.symbol, order.position_idx))
    if position is None or position.side in ("", order.side):
        return order.leaves_qty
    return max(ZERO, order.leaves_qty - position.size)


def has_margin(account: AccountState, order: Order, prices: PricesAt) -> bool:
    """Whether the account can carry the opening part.

    In USD over the account (cross), in the settle coin (isolated).
    """
    opening = opening_qty(account, order)
    if opening == 0:
        return True
    spec = prices.spec(order.category, order.symbol)
    needed = order_margin(account, order, prices, opening)
    value = value_account(account, prices)
    if account.isolated:
        return needed <= isolated_available(account, spec.settle, prices)
    return needed * prices.usd(spec.settle) <= value.available_usd


def isolated_available(account: AccountState, coin: str, prices: PricesAt) -> Decimal:
    """What a coin's wallet has beyond the margins of its positions and orders (isolated mode)."""
    value = value_account(account, prices)
    held = sum((item.initial for item in value.positions if item.position.spec.settle == coin), ZERO)
    return max(ZERO, account.coin(coin).balance - held - value.order_initial.get(coin, ZERO))
