"""Every single forecast as a table (symbol, origin, horizon, model, forecast), so that anyone can score it again."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from market_analysis.desk.evaluation.walk_forward import Plan, SymbolForecasts
from market_analysis.domain import from_milliseconds
from market_analysis.errors import OutputError

__all__ = ["write_forecasts"]

COLUMNS = ("symbol", "origin", "horizon_hours", "model", "forecast")


def write_forecasts(path: Path, forecasts: Mapping[str, SymbolForecasts], plan: Plan) -> int:
    """Write CSV; origin is when the last bar seen closed (UTC), forecast the variance of the log return over the horizon.

    Returns the number of rows. Raises OutputError when the file cannot be written.
    """
    count = 0
    try:
        with path.open("w", encoding="ascii", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(COLUMNS)
            for row in _rows(forecasts, plan):
                writer.writerow(row)
                count += 1
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}", remedy="name a file in a directory that exists") from error
    return count


def _rows(forecasts: Mapping[str, SymbolForecasts], plan: Plan) -> Iterator[tuple[str, str, int, str, float]]:
    for symbol, made in forecasts.items():
        for at, origin in enumerate(made.origin_ms.tolist()):
            moment = from_milliseconds(origin).isoformat()
            for model, table in made.forecasts.items():
                for place, horizon in enumerate(plan.horizons):
                    if np.isfinite(table[at, place]):
                        yield symbol, moment, horizon, model, float(table[at, place])
