"""How good the variance forecasts are on a folder of bars: walk forward, score, compare, write every forecast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from market_analysis.desk.evaluation.coefficients import read_coefficients
from market_analysis.desk.evaluation.export import write_forecasts
from market_analysis.desk.evaluation.parquet_bars import HOUR_MS, read_market_folder
from market_analysis.desk.evaluation.scores import ModelScore, score
from market_analysis.desk.evaluation.walk_forward import BASELINE, BASELINE_RETURNS, Plan, walk_forward
from market_analysis.domain import from_milliseconds, to_milliseconds
from market_analysis.errors import UsageError
from market_analysis.quant.arrays import Int1D
from market_analysis.quant.forecast.panel import load_panel

__all__ = ["Evaluation", "EvaluationRequest", "evaluate_folder"]

SEED = 20240101


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """What to score. first, last: origins from and to (aware); None: as far as the data go. coefficients: a panel file other than
    the shipped, such as one that was fitted without the period scored. forecasts_file: where to write every forecast."""

    folder: Path
    horizons: Sequence[int] = (1, 4, 24)
    every_hours: int = 4
    symbols: frozenset[str] | None = None
    first: datetime | None = None
    last: datetime | None = None
    coefficients: Path | None = None
    forecasts_file: Path | None = None
    confidence_set: bool = True


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores and what they were made of. coefficients: provenance of the pooled model's numbers."""

    folder: str
    symbols: tuple[str, ...]
    first_origin: datetime
    last_origin: datetime
    every_hours: int
    horizons_hours: tuple[int, ...]
    fine_minutes: int | None
    baseline: str
    coefficients: dict[str, object]
    forecasts_written: int
    scores: tuple[ModelScore, ...]


def evaluate_folder(request: EvaluationRequest, progress: Callable[[float], None] | None = None) -> Evaluation:
    """Forecast and score every symbol of the folder.

    Raises:
        UsageError: nothing to read, horizons that are not positive, or no origin with enough bars before it.
        DataUnknownError: a file cannot be read as OHLCV.
    """
    market = read_market_folder(request.folder, request.symbols)
    plan = _plan(request, [series.hourly.open_time_ms for series in market.values()])
    panel = load_panel() if request.coefficients is None else read_coefficients(request.coefficients)
    forecasts = walk_forward(market, plan, panel, progress)
    if not forecasts:
        raise UsageError(
            f"no symbol has {BASELINE_RETURNS} hourly returns before an origin", remedy="give longer files or an earlier --to"
        )
    written = 0 if request.forecasts_file is None else write_forecasts(request.forecasts_file, forecasts, plan)
    scores = score(market, forecasts, plan, confidence_set=request.confidence_set, seed=SEED)
    if not scores:
        raise UsageError("too few origins to score any horizon", remedy="score a longer span or a smaller --every")
    finest = {series.fine_minutes for series in market.values() if series.fine_variance is not None}
    return Evaluation(
        folder=request.folder.name,
        symbols=tuple(forecasts),
        first_origin=from_milliseconds(min(int(made.origin_ms[0]) for made in forecasts.values())),
        last_origin=from_milliseconds(max(int(made.origin_ms[-1]) for made in forecasts.values())),
        every_hours=plan.every_hours,
        horizons_hours=plan.horizons,
        fine_minutes=min(finest) if finest else None,
        baseline=BASELINE,
        coefficients=dict(panel.provenance),
        forecasts_written=written,
        scores=scores,
    )


def _plan(request: EvaluationRequest, times: Sequence[Int1D]) -> Plan:
    horizons = tuple(sorted({int(horizon) for horizon in request.horizons}))
    if not horizons or horizons[0] < 1 or request.every_hours < 1:
        raise UsageError(
            f"horizons {horizons} and every {request.every_hours} h; both must be at least 1 hour", remedy="give whole hours"
        )
    first = min(int(series[0]) for series in times) + HOUR_MS
    last = max(int(series[-1]) for series in times) + HOUR_MS
    return Plan(
        horizons,
        request.every_hours,
        first if request.first is None else to_milliseconds(request.first),
        last if request.last is None else to_milliseconds(request.last),
    )
