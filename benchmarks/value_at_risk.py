"""One-day value at risk and expected shortfall of random books over the years 2021 to 2024: python -m benchmarks.value_at_risk.

300 books of ten positions, signs and sizes drawn once; each day at 00:00 UTC every method states VaR and ES at 95 % and 99 % from
what was known then; the day's profit of the static book is set against it. Methods:

    product        joint filtered historical simulation of `quant.value_at_risk`, volatility of the pooled model, coefficients
                   fitted anew for each year on the years before it (`benchmarks.fit_panel`)
    historical     historical simulation of the same number of whole days, unfiltered
    normal         GARCH(1,1)-normal volatility on 1,000 hours, EWMA correlation (.97 a day), normal quantiles

Printed: breach rates with the 90 % interval of a bootstrap over blocks of days, the rate in the tenth of days with the highest
forecasts, realised over stated ES where the VaR was breached, mean FZ0, and the Diebold-Mariano t of the daily mean difference
against the other two. Data: ../shared/data. Takes about five minutes.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from benchmarks.fit_panel import LEAST_BARS, fit
from benchmarks.panel_data import DATA, HOUR_MS, HourlyBars, read_folder, span, usable
from market_analysis.quant.arrays import Float1D, Float2D, FloatND
from market_analysis.quant.covariance import ewma_covariance
from market_analysis.quant.forecast.features import SymbolFeatures, market_terms
from market_analysis.quant.forecast.forecast import panel_totals
from market_analysis.quant.forecast.measure import hourly_measure
from market_analysis.quant.forecast.panel import panel_from_document
from market_analysis.quant.garch import fit_garch_batch, forecast_variance_path
from market_analysis.quant.scoring.equal_accuracy import diebold_mariano
from market_analysis.quant.tail import tail_count
from market_analysis.quant.value_at_risk.residuals import to_draw_from
from market_analysis.quant.value_at_risk.severity import fz0

YEARS = (2021, 2022, 2023, 2024)
STRIDE, DAY = 4, 6
CONFIDENCES = (0.95, 0.99)
BOOKS, LINES, SEED = 300, 10, 7
FIRST = "2021-04-01"
BLOCK_DAYS, DRAWS = 10, 2_000
GARCH_HOURS, CORRELATION_DAYS, CORRELATION_DECAY = 1000, 120, 0.97


@dataclass(frozen=True, slots=True)
class Score:
    """One method at one confidence; rates and intervals are fractions."""

    method: str
    confidence: float
    breach_rate: float
    low: float
    high: float
    breach_rate_top_tenth: float
    shortfall_ratio: float
    fz0: float
    t_against: dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """On a grid of STRIDE hours: closes and forecast variances of the next day (grid, assets), NaN where unknown; hourly bars."""

    times: NDArray[np.int64]
    close: Float2D
    variance: Float2D
    symbols: dict[str, HourlyBars]


def main() -> None:
    """Forecast, simulate, score, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=250, help="days of residuals drawn from")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    market = forecast_market(given.days)
    book = np.random.default_rng(SEED)
    weights = book.dirichlet(np.ones(LINES), BOOKS) * book.choice([-1.0, 1.0], (BOOKS, LINES))
    scores = []
    for label, first, last in (
        ("2021 to 2023", FIRST, "2024-01-01"),
        ("2024", "2024-01-01", "2025-01-01"),
        ("all", FIRST, "2025-01-01"),
    ):
        days = judged_days(market, given.days, first, last)
        profit = np.expm1(day_moves(market, days)) @ weights.T
        said = {
            "product": np.array([product(market, day, given.days, weights) for day in days]),
            "historical": np.array([historical(market, day, given.days, weights) for day in days]),
            "normal": normal(market, days, weights),
        }
        print(f"{label}: {len(days)} days, {BOOKS} books")
        for score in score_all(profit, said, np.nanmean(np.log(market.variance[days]), axis=1)):
            scores.append({"period": label} | asdict(score))
            against = ", ".join(f"t {t:+.1f} against {name}" for name, t in score.t_against.items())
            rate = f"breaches {score.breach_rate:.2%} [{score.low:.2%} .. {score.high:.2%}]"
            rest = f"top tenth {score.breach_rate_top_tenth:.2%}, ES ratio {score.shortfall_ratio:.2f}, FZ0 {score.fz0:.3f}"
            print(f"  {score.method:10s} {score.confidence:.0%}  {rate}, {rest}  {against}", flush=True)
    if given.json:
        given.json.write_text(json.dumps(scores, indent=1) + "\n", encoding="ascii")


