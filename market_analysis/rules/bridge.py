"""When a limit on equity tells and does not act: equity is old (ruling 25), or nothing explains its change (ruling 16)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from market_analysis.domain import Unknown
from market_analysis.rules.view import AccountView

TOLERANCE_FRAC = Decimal("0.001")
"""Of equity: what rounding and reads that are a moment apart leave unexplained."""
TOLERANCE_ABS = Decimal(1)
WITHHELD_AT_MOST = timedelta(minutes=15)
"""After so long without an explanation a limit acts on the equity that the venue states: doubt must not disarm it for good."""
FRESH = timedelta(minutes=2)
"""Older balances enforce nothing: the read that would confirm them has not come."""


def within_tolerance(residual: Decimal, equity: Decimal) -> bool:
    """Whether a residual is what rounding and reads a moment apart leave."""
    return abs(residual) <= max(TOLERANCE_ABS, TOLERANCE_FRAC * abs(equity))


def tolerance(view: AccountView, frac: Decimal = TOLERANCE_FRAC, least: Decimal = TOLERANCE_ABS) -> Decimal | None:
    """The residual that is still believed, in money; None while equity is unknown."""
    return None if isinstance(view.money, Unknown) else max(least, frac * abs(view.money.equity))


def withheld(view: AccountView) -> str:
    """Why a rule on equity does not act, else empty. A residual whose start nobody has noted counts as just seen."""
    if not isinstance(view.money, Unknown) and view.now - view.money.at > FRESH:
        return f"; not acted on: balance and equity are {(view.now - view.money.at).total_seconds():.0f} s old"
    most = tolerance(view)
    if view.unexplained is None or most is None or abs(view.unexplained) <= most:
        return ""
    since = view.unexplained_since or view.now
    if view.now - since >= WITHHELD_AT_MOST:
        return ""
    minutes = int(WITHHELD_AT_MOST.total_seconds() // 60)
    return f"; not acted on: equity changed by {view.unexplained:f} that nothing explains (acts after {minutes} minutes of it)"
