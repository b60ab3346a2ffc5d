"""Today's book held through its assets' past: would its value at risk have been right?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from market_analysis.quant.arrays import Float1D, Float2D, Int1D
from market_analysis.quant.value_at_risk.coverage import christoffersen_conditional, dynamic_quantile, kupiec, traffic_light
from market_analysis.quant.value_at_risk.losses import line_losses
from market_analysis.quant.value_at_risk.measures import tail_measure
from market_analysis.quant.value_at_risk.residuals import DAY_HOURS, to_draw_from
from market_analysis.quant.value_at_risk.severity import acerbi_szekely, fz0
from market_analysis.risk.value_at_risk_report import TailBacktest

DAY_MS: Final = DAY_HOURS * 3_600_000
LEAST_DAYS_BEFORE: Final = 60
LEAST_DAYS_JUDGED: Final = 30


def book_backtests(
    start_ms: Int1D, residuals: Float2D, sigmas: Float2D, deltas: Float1D, caps: Float1D, confidences: Sequence[float]
) -> tuple[tuple[TailBacktest, ...], str | None]:
    """One result per confidence, or none and why. Days begin at 00:00 UTC; each is judged by the days that had ended before it.

    start_ms (days,), residuals and sigmas (days, lines) overlap; deltas and caps (lines,) are today's.
    """
    gross = float(np.abs(deltas).sum())
    if gross == 0.0:
        return (), "no exposure with history"
    begins = np.flatnonzero(start_ms % DAY_MS == 0)
    begins = begins[start_ms[begins] - start_ms[0] >= (LEAST_DAYS_BEFORE + 1) * DAY_MS]
    if begins.size < LEAST_DAYS_JUDGED:
        return (), f"{begins.size} days could be judged; at least {LEAST_DAYS_JUDGED} are needed"
    losses = line_losses((residuals * sigmas)[begins], deltas, caps).sum(axis=1)
    stated = np.empty((begins.size, len(confidences), 2))
    for place, row in enumerate(begins):
        ended = int(np.searchsorted(start_ms, start_ms[row] - DAY_MS, side="right"))
        past = line_losses(to_draw_from(residuals[:ended]) * sigmas[row], deltas, caps).sum(axis=1)[:, None]
        measures = [tail_measure(past, confidence) for confidence in confidences]
        stated[place] = [(found.value_at_risk, found.expected_shortfall) for found in measures]
    results = [_judged(losses / gross, stated[:, place] / gross, level) for place, level in enumerate(confidences)]
    return tuple(results), None


def _judged(losses: Float1D, stated: Float2D, confidence: float) -> TailBacktest:
    """losses (days,) and stated (days, 2: VaR, ES) in returns on gross exposure. A shortfall below a millionth counts as one."""
    value_at_risk, shortfall = stated[:, 0], np.maximum(stated[:, 1], 1e-6)
    breaches = losses > value_at_risk
    severity = acerbi_szekely(-losses, value_at_risk, shortfall, confidence)
    zone, _ = traffic_light(breaches, confidence)
    return TailBacktest(
        confidence=confidence,
        days=losses.size,
        breaches=int(breaches.sum()),
        expected_breaches=round((1.0 - confidence) * losses.size, 9),
        kupiec_p=kupiec(breaches, confidence).p_value,
        christoffersen_p=christoffersen_conditional(breaches, confidence).p_value,
        dynamic_quantile_p=dynamic_quantile(breaches, value_at_risk, confidence).p_value,
        zone=zone,
        z1=severity.z1,
        z2=severity.z2,
        fz0=float(fz0(-losses, value_at_risk, shortfall, confidence).mean()),
    )
