"""Margin arithmetic of one position: value, profit, initial and maintenance margin, bankruptcy and liquidation price.

Source: Bybit help centre, "Liquidation Price Calculation under Isolated Mode (Unified Trading Account)" (2026-05-27),
"The New Margin Calculation: Adjustments and Implications" (in force since 2025-09-02), "Maintenance Margin (USDT
Contract)". Linear values are in the quote (= settle) coin, inverse values in the base (= settle) coin; sizes are
positive; rates are fractions.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from market_analysis.venues.simulated.catalogue import InstrumentSpec
from market_analysis.venues.simulated.catalogue.instrument import RiskTier
from market_analysis.venues.simulated.ledger.model import ZERO, Side

ONE = Decimal(1)


def sign_of(side: str) -> int:
    """+1 for Buy, -1 for Sell, 0 for flat."""
    return {"Buy": 1, "Sell": -1}.get(side, 0)


def opposite(side: Side) -> Side:
    """The other side."""
    return "Sell" if side == "Buy" else "Buy"


def value_at(spec: InstrumentSpec, size: Decimal, price: Decimal) -> Decimal:
    """Contract value in settle coin: size * price (linear), size / price (inverse)."""
    return size / price if spec.category == "inverse" else size * price


def average_price(spec: InstrumentSpec, size: Decimal, entry_value: Decimal) -> Decimal:
    """Price at which `size` is worth `entry_value`; zero when flat."""
    if size == 0:
        return ZERO
    return size / entry_value if spec.category == "inverse" else entry_value / size


def gross_profit(spec: InstrumentSpec, side: str, entry_value: Decimal, exit_value: Decimal) -> Decimal:
    """Profit before fees in settle coin: s * (exit - entry) for linear, s * (entry - exit) for inverse."""
    difference = exit_value - entry_value
    return sign_of(side) * (-difference if spec.category == "inverse" else difference)


def maintenance_requirement(tier: RiskTier, value: Decimal) -> Decimal:
    """value * rate - deduction, without the closing fee."""
    return value * tier.maintenance_margin_rate - tier.mm_deduction


def closing_fee(spec: InstrumentSpec, side: str, value: Decimal, leverage: Decimal) -> Decimal:
    """Estimated taker fee to close `value` at its bankruptcy price.

    Linear: value * (1 -+ 1/leverage) * fee. Inverse: the bankruptcy value is value * (1 +- 1/leverage), since coin
    value grows as price falls.
    """
    direction = sign_of(side) if spec.category == "inverse" else -sign_of(side)
    return value * (1 + direction / leverage) * spec.taker_fee_rate


def initial_margin(spec: InstrumentSpec, side: str, value: Decimal, leverage: Decimal) -> Decimal:
    """value / leverage plus the estimated closing fee."""
    return value / leverage + closing_fee(spec, side, value, leverage)


def effective_extra_margin(spec: InstrumentSpec, side: str, extra_margin: Decimal) -> Decimal:
    """Added margin less (or plus) the change it makes in the closing fee: it moves the bankruptcy price.

    A long linear or short inverse position gets a cheaper close (/ (1 - fee)); the others a dearer one (/ (1 + fee)).
    """
    cheaper = (side == "Buy") != (spec.category == "inverse")
    return extra_margin / (ONE - spec.taker_fee_rate if cheaper else ONE + spec.taker_fee_rate)


def bankruptcy_price(
    spec: InstrumentSpec, side: str, size: Decimal, entry_value: Decimal, leverage: Decimal, extra_margin: Decimal
) -> Decimal | None:
    """Price at which the margin (initial plus effective extra) is gone; None where no positive price does it."""
    margin = entry_value / leverage + effective_extra_margin(spec, side, extra_margin)
    if spec.category == "inverse":
        bankrupt_value = entry_value + sign_of(side) * margin
        return size / bankrupt_value if bankrupt_value > 0 else None
    price = (entry_value - sign_of(side) * margin) / size
    return price if price > 0 else None


def isolated_liquidation_price(
    spec: InstrumentSpec, side: str, size: Decimal, entry_value: Decimal, leverage: Decimal, extra_margin: Decimal
) -> Decimal | None:
    """Mark price at which margin plus profit equals maintenance margin (the closing fee is on both sides and cancels).

    Linear, s = +-1:  P = (V - s * (V/leverage + X + D)) / (size * (1 - s * rate))
    Inverse:          P = size * (1 + s * rate) / (V + s * (V/leverage + X + D))
    with V entry value, X effective extra margin, rate and D those of the tier the position is in at P.
    None when no positive price liquidates. Unrounded.
    """
    side_sign = sign_of(side)
    margin = entry_value / leverage + effective_extra_margin(spec, side, extra_margin)
    price: Decimal | None = None
    for tier in spec.risk_tiers:
        cushion = margin + tier.mm_deduction
        if spec.category == "inverse":
            denominator = entry_value + side_sign * cushion
            price = size * (1 + side_sign * tier.maintenance_margin_rate) / denominator if denominator > 0 else None
        else:
            price = (entry_value - side_sign * cushion) / (size * (1 - side_sign * tier.maintenance_margin_rate))
        if price is None or price <= 0:
            return None
        if value_at(spec, size, price) <= tier.limit_value:
            break
    return price


def max_leverage_for(tiers: Sequence[RiskTier], value: Decimal) -> Decimal:
    """Highest leverage allowed for a position of `value`; zero beyond the last tier."""
    return next((tier.max_leverage for tier in tiers if value <= tier.limit_value), ZERO)


def loss_rank(profit_frac_of_margin: Decimal) -> int:
    """Auto-deleveraging light, 1 (last in the queue) to 5 (first).

    From profit per initial margin (= return times leverage).
    """
    thresholds = (Decimal("0.1"), Decimal("0.25"), Decimal("0.5"), Decimal("1"))
    return 1 + sum(profit_frac_of_margin >= threshold for threshold in thresholds)
