"""Equal risk contribution: the position that would carry as much of the book's variance as every other one does.

The book of all held assets and the candidate, each on its side, with equal contributions (`quant.equal_risk`) and a one-sigma day
of portfolio_volatility_frac x equity; the candidate's line of it is the opinion. Document 004's "risk parity" divided the balance
by the number of strategies and knew no correlation.
"""

from __future__ import annotations

import math

import numpy as np

from market_analysis.errors import QuantError
from market_analysis.quant.equal_risk import equal_risk_weights
from market_analysis.risk.sizing_engine.types import Candidate, Method, SizingBook
from market_analysis.risk.valuation import dollars
from market_analysis.settings.sizing import SizingSettings

NAME = "equal_risk"


def equal_risk(candidate: Candidate, book: SizingBook, settings: SizingSettings) -> Method:
    """No basis without the candidate's volatility. Held assets without volatility or correlation are left out, and counted."""

    def silent(detail: str) -> Method:
        return Method(NAME, None, settings.equal_risk_weight, detail, {})

    place = book.assets.index(candidate.asset)
    sigma = book.sigma_day.copy()
    sigma[place] = math.nan if candidate.sigma_day is None else candidate.sigma_day
    if not sigma[place] > 0.0 or book.equity_usd is None:
        return silent("no volatility could be forecast for the asset")
    sides = np.sign(book.delta_usd)
    sides[place] = candidate.sign
    told = (sides != 0.0) & (sigma > 0.0) & np.isfinite(book.correlation[place])
    told[place] = True
    rows = np.flatnonzero(told)
    scale = (sides * sigma)[rows]
    correlation = book.correlation[np.ix_(rows, rows)].copy()
    np.fill_diagonal(correlation, 1.0)
    try:
        weights = equal_risk_weights(correlation * np.outer(scale, scale))
    except QuantError as error:
        return silent(error.message)
    share = float(weights[np.flatnonzero(rows == place)[0]])
    others = int(np.count_nonzero(sides)) - (1 if sides[place] else 0)
    left_out = others - (len(rows) - 1)
    detail = f"one of {len(rows)} equal contributions" + (f"; {left_out} held without history left out" if left_out else "")
    position = settings.portfolio_volatility_frac * book.equity_usd * share
    inputs = {"sigma_day": float(sigma[place]), "portfolio_volatility_frac": settings.portfolio_volatility_frac, "lines": len(rows)}
    return Method(NAME, dollars(position), settings.equal_risk_weight, detail, inputs)
