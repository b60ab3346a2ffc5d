"""Size by equal risk contribution: the asset's part of a book in which every asset moves the whole by the same amount.

    exposure = book_sigma_day_frac * equity * y / sigma_day

y: the asset's entry of `quant.equal_risk` for the assets held and this one, each in its direction: what hedges the book may be
larger, what repeats it must be smaller. Only the other assets' correlations enter, not their present sizes. What is held in the
trade's direction already is part of the exposure.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import numpy as np

from market_analysis.errors import QuantError
from market_analysis.quant.equal_risk import equal_risk_exposures
from market_analysis.risk.correlation import CorrelationView
from market_analysis.risk.sizing_engine.types import Method, SizingRequest, cents
from market_analysis.settings import SizingSettings

NAME = "equal_risk"


def equal_risk_size(
    equity_usd: Decimal,
    request: SizingRequest,
    net_usd: Mapping[str, Decimal] | None,
    view: CorrelationView,
    settings: SizingSettings,
) -> Method:
    """The method's opinion; no basis without the asset's sigma, the others' dollars and all correlations."""

    def without(reason: str) -> Method:
        return Method(NAME, None, settings.weight_equal_risk, 0.0, Decimal(0), reason, {})

    if request.sigma_day is None or not request.sigma_day > 0.0:
        return without(f"no volatility is known ({request.sigma_day})")
    if net_usd is None:
        return without("a line of the book has no value in dollars")
    others = sorted(asset for asset, net in net_usd.items() if net != 0 and asset != request.asset)
    assets = [request.asset, *others]
    missing = sorted(asset for asset in assets if asset in view.missing)
    if others and missing:
        return without(f"no correlation of {', '.join(missing)}")
    try:
        unit = _unit_exposure(assets, [request.side.sign, *(1 if net_usd[asset] > 0 else -1 for asset in others)], view)
    except QuantError as error:
        return without(error.message)
    target = settings.book_sigma_day_frac * float(equity_usd) * unit / request.sigma_day
    held = max(Decimal(0), request.side.sign * net_usd.get(request.asset, Decimal(0)))
    return Method(
        name=NAME,
        size_usd=max(cents(target) - held, Decimal(0)),
        weight=settings.weight_equal_risk,
        used=0.0,
        contribution_usd=Decimal(0),
        basis=f"1 of {len(assets)} equal parts of a book of {settings.book_sigma_day_frac:.3g} a day",
        inputs={"sigma_day": request.sigma_day, "assets": len(assets), "unit_exposure": unit, "held_usd": float(held)},
    )


def _unit_exposure(assets: list[str], signs: list[int], view: CorrelationView) -> float:
    if len(assets) == 1:
        return 1.0
    rows = view.rows(assets)
    return float(equal_risk_exposures(view.matrix[np.ix_(rows, rows)] * np.outer(signs, signs))[0])