def forecast_market(days: int) -> Market:
    """Every symbol on one grid, each year's variances by coefficients of the years before it (2020: of the years before 2021)."""
    symbols = read_folder(DATA / "binance_spot_1h_long")
    symbols["BTCUSDT"] = read_folder(DATA / "binance_perp_1h_long")["BTCUSDT"]  # the spot file ends in April 2024
    times = np.arange(milliseconds(FIRST) - (days + 1) * 24 * HOUR_MS, milliseconds("2025-01-01"), STRIDE * HOUR_MS)
    rows = {name: np.searchsorted(bars.open_time_ms, times - HOUR_MS) for name, bars in symbols.items()}
    known = {
        name: (rows[name] > LEAST_BARS)
        & (rows[name] < bars.open_time_ms.size)
        & (bars.open_time_ms[np.minimum(rows[name], bars.open_time_ms.size - 1)] == times - HOUR_MS)
        for name, bars in symbols.items()
    }
    features = {name: SymbolFeatures(hourly_measure(bars)).at(rows[name][known[name]]) for name, bars in symbols.items()}
    terms = dict(zip(features, market_terms(list(features.values())), strict=True))
    close, variance = np.full((2, times.size, len(symbols)), np.nan)
    for year in YEARS:
        past = {name: span(bars, before=f"{year}-01-01") for name, bars in symbols.items()}
        panel = panel_from_document(fit([(usable(past, LEAST_BARS), 2)], f"before {year}"))
        use = times < milliseconds(f"{year + 1}-01-01")
        if year > YEARS[0]:
            use &= times >= milliseconds(f"{year}-01-01")
        for column, (name, bars) in enumerate(symbols.items()):
            at = known[name] & use
            close[at, column] = bars.close[rows[name][at]]
            place = panel.horizons.index(24)
            variance[at, column] = panel_totals(panel, features[name], terms[name])[use[known[name]], place]
    return Market(times, close, variance, symbols)


def milliseconds(date: str) -> int:
    """A date's first millisecond, UTC."""
    return int(np.datetime64(date, "ms").astype(np.int64))


