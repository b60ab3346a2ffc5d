"""Protective stops, leverage, position and margin modes, isolated margin, collateral switches."""

from __future__ import annotations

from typing import cast, get_args

from market_analysis.venues.simulated.catalogue.instrument import Category
from market_analysis.venues.simulated.ledger.model import MarginMode
from market_analysis.venues.simulated.ledger.refusals import parameter_error
from market_analysis.venues.simulated.server import serialise
from market_analysis.venues.simulated.server.replies import Json, JsonObject
from market_analysis.venues.simulated.server.request import DERIVATIVES, Call
from market_analysis.venues.simulated.server.rights import Right
from market_analysis.venues.simulated.server.routes.instruments import checked_category, find_spec
from market_analysis.venues.simulated.server.routes.order_bodies import trading_stop_request
from market_analysis.venues.simulated.server.state import Route, ServerState

_MARGIN_MODES = get_args(MarginMode)


def trading_stop(state: ServerState, call: Call) -> Json:
    """Set, move or cancel take profit, stop loss and trailing stop of a position."""
    state.exchange.set_trading_stop(call.uid, trading_stop_request(state, call))
    return _nothing()


def set_leverage(state: ServerState, call: Call) -> Json:
    """Leverage of both sides; unchanged is 110043."""
    category, symbol = _contract(state, call)
    buy, sell = call.required_decimal("buyLeverage"), call.required_decimal("sellLeverage")
    state.exchange.set_leverage(call.uid, category, symbol, buy, sell)
    return _nothing()


def switch_mode(state: ServerState, call: Call) -> Json:
    """One-way (mode 0) or hedge (mode 3), of a symbol or of a settle coin."""
    category = checked_category(call, DERIVATIVES)
    mode, symbol, coin = call.integer("mode"), call.text("symbol"), call.text("coin")
    if mode not in (0, 3):
        raise parameter_error(f"params error: mode invalid [{mode}], expected 0 or 3")
    if not symbol and not coin:
        raise parameter_error("params error: symbol or coin is required")
    if symbol:
        find_spec(state, category, symbol)
    state.exchange.switch_position_mode(call.uid, category, mode=mode, symbol=symbol or None, coin=coin or None)
    return _nothing()


def set_margin_mode(state: ServerState, call: Call) -> Json:
    """Isolated, cross (regular) or portfolio margin for the whole account."""
    mode = call.required("setMarginMode")
    if mode not in _MARGIN_MODES:
        raise parameter_error(f"params error: setMarginMode invalid [{mode}], expected one of {', '.join(_MARGIN_MODES)}")
    state.exchange.set_margin_mode(call.uid, cast("MarginMode", mode))
    return {"reasons": []}


def add_margin(state: ServerState, call: Call) -> Json:
    """Add margin to an isolated position, or take it out with a negative amount."""
    category, symbol = _contract(state, call)
    index = call.integer("positionIdx", 0) or 0
    position = state.exchange.add_margin(call.uid, category, symbol, call.required_decimal("margin"), index)
    return serialise.added_margin_fields(position)


def set_auto_add_margin(state: ServerState, call: Call) -> Json:
    """Let an isolated position draw margin by itself, or stop it."""
    category, symbol = _contract(state, call)
    on = call.integer("autoAddMargin")
    if on not in (0, 1):
        raise parameter_error(f"params error: autoAddMargin invalid [{on}], expected 0 or 1")
    state.exchange.set_auto_add_margin(call.uid, category, symbol, bool(on), call.integer("positionIdx", 0) or 0)
    return _nothing()


def set_collateral_switch(state: ServerState, call: Call) -> Json:
    """Count a coin as collateral, or not."""
    switch = call.required("collateralSwitch")
    if switch not in ("ON", "OFF"):
        raise parameter_error(f"params error: collateralSwitch invalid [{switch}], expected ON or OFF")
    state.exchange.set_collateral(call.uid, call.required("coin"), switch == "ON")
    return _nothing()


def _contract(state: ServerState, call: Call) -> tuple[Category, str]:
    spec = find_spec(state, checked_category(call, DERIVATIVES), call.required("symbol"))
    return spec.category, spec.symbol


def _nothing() -> JsonObject:
    return {}


ROUTES = {
    ("POST", "/v5/position/trading-stop"): Route(trading_stop, Right.WRITE_POSITIONS),
    ("POST", "/v5/position/set-leverage"): Route(set_leverage, Right.WRITE_POSITIONS),
    ("POST", "/v5/position/switch-mode"): Route(switch_mode, Right.WRITE_POSITIONS),
    ("POST", "/v5/position/add-margin"): Route(add_margin, Right.WRITE_POSITIONS),
    ("POST", "/v5/position/set-auto-add-margin"): Route(set_auto_add_margin, Right.WRITE_POSITIONS),
    ("POST", "/v5/account/set-margin-mode"): Route(set_margin_mode, Right.WRITE_POSITIONS),
    ("POST", "/v5/account/set-collateral-switch"): Route(set_collateral_switch, Right.WRITE_POSITIONS),
}
