"""The narrowing that private lists share: by symbol, base coin, settle coin and order ids."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from market_analysis.venues.simulated.catalogue.instrument import Category
from market_analysis.venues.simulated.ledger.refusals import parameter_error
from market_analysis.venues.simulated.server.request import Call
from market_analysis.venues.simulated.server.routes.instruments import find_spec
from market_analysis.venues.simulated.server.state import ServerState


class OnInstrument(Protocol):
    """A record of one instrument."""

    @property
    def symbol(self) -> str:
        """Its symbol."""
        ...

    @property
    def order_id(self) -> str:
        """The order it belongs to."""
        ...


Record = TypeVar("Record", bound=OnInstrument)


def require_scope(call: Call, category: Category) -> None:
    """Linear lists want a symbol, base coin or settle coin; else 10001, as on Bybit."""
    named = any(call.text(name) for name in ("symbol", "baseCoin", "settleCoin", "orderId", "orderLinkId"))
    if category == "linear" and not named:
        raise parameter_error("Missing some parameters that must be filled in, symbol or settleCoin or baseCoin is required")


def record_filter(state: ServerState, call: Call, category: Category) -> Callable[[OnInstrument], bool]:
    """Whether a record is of the symbol, coins and order that the call names; an unknown symbol is 10001."""
    symbol, base, settle = call.text("symbol"), call.text("baseCoin"), call.text("settleCoin")
    order_id = call.text("orderId")
    if symbol:
        find_spec(state, category, symbol)

    def fits(record: OnInstrument) -> bool:
        if symbol not in ("", record.symbol) or order_id not in ("", record.order_id):
            return False
        if not base and not settle:
            return True
        spec = find_spec(state, category, record.symbol)
        return base in ("", spec.base) and settle in ("", spec.settle)

    return fits
