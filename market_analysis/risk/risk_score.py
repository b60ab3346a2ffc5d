"""Document 004's risk score with real inputs: VaR .25, leverage .2, concentration .2, drawdown .15, correlation .1, liquidity .1.

Each input becomes 0..100: 1-day 95 % VaR in percent of equity x 10; leverage x 50 (gross exposure over equity); HHI x 200 times the
share of equity that is exposed, at most one; drawdown in percent x 5; sum over pairs of |rho| w_i w_j, twice, x 100; the longest
exit in days x 100. The document's own inputs were constants or ignored equity; its weights and levels are kept.
"""

from __future__ import annotations

from collections.abc import Mapping

from market_analysis.risk.book_structure import RiskScore, ScorePart

WEIGHTS: Mapping[str, float] = {
    "value_at_risk_95_1d_frac": 0.25,
    "leverage": 0.20,
    "hhi": 0.20,
    "drawdown_frac": 0.15,
    "correlation": 0.10,
    "days_to_exit": 0.10,
}
FACTORS: Mapping[str, float] = {
    "value_at_risk_95_1d_frac": 1_000.0,
    "leverage": 50.0,
    "hhi": 200.0,
    "drawdown_frac": 500.0,
    "correlation": 100.0,
    "days_to_exit": 100.0,
}
LEVELS = ((80.0, "critical"), (60.0, "high"), (30.0, "medium"))


def risk_score(inputs: Mapping[str, float | None]) -> RiskScore:
    """The score of the inputs named in WEIGHTS; None with the reason where one is missing. Rises with every input."""
    missing = [name for name in WEIGHTS if inputs.get(name) is None]
    parts = tuple(
        ScorePart(name, value, min(max(FACTORS[name] * value, 0.0), 100.0), weight)
        for name, weight in WEIGHTS.items()
        if (value := inputs.get(name)) is not None
    )
    if missing:
        return RiskScore(None, None, parts, f"not known: {', '.join(missing)}")
    score = sum(part.weight * part.score for part in parts)
    return RiskScore(score, next((level for bound, level in LEVELS if score >= bound), "low"), parts, None)
