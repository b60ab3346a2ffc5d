"""How good the printed odds are on a folder of bars: enter long and short at past closes, read off what came, score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from market_analysis.desk.evaluation.coefficients import read_coefficients
from market_analysis.desk.evaluation.odds.charts import write_charts
from market_analysis.desk.evaluation.odds.entries import BASELINE_RETURNS, Terms
from market_analysis.desk.evaluation.odds.export import write_cases
from market_analysis.desk.evaluation.odds.references import with_past
from market_analysis.desk.evaluation.odds.scores import KindScore, score_odds
from market_analysis.desk.evaluation.odds.walk import OddsPlan, tick_sizes, walk_odds
from market_analysis.desk.evaluation.parquet_bars import HOUR_MS, MarketSeries, read_market_folder
from market_analysis.domain import from_milliseconds, to_milliseconds
from market_analysis.errors import UsageError
from market_analysis.quant.forecast.panel import load_panel
from market_analysis.settings import Settings

__all__ = ["OddsEvaluation", "OddsRequest", "evaluate_odds"]

SEED = 20240101


@dataclass(frozen=True, slots=True)
class OddsRequest:
    """What to score. first, last: origins from and to (aware); None: as far as the data go. coefficients: a panel file other than
    the shipped. cases_file: where every p and outcome is written; plots: folder of reliability diagrams."""

    folder: Path
    settings: Settings
    every_hours: int = 120
    leverage: Decimal = Decimal(10)
    symbols: frozenset[str] | None = None
    first: datetime | None = None
    last: datetime | None = None
    coefficients: Path | None = None
    cases_file: Path | None = None
    plots: Path | None = None


@dataclass(frozen=True, slots=True)
class OddsEvaluation:
    """Scores and what they were made of. paths: simulated per printed p. coefficients: provenance of the pooled model's numbers."""

    folder: str
    symbols: tuple[str, ...]
    first_origin: datetime
    last_origin: datetime
    every_hours: int
    leverage: Decimal
    horizon_hours: int
    paths: int
    coefficients: dict[str, object]
    cases_written: int
    plots: tuple[str, ...]
    scores: tuple[KindScore, ...]


def evaluate_odds(request: OddsRequest, progress: Callable[[float], None] | None = None) -> OddsEvaluation:
    """Enter every symbol of the folder long and short at every origin, and score what was said against what came.

    Raises:
        UsageError: nothing to read, no origin with enough bars around it, or too few cases to score.
        DataUnknownError: a file cannot be read as OHLCV.
        OutputError: a file cannot be written.
    """
    market = read_market_folder(request.folder, request.symbols)
    panel = load_panel() if request.coefficients is None else read_coefficients(request.coefficients)
    terms = Terms(request.settings, request.leverage, tick_sizes(market), panel)
    cases = with_past(walk_odds(market, _plan(request, market), terms, progress))
    if not cases:
        hours = request.settings.prob.horizon_hours
        raise UsageError(
            f"no symbol has {BASELINE_RETURNS} hourly returns before an origin and {hours} hours after it",
            remedy="give longer files or a longer span",
        )
    written = 0 if request.cases_file is None else write_cases(request.cases_file, cases)
    scores = score_odds(cases, SEED)
    return OddsEvaluation(
        folder=request.folder.name,
        symbols=tuple(dict.fromkeys(sorted(case.symbol for case in cases))),
        first_origin=from_milliseconds(min(case.origin_ms for case in cases)),
        last_origin=from_milliseconds(max(case.origin_ms for case in cases)),
        every_hours=request.every_hours,
        leverage=request.leverage,
        horizon_hours=request.settings.prob.horizon_hours,
        paths=request.settings.prob.paths,
        coefficients=dict(panel.provenance),
        cases_written=written,
        plots=() if request.plots is None else write_charts(request.plots, scores),
        scores=scores,
    )


def _plan(request: OddsRequest, market: dict[str, MarketSeries]) -> OddsPlan:
    if request.every_hours < 1:
        raise UsageError(f"every {request.every_hours} h; it must be at least 1 hour", remedy="give whole hours")
    first = min(int(series.hourly.open_time_ms[0]) for series in market.values()) + HOUR_MS
    last = max(int(series.hourly.open_time_ms[-1]) for series in market.values()) + HOUR_MS
    return OddsPlan(
        request.every_hours,
        first if request.first is None else max(first, to_milliseconds(request.first)),
        last if request.last is None else min(last, to_milliseconds(request.last)),
    )
