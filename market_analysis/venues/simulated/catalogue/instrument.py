"""What an instrument is: the facts an exchange publishes about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

Category = Literal["spot", "linear", "inverse"]
ContractType = Literal["", "LinearPerpetual", "InversePerpetual"]


@dataclass(frozen=True, slots=True)
class RiskTier:
    """One risk-limit tier: the margin rates of positions worth up to `limit_value`.

    Maintenance margin of a position of value V in this tier is V * maintenance_margin_rate - mm_deduction, which makes
    it continuous across tiers. `limit_value` and `mm_deduction` are in the settle coin (inverse: base coin).
    """

    id: int
    limit_value: Decimal
    maintenance_margin_rate: Decimal
    initial_margin_rate: Decimal
    max_leverage: Decimal
    mm_deduction: Decimal


@dataclass(frozen=True, slots=True)
class InstrumentSpec:
    """An instrument as Bybit's `/v5/market/instruments-info` describes it; all rates are fractions.

    Quantities are in base coin (spot, linear) or in USD contracts (inverse); `quote_step` is spot's quote precision.
    `min_notional` is in the quote currency. Spot has no leverage (`max_leverage` 1), no funding
    (`funding_interval_minutes` 0), no tiers and no settle coin (""). Fees are those of the lowest account level.
    """

    category: Category
    symbol: str
    symbol_id: int
    base: str
    quote: str
    settle: str
    contract_type: ContractType
    status: str
    tick_size: Decimal
    price_scale: int
    min_price: Decimal
    max_price: Decimal
    qty_step: Decimal
    quote_step: Decimal
    min_order_qty: Decimal
    max_order_qty: Decimal
    max_mkt_order_qty: Decimal
    min_notional: Decimal
    min_leverage: Decimal
    max_leverage: Decimal
    leverage_step: Decimal
    funding_interval_minutes: int
    upper_funding_rate: Decimal
    lower_funding_rate: Decimal
    launch_time: datetime
    taker_fee_rate: Decimal
    maker_fee_rate: Decimal
    price_limit_ratio_x: Decimal
    price_limit_ratio_y: Decimal
    risk_tiers: tuple[RiskTier, ...]

    @property
    def key(self) -> tuple[str, str]:
        """The pair that names the instrument: Bybit's symbols repeat across categories."""
        return self.category, self.symbol

    @property
    def is_perpetual(self) -> bool:
        """Whether funding is paid on it."""
        return self.funding_interval_minutes > 0

    def tier_for(self, position_value: Decimal) -> RiskTier:
        """The first tier whose limit holds `position_value`; the last tier above all limits."""
        for tier in self.risk_tiers:
            if position_value <= tier.limit_value:
                return tier
        return self.risk_tiers[-1]
