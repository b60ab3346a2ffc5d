"""Forced closing: an isolated position at its bankruptcy price, a cross account position by position until it carries the rest.

Simplifications: no partial (laddered) liquidation of one position, no insurance fund or auto-deleveraging of others; a
cross account that a jump carries through zero keeps a negative balance.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from market_analysis.venues.simulated.ledger.fills import fill_order
from market_analysis.venues.simulated.ledger.journal import close_order
from market_analysis.venues.simulated.ledger.margin import bankruptcy_price, opposite, value_at
from market_analysis.venues.simulated.ledger.model import Order
from market_analysis.venues.simulated.ledger.prices import PricesAt, to_tick
from market_analysis.venues.simulated.ledger.protection import after_fill
from market_analysis.venues.simulated.ledger.state import AccountState, PositionState
from market_analysis.venues.simulated.ledger.valuation import PositionValue, value_account

BEFORE_LIQUIDATION = "CancelAllBeforeLiq"


def liquidate_isolated(account: AccountState, position: PositionState, prices: PricesAt, time_ms: int) -> None:
    """Close at the bankruptcy price (on the tick, to the account's side).

    The loss is the position's margin, whatever the market does.
    """
    spec = position.spec
    for order in account.open_orders():
        if (order.category, order.symbol) == spec.key:
            close_order(account, order, time_ms, BEFORE_LIQUIDATION)
    leverage = account.leverage(spec, position.side)
    price = bankruptcy_price(spec, position.side, position.size, position.entry_value, leverage, position.extra_margin)
    rounding = ROUND_CEILING if position.side == "Buy" else ROUND_FLOOR
    at_price = to_tick(spec, price, rounding) if price is not None else prices.mark(spec)
    _take_over(account, position, max(at_price, spec.tick_size), prices, time_ms, "CreateByTakeOver_PassThrough")


def liquidate_cross(account: AccountState, prices: PricesAt, time_ms: int) -> bool:
    """While maintenance margin is not covered: cancel all orders, then close the largest position at the mark.

    True if anything was closed.
    """
    value = value_account(account, prices)
    if not value.positions or value.cushion_usd > 0:
        return False
    for order in account.open_orders():
        close_order(account, order, time_ms, BEFORE_LIQUIDATION)
    while value.positions and value.cushion_usd <= 0:

        def size_usd(item: PositionValue) -> Decimal:
            return item.value * prices.usd(item.position.spec.settle)

        largest = max(value.positions, key=size_usd)
        rounding = ROUND_FLOOR if largest.position.side == "Buy" else ROUND_CEILING
        price = max(largest.position.spec.tick_size, to_tick(largest.position.spec, largest.mark, rounding))
        _take_over(account, largest.position, price, prices, time_ms, "CreateByLiq")
        value = value_account(account, prices)
    return True


def _take_over(
    account: AccountState, position: PositionState, price: Decimal, prices: PricesAt, time_ms: int, create_type: str
) -> None:
    """The exchange's own closing order, filled at once."""
    spec = position.spec
    order = Order(
        order_id=account.next_id("order"),
        order_link_id="",
        category=spec.category,
        symbol=spec.symbol,
        side=opposite("Buy" if position.side == "Buy" else "Sell"),
        order_type="Market",
        price=None,
        qty=position.size,
        time_in_force="IOC",
        position_idx=position.position_idx,
        order_status="New",
        created_time_ms=time_ms,
        updated_time_ms=time_ms,
        leaves_qty=position.size,
        leaves_value=value_at(spec, position.size, price),
        reduce_only=True,
        create_type=create_type,
    )
    filled = fill_order(account, order, price, prices, time_ms, exec_type="BustTrade")
    after_fill(account, filled, prices, time_ms)
