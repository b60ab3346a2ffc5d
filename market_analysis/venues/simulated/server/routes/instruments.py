"""Finding the instrument that a request names."""

from __future__ import annotations

from typing import cast

from market_analysis.venues.simulated.catalogue.instrument import Category, InstrumentSpec
from market_analysis.venues.simulated.ledger.refusals import parameter_error
from market_analysis.venues.simulated.server.request import Call
from market_analysis.venues.simulated.server.state import ServerState


def find_spec(state: ServerState, category: str, symbol: str) -> InstrumentSpec:
    """The instrument; an unknown one is 10001."""
    spec = state.market.specs.get((cast("Category", category), symbol))
    if spec is None:
        raise parameter_error("params error: symbol invalid" if category == "spot" else f"symbol invalid {symbol}")
    return spec


def named_spec(state: ServerState, call: Call, allowed: tuple[str, ...]) -> InstrumentSpec:
    """The instrument of the required `category` (one of `allowed`) and `symbol`."""
    return find_spec(state, call.category(allowed), call.required("symbol"))


def listed_specs(state: ServerState, call: Call, category: str) -> list[InstrumentSpec]:
    """The category's instruments launched by now, narrowed to `symbol` and `baseCoin` where given."""
    symbol, base = call.text("symbol"), call.text("baseCoin")
    if symbol:
        return [find_spec(state, category, symbol)]
    return [spec for spec in state.market.specs.values() if spec.category == category and base in ("", spec.base)]


def checked_category(call: Call, allowed: tuple[str, ...]) -> Category:
    """The required `category`, typed; options are never among `allowed` here."""
    return cast("Category", call.category(allowed))
