"""Non-stable balances as exposures of kind holding (ruling 17)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal

import numpy as np

from market_analysis.domain import STABLE_COINS, CoinBalance, Snapshot, Unknown
from market_analysis.risk.assets import asset_of, usd_rate
from market_analysis.risk.correlation import MINIMUM_OBSERVATIONS, Returns
from market_analysis.risk.types import HoldingReport
from market_analysis.risk.valuation import dollars, rounded

DUST_USD = Decimal(1)
"""Balances worth less are left-overs of fees and conversions, not exposure."""
_BARS_PER_DAY = 6
_RECENT = 30 * _BARS_PER_DAY


def holdings(snapshot: Snapshot, returns: Mapping[str, Returns]) -> tuple[HoldingReport, ...]:
    """Every non-stable balance of at least a dollar, long or borrowed, largest first; none where the account was not read.

    quantity is the coin's equity: open inverse profit is in it, and moves with the coin's price like the rest.
    """
    if isinstance(snapshot.account, Unknown):
        return ()
    reports = [
        _holding(coin, snapshot, returns)
        for coin in snapshot.account.coins
        if coin.coin.upper() not in STABLE_COINS and coin.equity != 0
    ]
    kept = [report for report in reports if report.value_usd is None or abs(report.value_usd) >= DUST_USD]
    return tuple(sorted(kept, key=lambda report: (-abs(report.value_usd or Decimal(0)), report.coin)))


def sigma_day_of(returns: Returns | None) -> float | None:
    """sqrt(6 * mean r^2) of the last 30 days of 4h log returns: one-day sigma, fraction; None below 10 days of returns."""
    if returns is None or returns.values.size < MINIMUM_OBSERVATIONS:
        return None
    values = returns.values[-_RECENT:]
    return math.sqrt(_BARS_PER_DAY * float(np.mean(values * values)))


def stress_usd(reports: tuple[HoldingReport, ...], gap_frac: float) -> Decimal | None:
    """Loss of all holdings together at the stress gap, each against itself; None when one has no value in dollars."""
    values = [report.value_usd for report in reports]
    known = [abs(value) for value in values if value is not None]
    return None if len(known) < len(values) else rounded(sum(known, start=Decimal(0)) * Decimal(str(gap_frac)))


def _holding(coin: CoinBalance, snapshot: Snapshot, returns: Mapping[str, Returns]) -> HoldingReport:
    rate = usd_rate(snapshot, coin.coin)
    return HoldingReport(
        coin=coin.coin,
        quantity=coin.equity,
        value_usd=dollars(coin.usd_value if rate is None else coin.equity * rate),
        collateral_value_frac=None if coin.collateral_value_frac is None else float(coin.collateral_value_frac),
        sigma_day=sigma_day_of(returns.get(asset_of(coin.coin))),
    )