def judged_days(market: Market, days: int, first: str, last: str) -> NDArray[np.int64]:
    """Grid rows at 00:00 UTC with everything known before, and the day after them."""
    whole = np.array(np.isfinite(market.close).all(axis=1) & np.isfinite(market.variance).all(axis=1))
    rows = np.arange(days * DAY, market.times.size - DAY)
    kept = (market.times[rows] // HOUR_MS % 24 == 0) & whole[rows] & whole[rows + DAY]
    kept &= (market.times[rows] >= milliseconds(first)) & (market.times[rows] < milliseconds(last))
    result: NDArray[np.int64] = rows[np.flatnonzero(kept)]
    return result


def day_moves(market: Market, rows: NDArray[np.int64]) -> Float2D:
    """Log returns of the day after each row."""
    return np.log(market.close[rows + DAY] / market.close[rows])


def product(market: Market, day: int, days: int, weights: Float2D) -> FloatND:
    """(books, confidences, 2): VaR and ES, from the residuals of the days that had ended."""
    rows = np.arange(day - days * DAY, day - DAY + 1)
    z = day_moves(market, rows) / np.sqrt(market.variance[rows])
    z = to_draw_from(z[np.isfinite(z).all(axis=1)])
    return tails(np.expm1(z * np.sqrt(market.variance[day])) @ weights.T)


def historical(market: Market, day: int, days: int, weights: Float2D) -> FloatND:
    """The same from whole days as they came."""
    moves = day_moves(market, np.arange(day - days * DAY, day - DAY + 1, DAY))
    return tails(np.expm1(moves[np.isfinite(moves).all(axis=1)]) @ weights.T)


def tails(profit: Float2D) -> FloatND:
    """VaR and ES of each column's profits (scenarios, books)."""
    ordered = -np.sort(profit, axis=0)
    counts = [tail_count(len(profit), confidence) for confidence in CONFIDENCES]
    return np.stack([np.stack([ordered[k - 1], ordered[:k].mean(axis=0)], axis=-1) for k in counts], axis=1)


def normal(market: Market, days: NDArray[np.int64], weights: Float2D) -> FloatND:
    """(days, books, confidences, 2): delta-normal with GARCH volatilities."""
    variances = np.stack([garch_variances(bars, market.times[days]) for bars in market.symbols.values()], axis=1)
    quantiles = [-float(ndtri(1.0 - confidence)) for confidence in CONFIDENCES]
    factors = [(q, math.exp(-q * q / 2) / math.sqrt(2 * math.pi) / (1 - c)) for q, c in zip(quantiles, CONFIDENCES, strict=True)]
    result = np.empty((days.size, len(weights), 2, 2))
    for place, day in enumerate(days):
        moves = np.diff(np.log(market.close[day - CORRELATION_DAYS * DAY : day + 1]), axis=0)
        covariance = ewma_covariance(moves[np.isfinite(moves).all(axis=1)], CORRELATION_DECAY ** (1 / DAY))
        scale = np.sqrt(variances[place] / np.diag(covariance))
        sigma = np.sqrt(np.einsum("bi,ij,bj->b", weights * scale, covariance, weights * scale))
        result[place] = sigma[:, None, None] * np.array(factors)
    return result


def garch_variances(bars: HourlyBars, times: NDArray[np.int64]) -> Float1D:
    """Variance over the next 24 hours, GARCH(1,1)-normal on the last GARCH_HOURS returns, fitted every day."""
    returns = np.diff(np.log(bars.close))
    last = np.searchsorted(bars.open_time_ms, times - HOUR_MS)
    windows = np.stack([returns[row - GARCH_HOURS : row] for row in last])
    return np.array([forecast_variance_path(found, 24).sum() for found in fit_garch_batch(windows)])


def score_all(profit: Float2D, said: dict[str, FloatND], level: Float1D) -> list[Score]:
    """Every method at every confidence; `level` (days,) says which days had the highest forecasts."""
    top = level >= np.quantile(level, 0.9)
    scores = []
    for place, confidence in enumerate(CONFIDENCES):
        losses = {
            name: fz0(profit, told[:, :, place, 0], told[:, :, place, 1], confidence).mean(axis=1) for name, told in said.items()
        }
        for name, told in said.items():
            breach = profit < -told[:, :, place, 0]
            low, high = block_interval(breach.mean(axis=1))
            others = {other: diebold_mariano(losses[name], losses[other]).statistic for other in said if other != name}
            scores.append(
                Score(
                    name,
                    confidence,
                    float(breach.mean()),
                    low,
                    high,
                    float(breach[top].mean()),
                    float(profit[breach].mean() / -told[:, :, place, 1][breach].mean()),
                    float(losses[name].mean()),
                    others,
                )
            )
    return scores


def block_interval(daily: Float1D) -> tuple[float, float]:
    """90 % interval of the mean over days, by a circular bootstrap of BLOCK_DAYS."""
    rng = np.random.default_rng(SEED)
    starts = rng.integers(0, daily.size, (DRAWS, math.ceil(daily.size / BLOCK_DAYS)))
    rows = (starts[:, :, None] + np.arange(BLOCK_DAYS)).reshape(DRAWS, -1)[:, : daily.size] % daily.size
    low, high = np.quantile(daily[rows].mean(axis=1), [0.05, 0.95])
    return float(low), float(high)


if __name__ == "__main__":
    main()
