"""Room between a stop and liquidation, for isolated margin only (rulings 8 and 13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from market_analysis.domain import MarginMode, RiskTier
from market_analysis.risk.valuation import Valuer


@dataclass(frozen=True, slots=True)
class LiquidationBuffer:
    """ratio = sign * (stop - liquidation) / |entry - stop|: negative when the stop lies beyond liquidation.

    safe: ratio >= threshold. Both None where liqPrice is no test (cross and portfolio margin, ruling 13) or the venue gives none.
    A stop at entry has no distance to compare with: ratio is None and only the side is judged.
    """

    safe: bool | None
    ratio: float | None
    threshold: float

    @property
    def stop_is_beyond(self) -> bool:
        """Whether liquidation comes first."""
        return self.ratio is not None and self.ratio <= 0.0


def liquidation_buffer(
    sign: int, entry: float, stop: float, liquidation: float | None, margin_mode: MarginMode, multiple: float
) -> LiquidationBuffer:
    """Test |stop - liquidation| >= multiple * |entry - stop| on the right side; prices > 0, sign +1 long, -1 short."""
    if margin_mode is not MarginMode.ISOLATED or liquidation is None or liquidation <= 0.0:
        return LiquidationBuffer(None, None, multiple)
    room = sign * (stop - liquidation)
    distance = abs(entry - stop)
    if distance == 0.0:
        return LiquidationBuffer(room > 0.0, None, multiple)
    ratio = room / distance
    return LiquidationBuffer(ratio > 0.0 and ratio >= multiple, ratio, multiple)


def isolated_liquidation(
    sign: int, quantity: float, entry: float, leverage: float, valuer: Valuer, tiers: Sequence[RiskTier]
) -> float | None:
    """Mark price at which an isolated position opened at `entry` with margin V/leverage is liquidated, None if none is above zero.

    Where margin plus profit equals maintenance margin, V the entry value, s the sign, f and D rate and deduction of the tier at P:
    linear P = (V - s (V/leverage + D)) / (q (1 - s f)); inverse P = q (1 + s f) / (V + s (V/leverage + D)). Without tiers: None.
    """
    value, units = valuer.notional(quantity, entry), quantity * valuer.contract_size
    price = None
    for tier in tiers:
        cushion = value / leverage + float(tier.deduction)
        rate = float(tier.maintenance_margin_frac)
        if valuer.is_inverse:
            below = value + sign * cushion
            price = units * (1.0 + sign * rate) / below if below > 0.0 else None
        else:
            price = (value - sign * cushion) / (units * (1.0 - sign * rate))
        if price is None or price <= 0.0:
            return None
        if valuer.notional(quantity, price) <= float(tier.limit_value):
            break
    return price
