"""Collateral value of coins: Bybit values a balance in steps, each at its own ratio; debts count in full."""

from __future__ import annotations

from decimal import Decimal

from market_analysis.venues.simulated.ledger.model import ZERO

# (up to this balance in coins, ratio of USD value), in the manner of Bybit's tiered ratios; the last step is open.
Steps = tuple[tuple[Decimal | None, Decimal], ...]
FULL: Steps = ((None, Decimal(1)),)
COLLATERAL_STEPS: dict[str, Steps] = {
    "USDT": FULL,
    "USDC": FULL,
    "BTC": ((Decimal(150), Decimal("0.95")), (Decimal(500), Decimal("0.9")), (None, Decimal("0.8"))),
    "ETH": ((Decimal(1500), Decimal("0.95")), (Decimal(5000), Decimal("0.9")), (None, Decimal("0.8"))),
    "SOL": ((Decimal(10000), Decimal("0.9")), (Decimal(50000), Decimal("0.85")), (None, Decimal("0.7"))),
}
ALWAYS_ON = frozenset({"USDT", "USDC"})


def collateral_value(coin: str, balance: Decimal, usd_price: Decimal, switched_on: bool) -> Decimal:
    """USD margin value of a balance. Off or unlisted coins count nothing; a negative balance counts in full."""
    if balance <= 0:
        return balance * usd_price
    if not (switched_on or coin in ALWAYS_ON):
        return ZERO
    counted = start = ZERO
    for upper, ratio in COLLATERAL_STEPS.get(coin, ((None, ZERO),)):
        end = balance if upper is None else min(balance, upper)
        counted += max(ZERO, end - start) * ratio
        start = end
    return counted * usd_price


def lowest_step_ratio(coin: str) -> Decimal:
    """The ratio of a small balance, as collateral-info shows it; zero for coins that are no collateral."""
    return COLLATERAL_STEPS.get(coin, ((None, ZERO),))[0][1]
