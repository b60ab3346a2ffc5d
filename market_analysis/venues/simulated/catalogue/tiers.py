"""Risk-limit tiers: tables of (limit, maintenance rate, initial rate, leverage) made into tiers with deductions."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from market_analysis.venues.simulated.catalogue.instrument import RiskTier

TierRow = tuple[str, str, str, str]

# Recorded from Bybit's /v5/market/risk-limit for BTCUSDT.
BTC_LINEAR: tuple[TierRow, ...] = (
    ("2000000", "0.005", "0.01", "100"),
    ("2600000", "0.0056", "0.0111", "90"),
    ("3200000", "0.0063", "0.0125", "80"),
    ("3800000", "0.0067", "0.0133", "75"),
    ("4400000", "0.0071", "0.0143", "70"),
    ("5000000", "0.0077", "0.0154", "65"),
    ("5600000", "0.0091", "0.0182", "55"),
    ("8500000", "0.01", "0.02", "50"),
    ("10000000", "0.013", "0.0222", "45"),
    ("14000000", "0.015", "0.025", "40"),
    ("20000000", "0.016", "0.0286", "35"),
    ("28000000", "0.02", "0.0333", "30"),
    ("38000000", "0.025", "0.04", "25"),
    ("50000000", "0.029", "0.05", "20"),
)
LARGE_LINEAR: tuple[TierRow, ...] = (
    ("900000", "0.005", "0.01", "100"),
    ("1800000", "0.0075", "0.0133", "75"),
    ("4500000", "0.01", "0.02", "50"),
    ("9000000", "0.02", "0.04", "25"),
    ("18000000", "0.04", "0.08", "12.5"),
    ("36000000", "0.1", "0.2", "5"),
)
MIDDLE_LINEAR: tuple[TierRow, ...] = (
    ("200000", "0.01", "0.0133", "75"),
    ("500000", "0.015", "0.02", "50"),
    ("1000000", "0.02", "0.04", "25"),
    ("2000000", "0.04", "0.08", "12.5"),
    ("5000000", "0.1", "0.2", "5"),
)
SMALL_LINEAR: tuple[TierRow, ...] = (
    ("25000", "0.02", "0.04", "25"),
    ("100000", "0.025", "0.05", "20"),
    ("300000", "0.05", "0.1", "10"),
    ("1000000", "0.1", "0.2", "5"),
)
BTC_INVERSE: tuple[TierRow, ...] = (
    ("150", "0.005", "0.01", "100"),
    ("300", "0.01", "0.0182", "55"),
    ("450", "0.015", "0.0267", "37.5"),
    ("600", "0.02", "0.0357", "28"),
)
ETH_INVERSE: tuple[TierRow, ...] = (
    ("3000", "0.01", "0.02", "50"),
    ("6000", "0.015", "0.0286", "35"),
    ("9000", "0.02", "0.0385", "26"),
    ("15000", "0.03", "0.0556", "18"),
)


def make_tiers(rows: Sequence[TierRow]) -> tuple[RiskTier, ...]:
    """Tiers with the deduction that keeps maintenance margin continuous.

    deduction_1 = 0; deduction_i = deduction_{i-1} + limit_{i-1} * (rate_i - rate_{i-1}), `rate` being the maintenance
    margin rate (Bybit's help centre, maintenance margin calculation).
    """
    tiers: list[RiskTier] = []
    for number, (limit, maintenance, initial, leverage) in enumerate(rows, start=1):
        rate = Decimal(maintenance)
        deduction = Decimal(0)
        if tiers:
            below = tiers[-1]
            deduction = below.mm_deduction + below.limit_value * (rate - below.maintenance_margin_rate)
        tiers.append(RiskTier(number, Decimal(limit), rate, Decimal(initial), Decimal(leverage), deduction))
    return tuple(tiers)
