"""The coins the market moves: starting price, how they move together, and how much of them is traded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BaseProfile:
    """How one coin moves, in daily fractions.

    Log return = beta * common + sector_vol_frac * (unit sector factor) + own_vol_frac * (unit own noise). The common
    factor has `COMMON_DAILY_VOL_FRAC` per day: total daily volatility is sqrt((beta * common)^2 + sector^2 + own^2).
    """

    base: str
    sector: str
    start_price: float
    beta: float
    sector_vol_frac: float
    own_vol_frac: float
    daily_turnover_usd: float


COMMON_DAILY_VOL_FRAC = 0.021

BASES: tuple[BaseProfile, ...] = (
    BaseProfile("BTC", "majors", 68000.0, 1.00, 0.003, 0.0050, 9.0e9),
    BaseProfile("ETH", "majors", 2600.0, 1.25, 0.006, 0.0120, 5.0e9),
    BaseProfile("SOL", "layer1", 155.0, 1.45, 0.016, 0.0150, 2.0e9),
    BaseProfile("XRP", "payments", 0.58, 1.05, 0.015, 0.0200, 8.0e8),
    BaseProfile("DOGE", "meme", 0.145, 1.45, 0.022, 0.0190, 9.0e8),
    BaseProfile("LINK", "defi", 12.4, 1.35, 0.018, 0.0180, 2.2e8),
    BaseProfile("AVAX", "layer1", 27.5, 1.45, 0.018, 0.0160, 2.5e8),
    BaseProfile("ADA", "layer1", 0.365, 1.25, 0.016, 0.0170, 2.0e8),
    BaseProfile("LTC", "payments", 70.5, 1.05, 0.015, 0.0140, 2.1e8),
    BaseProfile("1000PEPE", "meme", 0.0098, 1.75, 0.030, 0.0300, 5.0e8),
    BaseProfile("ARB", "defi", 0.56, 1.50, 0.020, 0.0210, 1.6e8),
    BaseProfile("SUI", "layer1", 1.75, 1.45, 0.020, 0.0290, 4.0e8),
    BaseProfile("USDC", "stable", 1.0, 0.0, 0.0, 0.0, 2.0e8),
)
