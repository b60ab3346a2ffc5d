"""How long a position takes to leave and what leaving costs, from the volume of the last 30 days.

    days to exit = size / (participation x mean daily volume)
    impact = Y sigma_day sqrt(size / daily volume), a fraction of price, Y = 1

The square-root law: Almgren, Thum, Hauptmann, Li (2005); Toth and others (2011) find Y near one over many markets. Illiquidity of
Amihud (2002): mean over days of |return| / dollar volume.
"""

from __future__ import annotations

import math

import numpy as np

from market_analysis.domain import Bars, Category, InstrumentId
from market_analysis.risk.book_structure import PositionLiquidity
from market_analysis.risk.valuation import dollars

IMPACT_COEFFICIENT = 1.0
HOURS_PER_DAY = 24
DAYS = 30


def position_liquidity(
    subject: str,
    instrument: InstrumentId,
    notional_usd: float | None,
    usd_per_quote: float | None,
    bars: Bars | None,
    sigma_day: float | None,
    participation_frac: float,
) -> PositionLiquidity:
    """bars: closed hourly ones of the very contract; their volume is in base units, of an inverse contract in dollars."""

    def unknown(reason: str) -> PositionLiquidity:
        return PositionLiquidity(subject, dollars(notional_usd), None, None, None, None, None, reason)

    if notional_usd is None or usd_per_quote is None:
        return unknown("no value in dollars is known")
    if bars is None or len(bars) < HOURS_PER_DAY:
        return unknown("fewer than 24 hourly bars")
    days = min(len(bars) // HOURS_PER_DAY, DAYS)
    recent = bars[-days * HOURS_PER_DAY :]
    traded = recent.volume if instrument.category is Category.INVERSE else recent.volume * recent.close * usd_per_quote
    daily = traded.reshape(days, HOURS_PER_DAY).sum(axis=1)
    mean = float(daily.mean())
    if not mean > 0.0:
        return unknown(f"nothing was traded in {days} days")
    size = abs(notional_usd)
    impact = None if sigma_day is None else IMPACT_COEFFICIENT * sigma_day * math.sqrt(size / mean)
    closes = recent.close.reshape(days, HOURS_PER_DAY)[:, -1]
    moved = np.abs(np.diff(np.log(closes)))
    busy = daily[1:] > 0.0
    return PositionLiquidity(
        subject=subject,
        notional_usd=dollars(notional_usd),
        daily_volume_usd=dollars(mean),
        days_to_exit=size / (participation_frac * mean),
        impact_usd=None if impact is None else dollars(impact * size),
        impact_bps=None if impact is None else 1e4 * impact,
        amihud_per_million_usd=float((moved[busy] / (daily[1:][busy] / 1e6)).mean()) if busy.any() else None,
        reason=None if sigma_day is not None else "no volatility is known",
    )
