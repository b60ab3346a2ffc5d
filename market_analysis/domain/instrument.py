"""What is traded: identity, contract terms and risk tiers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Category(StrEnum):
    """Kind of contract, in Bybit's words (other venues map theirs to it)."""

    LINEAR = "linear"
    INVERSE = "inverse"
    SPOT = "spot"


@dataclass(frozen=True, slots=True, order=True)
class InstrumentId:
    """Venue, category and native symbol: Bybit's BTCUSDT is both a spot pair and a perpetual.

    ccxt's names (`BTC/USDT:USDT`) are aliases, never identity.
    """

    venue: str
    category: Category
    symbol: str

    def __str__(self) -> str:
        return f"{self.venue}:{self.category.value}:{self.symbol}"


@dataclass(frozen=True, slots=True)
class RiskTier:
    """One step of a maintenance-margin schedule.

    Maintenance margin of a position of value V in this tier = V * maintenance_margin_frac - deduction.

    limit_value: largest position value of the tier, in the quote currency (inverse: in the base coin).
    """

    limit_value: Decimal
    maintenance_margin_frac: Decimal
    initial_margin_frac: Decimal
    max_leverage: Decimal
    deduction: Decimal


@dataclass(frozen=True, slots=True)
class Instrument:
    """Contract terms.

    Linear: one contract is `contract_size` of base, profit in `settle` = quote. Inverse: one contract is `contract_size` USD,
    profit in `settle` = base. Quantities are in contracts throughout (linear: base units; inverse: USD).
    `taker_fee_frac` and `maker_fee_frac` are the account's own where readable. `tiers` ascend by limit_value; empty means not read.
    """

    id: InstrumentId
    base: str
    quote: str
    settle: str
    tick_size: Decimal
    quantity_step: Decimal
    min_quantity: Decimal
    max_quantity: Decimal | None
    min_notional: Decimal | None
    max_leverage: Decimal | None
    taker_fee_frac: Decimal
    maker_fee_frac: Decimal
    funding_interval_hours: Decimal | None
    status: str
    contract_size: Decimal = Decimal(1)
    max_market_quantity: Decimal | None = None
    tiers: tuple[RiskTier, ...] = ()

    @property
    def is_inverse(self) -> bool:
        """Whether profit is paid in the base coin."""
        return self.id.category is Category.INVERSE


STABLE_COINS = frozenset({"USDT", "USDC", "USD", "DAI", "FDUSD", "USDE", "PYUSD", "TUSD", "USD1"})
"""Coins treated as dollars by kind: their balances are cash, not holdings (their rate is still read, never assumed)."""
