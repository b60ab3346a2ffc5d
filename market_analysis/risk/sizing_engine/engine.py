"""The size of a trade: methods combined by weight, multiplied, capped, rounded down to lots; or refused, with every reason."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal

from market_analysis.domain import MarginMode, Rounding, quantity
from market_analysis.risk.liquidation_buffer import isolated_liquidation
from market_analysis.risk.sizing_engine import caps as bounds
from market_analysis.risk.sizing_engine.combination import combine
from market_analysis.risk.sizing_engine.equal_risk import equal_risk_size
from market_analysis.risk.sizing_engine.exposure_caps import Exposure, exposure_caps
from market_analysis.risk.sizing_engine.kelly import kelly_size
from market_analysis.risk.sizing_engine.multipliers import multiply
from market_analysis.risk.sizing_engine.order_caps import order_caps, order_refusals
from market_analysis.risk.sizing_engine.risk_caps import risk_caps
from market_analysis.risk.sizing_engine.risk_factors import confidence, risk_factors, too_risky
from market_analysis.risk.sizing_engine.stop_distance import choose_stop
from market_analysis.risk.sizing_engine.types import Method, Refusal, SizingBook, SizingRequest, SizingResult, Stop, cents, exact
from market_analysis.risk.sizing_engine.volatility import volatility_size
from market_analysis.risk.valuation import valuer_for
from market_analysis.settings import SizingSettings

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, eq=False)
class _Ready:
    """A request that can be sized: what was None or Unknown is known."""

    request: SizingRequest
    book: SizingBook
    equity_usd: Decimal
    unit_usd: Decimal
    stop: Stop


def size_position(request: SizingRequest, book: SizingBook, settings: SizingSettings) -> SizingResult:
    """The largest sensible size, a pure function of its arguments: monotone in equity, antitone in volatility.

    Refusals, all that apply: no_equity, equity_below_minimum, no_usd_rate, price_not_positive, signal_outside_bounds,
    sigma_not_possible, leverage_below_one, data_unknown; stop_outside_bounds, stop_not_possible, stop_beyond_liquidation;
    no_method (none has a basis), methods_say_zero; unknown_CAP, no_room_CAP; risk_factors_too_high;
    below_min_quantity, below_min_notional, below_min_order.
    """
    refused = _input_refusals(request, book, settings)
    stop = None if refused else choose_stop(request, settings)
    if isinstance(stop, Refusal):
        refused = [stop]
    if refused or book.equity_usd is None or request.unit_usd is None or not isinstance(stop, Stop):
        return _nothing(request, book, tuple(refused))
    return _sized(_Ready(request, book, book.equity_usd, request.unit_usd, stop), settings)


def _sized(ready: _Ready, settings: SizingSettings) -> SizingResult:
    request, book, net = ready.request, ready.book, ready.book.net_usd()
    combined, methods = combine(_methods(ready, settings))
    multiplied, multipliers = multiply(combined or ZERO, request, settings)
    sign = request.side.sign
    capped, caps = bounds.apply(
        multiplied,
        (
            *exposure_caps(Exposure(request.asset, sign, ready.equity_usd, net), settings),
            *risk_caps(ready.equity_usd, request.asset, sign, ready.stop.loss_frac, book, settings),
            *order_caps(ready.equity_usd, ready.unit_usd, request, book, settings),
        ),
    )
    lots = quantity(capped / ready.unit_usd, request.instrument.quantity_step)
    factors = risk_factors(request, ready.equity_usd, None if net is None else net.get(request.asset, ZERO), settings)
    refused = [*_method_refusals(combined), *bounds.refusals(caps), *_liquidation(lots, ready)]
    if too_high := too_risky(factors, settings):
        refused.append(too_high)
    if not refused:
        refused += order_refusals(lots, ready.unit_usd, request, settings)
    size = lots * ready.unit_usd
    loss = cents(size * ready.stop.loss_frac, Rounding.UP)
    result = SizingResult(
        symbol=request.instrument.id.symbol,
        side=request.side,
        approved=not refused,
        size_usd=size,
        quantity=lots,
        price=request.price,
        stop=ready.stop,
        max_loss_usd=loss,
        fees_usd=cents(size * ready.stop.cost_frac, Rounding.UP),
        risk_frac=float(loss / ready.equity_usd),
        equity_usd=ready.equity_usd,
        combined_usd=combined,
        methods=methods,
        multipliers=multipliers,
        caps=caps,
        lot_effect_usd=size - capped,
        risk_factors=factors,
        confidence=confidence(factors),
        refusals=tuple(refused),
        notes=(ready.stop.note,) if ready.stop.note else (),
    )
    return result if not refused else _zeroed(result)


def _methods(ready: _Ready, settings: SizingSettings) -> tuple[Method, ...]:
    request, equity, net = ready.request, ready.equity_usd, ready.book.net_usd()
    return (
        volatility_size(equity, request.sigma_day, settings),
        kelly_size(equity, ready.stop.frac, request.record, settings),
        equal_risk_size(equity, request, net, ready.book.view, settings),
    )


def _input_refusals(request: SizingRequest, book: SizingBook, settings: SizingSettings) -> list[Refusal]:
    found = []
    equity = book.equity_usd
    if equity is None or equity <= 0:
        found.append(Refusal("no_equity", f"account equity is {equity} USD, it must be known and above 0"))
    elif equity < exact(settings.min_account_usd):
        found.append(
            Refusal("equity_below_minimum", f"equity is {equity:,.2f} USD, min_account_usd is {settings.min_account_usd:,.0f}")
        )
    if request.usd_rate is None or request.usd_rate <= 0:
        found.append(Refusal("no_usd_rate", f"the USD rate of {request.instrument.quote} is {request.usd_rate}, it must be known"))
    if request.price <= 0:
        found.append(Refusal("price_not_positive", f"the price is {request.price}, must be above 0"))
    if not 0.0 <= request.signal <= 1.0:
        found.append(Refusal("signal_outside_bounds", f"the signal is {request.signal}, must lie in 0 to 1"))
    if request.sigma_day is not None and not 0.0 <= request.sigma_day < math.inf:
        found.append(Refusal("sigma_not_possible", f"the one-day sigma is {request.sigma_day}, must be at least 0 and finite"))
    if request.leverage is not None and request.leverage < 1:
        found.append(Refusal("leverage_below_one", f"the leverage is {request.leverage}, must be at least 1"))
    found += [Refusal("data_unknown", problem) for problem in book.problems]
    return found


def _method_refusals(combined: Decimal | None) -> list[Refusal]:
    if combined is None:
        return [Refusal("no_method", "no method has both a weight and a basis")]
    return [Refusal("methods_say_zero", "the methods that have a basis say zero")] if combined == 0 else []


def _liquidation(lots: Decimal, ready: _Ready) -> list[Refusal]:
    """An isolated position is liquidated at a price of its own; its stop must come first."""
    request = ready.request
    if request.margin_mode is not MarginMode.ISOLATED or request.leverage is None or lots <= 0:
        return []
    valuer = valuer_for(request.instrument, request.usd_rate, 0.0)
    sign = request.side.sign
    price = isolated_liquidation(sign, float(lots), float(request.price), float(request.leverage), valuer, request.instrument.tiers)
    if price is None or sign * (float(ready.stop.price) - price) > 0.0:
        return []
    return [Refusal("stop_beyond_liquidation", f"liquidation at {price:.8g} comes before the stop at {ready.stop.price}")]


def _zeroed(result: SizingResult) -> SizingResult:
    """What made the size stays visible; the size itself is nothing, and so is its loss."""
    return replace(
        result, size_usd=ZERO, quantity=ZERO, max_loss_usd=ZERO, fees_usd=ZERO, risk_frac=0.0, lot_effect_usd=ZERO, approved=False
    )


def _nothing(request: SizingRequest, book: SizingBook, refused: tuple[Refusal, ...]) -> SizingResult:
    return SizingResult(
        symbol=request.instrument.id.symbol,
        side=request.side,
        approved=False,
        size_usd=ZERO,
        quantity=ZERO,
        price=request.price,
        stop=None,
        max_loss_usd=ZERO,
        fees_usd=ZERO,
        risk_frac=None,
        equity_usd=None if book.equity_usd is None else cents(book.equity_usd),
        combined_usd=None,
        methods=(),
        multipliers=(),
        caps=(),
        lot_effect_usd=ZERO,
        risk_factors=(),
        confidence=None,
        refusals=refused,
        notes=(),
    )
