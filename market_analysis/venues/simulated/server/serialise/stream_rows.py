"""Rows of the private streams, which differ from their REST siblings in a few names."""

from __future__ import annotations

from market_analysis.venues.simulated.ledger.model import Execution, Order, Position
from market_analysis.venues.simulated.server.replies import JsonObject
from market_analysis.venues.simulated.server.serialise.history import execution_row
from market_analysis.venues.simulated.server.serialise.orders import order_row
from market_analysis.venues.simulated.server.serialise.positions import position_row
from market_analysis.venues.simulated.server.serialise.text import number

_NOT_STREAMED_OF_ORDERS = frozenset({"extraFees", "slippageToleranceType", "slippageTolerance"})


def stream_position_row(position: Position) -> JsonObject:
    """A position as pushed: `entryPrice` in place of `avgPrice`, and its category."""
    row = {name: value for name, value in position_row(position).items() if name != "avgPrice"}
    flat = {} if position.size else {"positionValue": "0", "unrealisedPnl": "0"}
    return row | flat | {"entryPrice": number(position.entry_price), "category": position.category}


def stream_order_row(order: Order) -> JsonObject:
    """An order as pushed: with its category, fee coin and realised profit."""
    row = {name: value for name, value in order_row(order).items() if name not in _NOT_STREAMED_OF_ORDERS}
    return row | {
        "category": order.category,
        "feeCurrency": order.fee_currency,
        "closedPnl": number(order.closed_pnl),
    }


def stream_execution_row(execution: Execution) -> JsonObject:
    """A fill as pushed: with its category, and extra fees as a list."""
    return execution_row(execution) | {"category": execution.category, "extraFees": []}
