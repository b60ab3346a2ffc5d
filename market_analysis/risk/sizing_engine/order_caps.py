"""Bounds on the order itself: free margin, the largest order, the venue's largest quantity and its risk tiers; and the least."""

from __future__ import annotations

from decimal import Decimal

from market_analysis.risk.sizing_engine.types import Cap, Refusal, SizingBook, SizingRequest, cents, exact
from market_analysis.settings import SizingSettings

ZERO, ONE = Decimal(0), Decimal(1)


def order_caps(
    equity_usd: Decimal, unit_usd: Decimal, request: SizingRequest, book: SizingBook, settings: SizingSettings
) -> tuple[Cap, ...]:
    """cash_reserve, max_order, and where the venue sets them max_quantity and leverage_tier."""
    caps = [
        _cash_reserve(equity_usd, request, book, settings),
        Cap("max_order", exact(settings.max_order_usd), cents(exact(settings.max_order_usd)), "max_order_usd"),
    ]
    most = request.instrument.max_quantity
    if most is not None:
        caps.append(
            Cap("max_quantity", cents(most * unit_usd), cents(most * unit_usd), f"the venue takes at most {most:f} in one order")
        )
    if request.instrument.tiers:
        caps.append(_tier(unit_usd, request, book))
    return tuple(caps)


def order_refusals(quantity: Decimal, unit_usd: Decimal, request: SizingRequest, settings: SizingSettings) -> tuple[Refusal, ...]:
    """What keeps a quantity from being an order: below_min_quantity, below_min_notional, below_min_order."""
    item, found = request.instrument, []
    size_usd = quantity * unit_usd
    in_quote = quantity * item.contract_size * (ONE if item.is_inverse else request.price)
    if quantity <= 0 or quantity < item.min_quantity:
        found.append(
            Refusal("below_min_quantity", f"{quantity:f} after rounding to lots, the venue's least is {item.min_quantity:f}")
        )
    if item.min_notional is not None and in_quote < item.min_notional:
        found.append(Refusal("below_min_notional", f"a notional of {in_quote:.6g}, the venue's least is {item.min_notional:f}"))
    if size_usd < exact(settings.min_order_usd):
        found.append(Refusal("below_min_order", f"{size_usd:.6g} USD, min_order_usd is {settings.min_order_usd:g}"))
    return tuple(found)


def _cash_reserve(equity_usd: Decimal, request: SizingRequest, book: SizingBook, settings: SizingSettings) -> Cap:
    """Initial margin and entry fee within what is free beyond the reserve; without a leverage nothing is borrowed."""
    reserve = exact(settings.reserve_frac) * equity_usd
    leverage = ONE if request.leverage is None else request.leverage
    basis = f"margin at {leverage.normalize():f}x leaves {settings.reserve_frac:.3g} of equity free"
    if book.available_usd is None:
        return Cap("cash_reserve", None, None, f"{basis}; free margin is not known")
    free = max(book.available_usd - reserve, ZERO)
    return Cap("cash_reserve", cents(free), cents(free / (ONE / leverage + request.instrument.taker_fee_frac)), basis)


def _tier(unit_usd: Decimal, request: SizingRequest, book: SizingBook) -> Cap:
    """The largest position value at which the venue allows the leverage, less what is held of the very contract."""
    item, leverage = request.instrument, ONE if request.leverage is None else request.leverage
    limit = max((tier.limit_value for tier in item.tiers if leverage <= tier.max_leverage), default=ZERO)
    # Of an inverse contract the limit is in the coin, and a contract is dollars.
    bound = limit * request.price if item.is_inverse else limit * unit_usd / (item.contract_size * request.price)
    basis = f"the venue's risk tiers allow {leverage.normalize():f}x up to this value"
    held = [line.delta_usd for line in book.lines if line.key is not None and line.key.instrument == item.id]
    if any(delta is None for delta in held):
        return Cap("leverage_tier", cents(bound), None, f"{basis}; what is held has no value in dollars")
    taken = sum((cents(abs(delta)) for delta in held if delta is not None), start=ZERO)
    return Cap("leverage_tier", cents(bound), max(cents(bound - taken), ZERO), basis)
