"""Size by volatility: a bad day, `stop_sigmas` of the asset's daily sigma, costs the trade's risk budget.

    size = equity * risk_per_trade_frac / (stop_sigmas * reference_sigma_day) * min(reference_sigma_day / sigma_day, largest ratio)

and in a wild market (sigma_day >= high_volatility_sigma_day) high_volatility_multiplier of it. Volatility counts once: the stop
does not enter, so that a stop drawn close does not buy a larger position. The document's floor of a tenth on the ratio is left
out: it made the wildest coins larger than their risk allows.
"""

from __future__ import annotations

from decimal import Decimal

from market_analysis.risk.sizing_engine.types import Method, cents
from market_analysis.settings import SizingSettings

NAME = "volatility"


def volatility_size(equity_usd: Decimal, sigma_day: float | None, settings: SizingSettings) -> Method:
    """The method's opinion; no basis without a sigma above zero."""
    if sigma_day is None or not sigma_day > 0.0:
        return Method(NAME, None, settings.weight_volatility, 0.0, Decimal(0), f"no volatility is known ({sigma_day})", {})
    reference = settings.reference_sigma_day
    ratio = min(reference / sigma_day, settings.largest_volatility_ratio)
    damping = settings.high_volatility_multiplier if sigma_day >= settings.high_volatility_sigma_day else 1.0
    ordinary = float(equity_usd) * settings.risk_per_trade_frac / (settings.stop_sigmas * reference)
    return Method(
        name=NAME,
        size_usd=cents(ordinary * ratio * damping),
        weight=settings.weight_volatility,
        used=0.0,
        contribution_usd=Decimal(0),
        basis=f"{settings.stop_sigmas:g} daily sigmas cost {settings.risk_per_trade_frac:.3g} of equity",
        inputs={"sigma_day": sigma_day, "ratio": ratio, "high_volatility": damping},
    )
