"""Whether a change of the book raises what it could lose in a day (ruling 26): reduce-only is not risk-reducing."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from market_analysis.domain import InstrumentId
from market_analysis.domain.tail import TailModel

ZERO = Decimal(0)
ES_99 = Decimal("2.66521422")
"""Expected shortfall of the standard normal at 99 %: phi(z) / .01, z = 2.32634787 (hand arithmetic: .0266521422 / .01)."""
_ROUNDING = Decimal("1e-9")


def expected_shortfall(model: TailModel, quantities: Mapping[InstrumentId, Decimal]) -> Decimal | None:
    """1-day 99 % normal ES of a hypothetical book in dollars, >= 0; None when the model does not know an instrument.

    ES_99 * sqrt(d' C d) + gap * sum |d of assets without history|, d = holdings + sum of contracts (below zero: short) times
    dollars per unit log move.
    """
    deltas = dict(model.holdings)
    for instrument, quantity in quantities.items():
        if quantity == 0:
            continue
        known = model.per_contract.get(instrument)
        if known is None:
            return None
        asset, dollars = known
        deltas[asset] = deltas.get(asset, ZERO) + quantity * dollars
    rows = [deltas.get(asset, ZERO) for asset in model.assets]
    held = [index for index, delta in enumerate(rows) if delta != 0]
    variance = sum((rows[i] * rows[j] * model.covariance[i][j] for i in held for j in held), ZERO)
    without = sum((abs(delta) for asset, delta in deltas.items() if asset not in model.assets), ZERO)
    return ES_99 * max(variance, ZERO).sqrt() + model.gap_frac * without


def raises_tail(model: TailModel, before: Mapping[InstrumentId, Decimal], after: Mapping[InstrumentId, Decimal]) -> bool | None:
    """Whether the book `after` could lose more than the one `before`; None when that cannot be told."""
    now, then = expected_shortfall(model, before), expected_shortfall(model, after)
    if now is None or then is None:
        return None
    return then > now * (1 + _ROUNDING)
