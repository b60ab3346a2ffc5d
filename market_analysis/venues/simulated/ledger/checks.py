"""What an order must be before the exchange takes it: pure checks that raise `ApiError` and change nothing."""

from __future__ import annotations

from decimal import Decimal

from market_analysis.venues.simulated.catalogue import Category, InstrumentSpec
from market_analysis.venues.simulated.ledger import refusals
from market_analysis.venues.simulated.ledger.margin import sign_of, value_at
from market_analysis.venues.simulated.ledger.model import ZERO, Side, TriggerBy
from market_analysis.venues.simulated.ledger.port import MarketData
from market_analysis.venues.simulated.ledger.prices import PricesAt
from market_analysis.venues.simulated.ledger.refusals import ApiError, parameter_error
from market_analysis.venues.simulated.ledger.requests import OrderRequest
from market_analysis.venues.simulated.ledger.state import AccountState

MAX_LINK_ID_LENGTH = 36
MAX_ACTIVE_ORDERS = 500
MAX_CONDITIONAL_ORDERS = 10


def find_spec(market: MarketData, category: Category, symbol: str) -> InstrumentSpec:
    """The derivative instrument named, or a refusal; the ledger trades no spot."""
    spec = market.specs.get((category, symbol))
    if spec is None:
        raise parameter_error(f"params error: symbol invalid {symbol}")
    if spec.category == "spot":
        raise parameter_error("params error: category spot cannot be traded on this exchange; linear and inverse can")
    return spec


def check_price(spec: InstrumentSpec, name: str, price: Decimal | None) -> None:
    """A price must be positive, within the instrument's bounds and on its tick."""
    if price is None:
        return
    if not price > 0:
        raise parameter_error(f"params error: {name} invalid {price}")
    if not spec.min_price <= price <= spec.max_price:
        raise ApiError(refusals.PRICE_OUT_OF_RANGE, f"Order price exceeds the allowable range: {name} {price}")
    if price % spec.tick_size != 0:
        raise parameter_error(f"params error: {name} {price} is not a multiple of tick size {spec.tick_size}")


def check_qty(spec: InstrumentSpec, qty: Decimal, market_order: bool) -> None:
    """A quantity must lie between the least and the most, on the step."""
    if qty < spec.min_order_qty:
        raise parameter_error(f"The number of contracts is below the minimum {spec.min_order_qty}: qty {qty}")
    maximum = spec.max_mkt_order_qty if market_order else spec.max_order_qty
    if qty > maximum:
        raise parameter_error(f"The number of contracts exceeds maximum limit allowed {maximum}: qty {qty}")
    if qty % spec.qty_step != 0:
        raise parameter_error(f"Qty invalid: {qty} is not a multiple of {spec.qty_step}")


def check_position_idx(account: AccountState, symbol: str, position_idx: int) -> None:
    """The index must fit the symbol's position mode."""
    allowed = (1, 2) if account.is_hedged(symbol) else (0,)
    if position_idx not in allowed:
        raise parameter_error(f"position idx not match position mode: {position_idx}, allowed {allowed}")


def check_link_id(account: AccountState, link_id: str) -> None:
    """A client id is used once and not too long."""
    if len(link_id) > MAX_LINK_ID_LENGTH:
        raise parameter_error(f"orderLinkId is longer than {MAX_LINK_ID_LENGTH} characters")
    if link_id and link_id in account.link_ids:
        raise ApiError(refusals.ORDER_LINK_ID_DUPLICATE, "OrderLinkedID is duplicate")


def check_trigger(direction: int | None, trigger_price: Decimal, current: Decimal, source: str) -> None:
    """The trigger must lie on the side its direction says."""
    if direction not in (1, 2):
        raise parameter_error("TriggerDirection invalid: 1 (rise) or 2 (fall) is required with triggerPrice")
    if direction == 1 and trigger_price <= current:
        raise ApiError(
            refusals.TRIGGER_NOT_ABOVE, f"expect Rising, but trigger_price[{trigger_price}] <= current[{current}]??{source}"
        )
    if direction == 2 and trigger_price >= current:
        raise ApiError(
            refusals.TRIGGER_NOT_BELOW, f"expect Falling, but trigger_price[{trigger_price}] >= current[{current}]??{source}"
        )


