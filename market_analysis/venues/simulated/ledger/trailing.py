"""Trailing stops: asleep until the activation price is reached, then a distance behind the best price since."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from market_analysis.venues.simulated.catalogue import InstrumentSpec
from market_analysis.venues.simulated.ledger.model import Order
from market_analysis.venues.simulated.ledger.state import AccountState


def trailed(order: Order, best: Decimal) -> Order:
    """The order after the last price has been at `best`, its most favourable: activated and pulled along, never pushed back.

    A trailing stop that closes a long sells: it follows rising prices.
    """
    if order.trail_distance is None:
        return order
    long = order.side == "Sell"
    if order.trigger_price is None and order.active_price is not None:
        reached = best >= order.active_price if long else best <= order.active_price
        if not reached:
            return order
    wanted = best - order.trail_distance if long else best + order.trail_distance
    if order.trigger_price is not None:
        wanted = max(order.trigger_price, wanted) if long else min(order.trigger_price, wanted)
    return order if wanted == order.trigger_price else replace(order, trigger_price=wanted)


def pull_trails(account: AccountState, spec: InstrumentSpec, high: Decimal, low: Decimal) -> None:
    """Pull the symbol's trailing stops along after the last price has been at `high` and `low`.

    Quiet: no event tells each step.
    """
    for order in account.open_orders():
        if order.trail_distance is not None and (order.category, order.symbol) == spec.key and order.is_conditional:
            account.orders[order.order_id] = trailed(order, high if order.side == "Sell" else low)
