"""Kelly's fraction of a bet with two outcomes, and how far to trust it.

    edge = (b + 1) p - 1          expected gain per unit at risk; b what a win pays per unit lost, p how often it comes
    f* = edge / b                 fraction of wealth at risk that maximises the mean growth rate, 0 without an edge
    shrinkage = edge^2 / (edge^2 + (b + 1)^2 sigma_p^2),   sigma_p = sqrt(p (1 - p) / n)

p is not known but counted in n trades; a bet at the counted p is too large on average. (b + 1) sigma_p is the standard error of the
edge, so that the factor is near one only where the edge is many of its standard errors: to second order in the bet, k f* grows
fastest on average at k = E(f)^2 / E(f^2) of the estimated fraction f. Sources: Kelly (1956); Baker, McHale (2013), Optimal betting
under parameter uncertainty, the approximate factor ("back of envelope").
"""

from __future__ import annotations

import math

from market_analysis.errors import QuantError

__all__ = ["kelly_edge", "kelly_fraction", "kelly_shrinkage"]


def kelly_edge(win_frac: float, payoff: float) -> float:
    """(b + 1) p - 1. QuantError unless 0 <= p <= 1 and b > 0, both finite."""
    if not 0.0 <= win_frac <= 1.0:
        raise QuantError(f"win_frac is {win_frac}, must lie in [0, 1]", parameter="win_frac")
    if not 0.0 < payoff < math.inf:
        raise QuantError(f"payoff is {payoff}, must be above 0 and finite", parameter="payoff")
    return (payoff + 1.0) * win_frac - 1.0


def kelly_fraction(win_frac: float, payoff: float) -> float:
    """f* = edge / b = p - (1 - p) / b, in [0, 1]; 0 where there is no edge. Errors as `kelly_edge`."""
    kelly_edge(win_frac, payoff)
    return max(win_frac - (1.0 - win_frac) / payoff, 0.0)


def kelly_shrinkage(win_frac: float, payoff: float, trades: int) -> float:
    """Factor on f* in [0, 1]; 0 where there is no edge. Errors as `kelly_edge`, and for fewer than 2 trades."""
    if trades < 2:
        raise QuantError(f"trades is {trades}, at least 2 are needed", parameter="trades")
    edge = max(kelly_edge(win_frac, payoff), 0.0)
    error = (payoff + 1.0) * math.sqrt(win_frac * (1.0 - win_frac) / trades)
    return 0.0 if edge == 0.0 else edge**2 / (edge**2 + error**2)
