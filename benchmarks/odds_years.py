"""The printed odds year by year, with coefficients fitted on nothing but the years before: python -m benchmarks.odds_years.

Ten symbols of binance_spot_1h_long, long and short, an entry every five days, 2021 to 2024; what `evaluate --odds` scores, for each
year and for all of them together. Data: ../shared/data. Takes about ten minutes.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from benchmarks.fit_panel import LEAST_BARS, fit
from benchmarks.panel_data import DATA, read_folder, span, usable
from market_analysis.cli.evaluation_table import kind_text
from market_analysis.desk.evaluation.odds.cases import OddsCase
from market_analysis.desk.evaluation.odds.entries import Terms
from market_analysis.desk.evaluation.odds.export import write_cases
from market_analysis.desk.evaluation.odds.references import with_past
from market_analysis.desk.evaluation.odds.scores import score_odds
from market_analysis.desk.evaluation.odds.walk import OddsPlan, tick_sizes, walk_odds
from market_analysis.desk.evaluation.parquet_bars import read_market_folder
from market_analysis.domain import to_milliseconds
from market_analysis.quant.forecast.panel import panel_from_document
from market_analysis.settings import Settings

FOLDER = "binance_spot_1h_long"
YEARS = (2021, 2022, 2023, 2024)
SEED = 20240101


def main() -> None:
    """Fit, enter and score each year, then all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--every", type=int, default=120, help="hours from one entry to the next")
    parser.add_argument("--forecasts", type=Path, help="write every p and outcome to this CSV file")
    given = parser.parse_args()
    cases: list[OddsCase] = []
    for year in YEARS:
        found = cases_of(given.data, year, given.every)
        cases += found
        show(str(year), found)
    show(f"{YEARS[0]} to {YEARS[-1]}", cases)
    if given.forecasts is not None:
        write_cases(given.forecasts, with_past(cases))


def cases_of(data: Path, year: int, every_hours: int) -> list[OddsCase]:
    """Entries within `year`, said with coefficients from bars before it."""
    past = {name: span(bars, before=f"{year}-01-01") for name, bars in usable(read_folder(data / FOLDER), LEAST_BARS).items()}
    panel = panel_from_document(fit([(usable(past, LEAST_BARS), 2)], f"before {year}"))
    market = read_market_folder(data / FOLDER)
    first, last = (to_milliseconds(datetime(at, 1, 1, tzinfo=UTC)) for at in (year, year + 1))
    return walk_odds(market, OddsPlan(every_hours, first, last - 1), Terms(Settings(), Decimal(10), tick_sizes(market), panel))


def show(title: str, cases: list[OddsCase]) -> None:
    """One table per kind of entry."""
    print(f"\n=== {title}")
    for score in score_odds(with_past(cases), SEED):
        print(kind_text(score), flush=True)


if __name__ == "__main__":
    main()
