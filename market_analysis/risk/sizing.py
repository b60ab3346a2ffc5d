"""How large a position may be: so that a fill at its stop, costs in, loses no more than the budget. Refuses, never clips."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from market_analysis.domain import Instrument, MarginMode, RiskTier, quantity
from market_analysis.risk.liquidation_buffer import isolated_liquidation, liquidation_buffer
from market_analysis.risk.valuation import Valuer
from market_analysis.settings import RiskSettings


@dataclass(frozen=True, slots=True)
class SizeRequest:
    """A trade to size. sign +1 long, -1 short; entry, stop: prices; stop None: there is no usable one.

    equity_usd: account equity, None when it could not be read. notional_usd: of the position held, read only with
    `[risk] base = "notional"`. risk_frac: fraction of that base to lose at the stop. funding_frac: rate per interval, longs pay
    when positive; funding_intervals: how many the budget must pay for. liquidation: the venue's price, for isolated margin; a trade
    that is not held yet (`is_held` False) has none, and it is worked out from leverage and tiers.
    """

    sign: int
    entry: float
    stop: float | None
    equity_usd: float | None
    notional_usd: float | None
    risk_frac: float
    leverage: float | None
    margin_mode: MarginMode
    liquidation: float | None = None
    funding_frac: float = 0.0
    funding_intervals: float = 0.0
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class SizePlan:
    """quantity: contracts on the lot grid, None when refused. refusal: a code, `detail` names the bound.

    budget_usd: what may be lost. loss_per_contract_usd: at the stop, costs in. loss_usd: of `quantity`, <= budget_usd.
    """

    quantity: Decimal | None
    refusal: str | None
    detail: str
    budget_usd: float | None
    loss_per_contract_usd: float | None
    loss_usd: float | None


def plan_size(request: SizeRequest, instrument: Instrument, valuer: Valuer, settings: RiskSettings) -> SizePlan:
    """The largest quantity whose loss at the stop, fees, slippage and funding in, stays within the budget (to 15 digits).

    Refusals: no_equity, no_usd_rate, no_notional, no_stop, stop_wrong_side, stop_beyond_liquidation, below_min_quantity,
    below_min_notional, above_max_quantity, above_tier_limit, leverage_above_tier, exceeds_equity.
    """
    refusal = _refuse_inputs(request, valuer, settings)
    if refusal is not None:
        return refusal
    base = request.equity_usd if settings.base == "equity" else request.notional_usd
    budget = (base or 0.0) * request.risk_frac
    loss = loss_per_contract_usd(request, valuer) or 0.0
    size = quantity(budget / loss, instrument.quantity_step)
    code, detail = _bound(size, request, instrument, valuer)
    if code:
        return SizePlan(None, code, detail, budget, loss, None)
    return SizePlan(size, None, "", budget, loss, float(size) * loss)


def loss_per_contract_usd(request: SizeRequest, valuer: Valuer) -> float | None:
    """Dollars lost by one contract from entry to the stop: distance, both fees, slippage, and funding if it is paid; each worth
    what it is where it is paid. None without a rate."""
    stop = request.entry if request.stop is None else request.stop
    paid_frac = max(request.sign * request.funding_frac, 0.0) * request.funding_intervals
    entered = valuer.fill_cost(1.0, request.entry, slips=False) + valuer.notional(1.0, request.entry) * paid_frac
    at_entry = valuer.usd_at(entered, request.entry)
    at_stop = valuer.usd_at(valuer.loss_after_costs(request.sign, 1.0, request.entry, stop), stop)
    return None if at_entry is None or at_stop is None else at_entry + at_stop


def _refuse_inputs(request: SizeRequest, valuer: Valuer, settings: RiskSettings) -> SizePlan | None:
    def refused(code: str, detail: str) -> SizePlan:
        return SizePlan(None, code, detail, None, None, None)

    if request.equity_usd is None or request.equity_usd <= 0.0:
        return refused("no_equity", f"account equity is {request.equity_usd} USD, must be above 0")
    if settings.base == "notional" and (request.notional_usd is None or request.notional_usd <= 0.0):
        return refused("no_notional", f'[risk] base = "notional" and the notional is {request.notional_usd} USD')
    if valuer.usd_rate is None:
        return refused("no_usd_rate", "the USD rate of the settle coin could not be read")
    if request.stop is None:
        return refused("no_stop", "there is no stop to size from")
    if request.stop <= 0.0 or request.sign * (request.entry - request.stop) <= 0.0:
        return refused("stop_wrong_side", f"stop {request.stop:g} is not on the loss side of entry {request.entry:g}")
    detail = _beyond(request, request.stop, request.liquidation)
    return refused("stop_beyond_liquidation", detail) if detail else None


def _beyond(request: SizeRequest, stop: float, liquidation: float | None) -> str:
    buffer = liquidation_buffer(request.sign, request.entry, stop, liquidation, request.margin_mode, 0.0)
    return f"liquidation at {liquidation:.8g} comes before stop {stop:.8g}" if buffer.stop_is_beyond else ""


def _bound(size: Decimal, request: SizeRequest, instrument: Instrument, valuer: Valuer) -> tuple[str, str]:
    """The first bound that `size` breaks: (code, detail), or empty strings."""
    value = valuer.notional(float(size), request.entry)
    quote_value = value * request.entry if valuer.is_inverse else value
    tier = _tier(instrument.tiers, value)
    top = instrument.max_leverage if tier is None else tier.max_leverage
    leverage = request.leverage or (float(top) if top else 1.0)
    if size <= 0 or size < instrument.min_quantity:
        return "below_min_quantity", f"the budget buys {size}, the minimum is {instrument.min_quantity}"
    if instrument.min_notional is not None and quote_value < float(instrument.min_notional):
        return "below_min_notional", f"the budget buys a notional of {quote_value:.6g}, the minimum is {instrument.min_notional}"
    if instrument.max_quantity is not None and size > instrument.max_quantity:
        return "above_max_quantity", f"the budget buys {size}, the largest order is {instrument.max_quantity}"
    if instrument.tiers and tier is None:
        return "above_tier_limit", f"value {value:.6g} is above the last risk tier's {instrument.tiers[-1].limit_value}"
    if top is not None and leverage > float(top):
        return "leverage_above_tier", f"leverage {leverage:g} is above {top} allowed at value {value:.6g}"
    if value * (valuer.usd_rate or 0.0) / leverage > (request.equity_usd or 0.0):
        return (
            "exceeds_equity",
            f"initial margin {value * (valuer.usd_rate or 0.0) / leverage:.6g} USD is above the account's equity",
        )
    if request.is_held or request.stop is None:
        return "", ""
    liquidation = isolated_liquidation(request.sign, float(size), request.entry, leverage, valuer, instrument.tiers)
    detail = _beyond(request, request.stop, liquidation)
    return ("stop_beyond_liquidation", detail) if detail else ("", "")


def _tier(tiers: tuple[RiskTier, ...], value: float) -> RiskTier | None:
    return next((tier for tier in tiers if value <= float(tier.limit_value)), None)
