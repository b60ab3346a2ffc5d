"""Variance forecasts year by year, each fitted on nothing but the years before: python -m benchmarks.forecast_years.

Ten symbols of binance_spot_1h_long (hourly, so the proxy is squared hourly returns and the range-based variance that the models
use themselves). Prints the median over symbols of the QLIKE ratio to GARCH(1,1) on 1,000 hours.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.fit_panel import LEAST_BARS, fit
from benchmarks.panel_data import DATA, HourlyBars, read_folder, span, usable
from market_analysis.desk.evaluation.parquet_bars import HOUR_MS, MarketSeries, last_digit
from market_analysis.desk.evaluation.scores import ModelScore, score
from market_analysis.desk.evaluation.targets import REALISED
from market_analysis.desk.evaluation.walk_forward import COMBINED, Plan, walk_forward
from market_analysis.domain import Bars
from market_analysis.quant.forecast.measure import hourly_measure
from market_analysis.quant.forecast.panel import panel_from_document

YEARS = (2021, 2022, 2023)
HORIZONS = (1, 4, 24, 72)
HISTORY_HOURS = 4000
PROXY_NAMES = {REALISED: "range-based variance", "squared_returns": "squared hourly returns"}


def main() -> None:
    """Fit and score each year."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--every", type=int, default=7, help="hours from one forecast to the next")
    given = parser.parse_args()
    symbols = usable(read_folder(given.data / "binance_spot_1h_long"), LEAST_BARS)
    for year in YEARS:
        for item in score_year(symbols, year, given.every):
            if item.model in (COMBINED, "panel", "garch_t", "har"):
                where = f"{year} {PROXY_NAMES[item.proxy]:24} {item.horizon_hours:3} h {item.model:9}"
                print(f"{where} {item.qlike_ratio_median:.3f}  (of means {item.qlike_ratio_of_means:.3f})", flush=True)


def score_year(symbols: dict[str, HourlyBars], year: int, every_hours: int) -> tuple[ModelScore, ...]:
    """Coefficients from bars before `year`, forecasts and scores within it."""
    past = {name: span(bars, before=f"{year}-01-01") for name, bars in symbols.items()}
    panel = panel_from_document(fit([(usable(past, LEAST_BARS), 2)], f"before {year}"))
    market = {name: _series(name, span(bars, before=f"{year + 1}-01-01")) for name, bars in symbols.items()}
    first = int(np.datetime64(f"{year}-01-01", "ms").astype(np.int64))
    plan = Plan(HORIZONS, every_hours, first, int(np.datetime64(f"{year + 1}-01-01", "ms").astype(np.int64)))
    kept = {name: _recent(series, first - HISTORY_HOURS * HOUR_MS) for name, series in market.items()}
    return score(kept, walk_forward(kept, plan, panel), plan, confidence_set=False, seed=year)


def _series(name: str, bars: HourlyBars) -> MarketSeries:
    hourly = Bars(60, bars.open_time_ms, bars.open, bars.high, bars.low, bars.close, bars.volume)
    return MarketSeries(name, hourly, hourly_measure(bars).variance, 60, last_digit(bars.close))


def _recent(series: MarketSeries, first_ms: int) -> MarketSeries:
    start = int(np.searchsorted(series.hourly.open_time_ms, first_ms))
    variance = None if series.fine_variance is None else series.fine_variance[start:]
    return replace(series, hourly=series.hourly[start:], fine_variance=variance)


if __name__ == "__main__":
    main()