def check_protection_side(side: str, take_profit: Decimal | None, stop_loss: Decimal | None, base: Decimal, source: str) -> None:
    """A target must lie on the winning, a stop on the losing side of `base`; zero and None are no price."""
    for name, price, towards in (("TakeProfit", take_profit, 1), ("StopLoss", stop_loss, -1)):
        if not price:
            continue
        higher = sign_of(side) * towards > 0
        if (price <= base) if higher else (price >= base):
            word = "higher" if higher else "lower"
            raise parameter_error(f"{name}:{price} set for {side} position should be {word} than base_price:{base}??{source}")


def base_price(spec: InstrumentSpec, prices: PricesAt, order_price: Decimal | None, source: TriggerBy) -> Decimal:
    """What an attached stop is compared with: the limit price, else the current price of its trigger source."""
    return order_price if order_price is not None else prices.of(spec, source)


def check_request(account: AccountState, spec: InstrumentSpec, request: OrderRequest, qty: Decimal, prices: PricesAt) -> None:
    """All checks of a new order that need no margin."""
    check_position_idx(account, spec.symbol, request.position_idx)
    check_link_id(account, request.order_link_id)
    if request.order_type == "Limit" and request.price is None:
        raise parameter_error("params error: price is required for a Limit order")
    if request.order_type == "Market" and request.time_in_force == "PostOnly":
        raise parameter_error("params error: a Market order cannot be PostOnly")
    check_qty(spec, qty, request.order_type == "Market")
    price = request.price if request.order_type == "Limit" else None
    for name, value in (("price", price), ("triggerPrice", request.trigger_price)):
        check_price(spec, name, value)
    for name, value in (("takeProfit", request.take_profit), ("stopLoss", request.stop_loss)):
        check_price(spec, name, value or None)
    check_notional(spec, request, qty, price or request.trigger_price or prices.last(spec))
    if request.trigger_price is not None:
        source: TriggerBy = request.trigger_by or "LastPrice"
        check_trigger(request.trigger_direction, request.trigger_price, prices.of(spec, source), source)
    reference = price if price is not None else request.trigger_price
    for is_stop, by in ((False, request.tp_trigger_by), (True, request.sl_trigger_by)):
        chosen: TriggerBy = by or "LastPrice"
        base = base_price(spec, prices, reference, chosen)
        target, stop = (None, request.stop_loss) if is_stop else (request.take_profit, None)
        check_protection_side(request.side, target, stop, base, chosen)
    check_order_counts(account, spec, request.trigger_price is not None)


def check_notional(spec: InstrumentSpec, request: OrderRequest, qty: Decimal, price: Decimal) -> None:
    """The order must be worth the minimum, unless it only reduces."""
    worth = qty if spec.category == "inverse" else value_at(spec, qty, price)
    if not request.reduce_only and worth < spec.min_notional:
        raise ApiError(refusals.NOTIONAL_TOO_SMALL, f"Order notional value below the lower limit {spec.min_notional}: {worth}")


def check_order_counts(account: AccountState, spec: InstrumentSpec, conditional: bool) -> None:
    """At most 500 active and 10 conditional orders a symbol."""
    mine = [order for order in account.open_orders() if (order.category, order.symbol) == spec.key]
    if conditional and sum(order.stop_order_type == "Stop" for order in mine) >= MAX_CONDITIONAL_ORDERS:
        raise ApiError(refusals.TOO_MANY_STOP_ORDERS, f"already had {MAX_CONDITIONAL_ORDERS} working stop orders on {spec.symbol}")
    if not conditional and sum(not order.is_conditional for order in mine) >= MAX_ACTIVE_ORDERS:
        raise ApiError(refusals.TOO_MANY_ORDERS, f"Not allowed to have more than {MAX_ACTIVE_ORDERS} active orders")


def closing_side(position_idx: int, held_side: str) -> Side | None:
    """The side that closes: by hedge leg, else opposite to what is held; None when flat in one-way mode."""
    if position_idx in (1, 2):
        return "Sell" if position_idx == 1 else "Buy"
    return {"Buy": "Sell", "Sell": "Buy"}.get(held_side)  # type: ignore[return-value]


def held_size(account: AccountState, spec: InstrumentSpec, position_idx: int) -> tuple[str, Decimal]:
    """(side, size) of a position slot."""
    position = account.positions.get((spec.category, spec.symbol, position_idx))
    return ("", ZERO) if position is None else (position.side, position.size)
