"""What is said of the book's tail: value at risk, expected shortfall, each line's part, and how such figures fared in the past."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class TailFigure:
    """Value at risk and expected shortfall of the book over horizon_days at a confidence (fraction); positive losses, USD.

    The _frac fields are of equity, None without equity.
    """

    horizon_days: int
    confidence: float
    value_at_risk_usd: Decimal
    expected_shortfall_usd: Decimal
    value_at_risk_frac: float | None
    expected_shortfall_frac: float | None


@dataclass(frozen=True, slots=True)
class TailComponent:
    """One line's part of the 1-day 99 % figures; the parts sum to the totals. Negative: the line hedges the book in its tail.

    marginal_expected_shortfall: dollars of ES per dollar more of the line's exposure, None where its exposure is zero. assumed: no
    history; its loss is the stress gap, whichever way the market goes.
    """

    subject: str
    value_at_risk_usd: Decimal
    expected_shortfall_usd: Decimal
    marginal_expected_shortfall: float | None
    assumed: bool


@dataclass(frozen=True, slots=True)
class TailBacktest:
    """Today's book held through its assets' past: days judged, days with a loss above the VaR stated before, and tests.

    expected_breaches = (1 - confidence) days. The p-values are the probability of a worse result if the VaR is right; None: cannot
    be said. zone: the Basel traffic light. z2: Acerbi and Szekely; 0 when right, below -.7 when risk was understated. fz0: mean
    joint score in returns on gross exposure, for comparison only.
    """

    confidence: float
    days: int
    breaches: int
    expected_breaches: float
    kupiec_p: float | None
    christoffersen_p: float | None
    dynamic_quantile_p: float | None
    zone: str
    z1: float | None
    z2: float
    fz0: float


@dataclass(frozen=True, slots=True)
class ValueAtRiskReport:
    """The tail of the static book: no stops, no trades, isolated losses end with their margin (ruling 18).

    reason: why there are no figures, None where there are; figures and components are then empty. scenarios: joint days drawn from,
    overlapping; history_days: how long they span. For comparison: parametric_99_1d_usd, delta-normal VaR with the same volatilities
    and the sample's correlations; historical_99_1d_usd, the same days without rescaling. backtests: empty with backtest_reason.
    """

    reason: str | None
    method: str
    figures: tuple[TailFigure, ...]
    components: tuple[TailComponent, ...]
    scenarios: int
    history_days: float
    parametric_99_1d_usd: Decimal | None
    historical_99_1d_usd: Decimal | None
    backtests: tuple[TailBacktest, ...]
    backtest_reason: str | None
