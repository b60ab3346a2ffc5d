"""Volatility targeting: the position whose one-sigma day moves equity by a set fraction.

    position = position_volatility_frac x equity / sigma_day

Document 004 multiplies a percentage of the balance by .02 / sigma, clipped, and again by .6 above .05; one rule without a step says
the same. The stop plays no part here: it bounds the loss as a cap, so that volatility is not counted twice (ruling 6).
"""

from __future__ import annotations

from market_analysis.risk.sizing_engine.types import Candidate, Method, SizingBook
from market_analysis.risk.valuation import dollars
from market_analysis.settings.sizing import SizingSettings

NAME = "volatility"


def volatility_target(candidate: Candidate, book: SizingBook, settings: SizingSettings) -> Method:
    """No basis without a volatility of the asset."""
    sigma, equity = candidate.sigma_day, book.equity_usd
    if sigma is None or not sigma > 0.0 or equity is None:
        return Method(NAME, None, settings.volatility_weight, "no volatility could be forecast for the asset", {})
    target = settings.position_volatility_frac
    inputs = {"sigma_day": sigma, "position_volatility_frac": target}
    return Method(
        NAME, dollars(target * equity / sigma), settings.volatility_weight, "a one-sigma day moves equity by the target", inputs
    )
