"""The market looks like a market: facts that a wrong generator (normal, unclustered, drifting, unrelated symbols) fails."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from scipy import stats

from market_analysis.venues.simulated.catalogue import make_catalogue
from market_analysis.venues.simulated.market import Market

START = datetime(2026, 1, 5, tzinfo=UTC)
START_MS = int(START.timestamp()) * 1000
HOUR_MS = 3_600_000
HOURS = 24 * 400
NOW_MS = START_MS + HOURS * HOUR_MS
Returns = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(make_catalogue(), seed=5, start=START)


def hourly(market: Market, category: str, symbol: str) -> np.ndarray:
    closes = market.bars(category, symbol, 60, START_MS, NOW_MS - 1, NOW_MS).close
    assert len(closes) == HOURS
    return np.asarray(np.diff(np.log(closes)))


@pytest.fixture(scope="module")
def returns(market: Market) -> Returns:
    symbols = ("BTCUSDT", "ETHUSDT", "DOGEUSDT", "1000PEPEUSDT", "SUIUSDT")
    return {symbol: hourly(market, "linear", symbol) for symbol in symbols}


def deseasoned_size(series: np.ndarray) -> np.ndarray:
    """|r| over the mean |r| of its hour of the day, so that the daily rhythm cannot pass for clustering."""
    size, hour = np.abs(series), np.arange(1, len(series) + 1) % 24
    rhythm = np.array([size[hour == h].mean() for h in range(24)])
    return np.asarray(size / rhythm[hour])


def autocorrelation(series: np.ndarray, lag: int) -> float:
    return float(np.corrcoef(series[:-lag], series[lag:])[0, 1])


@pytest.mark.parametrize(
    ("symbol", "low", "high"),
    [("BTCUSDT", 0.016, 0.029), ("ETHUSDT", 0.022, 0.038), ("DOGEUSDT", 0.03, 0.06), ("1000PEPEUSDT", 0.04, 0.075)],
)
def test_daily_volatility_is_that_of_the_coin(returns: Returns, symbol: str, low: float, high: float) -> None:
    assert low < returns[symbol].std() * np.sqrt(24) < high


def test_tails_are_fat(returns: Returns) -> None:
    # Normal: 0. At this sample a normal's excess kurtosis has standard error .05.
    assert all(stats.kurtosis(series) > 3.0 for series in returns.values())


def test_volatility_clusters_for_days(returns: Returns) -> None:
    # Without clustering each has standard error 1/sqrt(n) = .010; two days of lags are all above two of them on average.
    size = deseasoned_size(returns["BTCUSDT"])
    assert autocorrelation(size, 1) > 0.10
    assert np.mean([autocorrelation(size, lag) for lag in range(2, 25)]) > 0.05
    assert np.mean([autocorrelation(size, lag) for lag in range(25, 73)]) > 0.02


def test_returns_themselves_are_not_predictable(returns: Returns) -> None:
    for series in returns.values():
        # Winsorised at four deviations: with heavy tails a handful of hours would decide the estimate.
        tame = np.clip(series, -4 * series.std(), 4 * series.std())
        assert max(abs(autocorrelation(tame, lag)) for lag in (1, 2, 3)) < 0.07  # error .017 with this clustering


def test_the_expected_price_is_flat() -> None:
    """A hundred wild coins of their own: simple returns average zero, log returns minus half their variance.

    At 15 % a day the drift that keeps the mean flat is six standard errors of this sample: without it the test fails.
    """
    catalogue = make_catalogue(100)
    wild = {base: replace(p, beta=0.0, sector_vol_frac=0.0, own_vol_frac=0.15) for base, p in catalogue.bases.items()}
    market = Market(replace(catalogue, bases=wild), seed=5, start=START)
    end_ms = START_MS + 60 * 24 * HOUR_MS
    days = [market.bars("linear", f"ALT{number:03d}USDT", "D", START_MS, end_ms - 1, end_ms, "index") for number in range(1, 101)]
    simple = np.concatenate([bars.close / bars.open - 1.0 for bars in days])
    logs = np.log1p(simple)
    assert abs(simple.mean()) < 3.0 * simple.std() / np.sqrt(len(simple))
    assert logs.mean() < -3.0 * logs.std() / np.sqrt(len(logs))
    assert logs.mean() == pytest.approx(-0.5 * logs.var(), rel=0.5)


def test_coins_move_together_as_their_kind_does(returns: Returns) -> None:
    rho = np.corrcoef([returns[s] for s in ("BTCUSDT", "ETHUSDT", "DOGEUSDT", "1000PEPEUSDT", "SUIUSDT")])
    assert 0.8 < rho[0, 1] < 0.95  # BTC and ETH
    assert rho[2, 3] > rho[2, 4] + 0.05  # meme coins with each other rather than with a layer-1 coin
    assert rho[np.triu_indices(5, 1)].min() > 0.25  # SUI with PEPE, by their loadings .43; heavy tails spread the estimate


def test_one_coin_is_one_price_in_every_category(market: Market, returns: Returns) -> None:
    for category, symbol in (("linear", "BTCPERP"), ("inverse", "BTCUSD"), ("spot", "BTCUSDT")):
        assert np.corrcoef(returns["BTCUSDT"], hourly(market, category, symbol))[0, 1] > 0.995


def test_the_basis_is_small_and_reverts(market: Market) -> None:
    mark = market.bars("linear", "BTCUSDT", 60, START_MS, NOW_MS - 1, NOW_MS, "mark").close
    index = market.bars("linear", "BTCUSDT", 60, START_MS, NOW_MS - 1, NOW_MS, "index").close
    basis = np.log(mark / index)
    assert 1e-4 < basis.std() < 6e-4
    assert abs(basis.mean()) < 1e-4
    assert autocorrelation(basis, 1) > 0.85
    assert abs(autocorrelation(basis, 100)) < 0.2  # ten half-lives: .001, with standard error .06 at this memory


def test_the_day_has_a_rhythm(market: Market, returns: Returns) -> None:
    hour = np.arange(1, HOURS) % 24
    by_hour = np.array([np.abs(returns["BTCUSDT"])[hour == h].mean() for h in range(24)])
    assert by_hour[13:17].mean() > 1.35 * by_hour[3:7].mean()
    volume = market.bars("linear", "BTCUSDT", 60, START_MS, NOW_MS - 1, NOW_MS).volume.reshape(-1, 24).mean(axis=0)
    assert volume[13:17].mean() > 1.5 * volume[3:7].mean()


def test_volume_grows_with_movement(market: Market, returns: Returns) -> None:
    volume = market.bars("linear", "BTCUSDT", 60, START_MS, NOW_MS - 1, NOW_MS).volume[1:]
    assert stats.spearmanr(volume, np.abs(returns["BTCUSDT"])).statistic > 0.3


def test_short_bars_and_ranges_tell_the_same_volatility_as_long_bars(market: Market) -> None:
    """5-minute realised variance and Parkinson's range agree with hourly variance (ratio 1 for a diffusion)."""
    hours = market.bars("linear", "ETHUSDT", 60, START_MS, NOW_MS - 1, NOW_MS)
    fives = market.bars("linear", "ETHUSDT", 5, START_MS, NOW_MS - 1, NOW_MS)
    hourly_variance = np.mean(np.diff(np.log(hours.close)) ** 2)
    assert 0.85 < 12.0 * np.mean(np.diff(np.log(fives.close)) ** 2) / hourly_variance < 1.15
    parkinson = np.mean(np.log(hours.high / hours.low) ** 2) / (4.0 * np.log(2.0))
    assert 0.85 < parkinson / hourly_variance < 1.15


def test_jumps_happen(market: Market) -> None:
    """Some minute moves by far more than any normal minute of its hour could."""
    minutes = market.minutes("linear", "SUIUSDT", START_MS, START_MS + 120 * 24 * HOUR_MS)
    moves = np.log(minutes.mark_close / minutes.mark_open).reshape(-1, 60)
    typical = np.median(np.abs(moves), axis=1) / 0.6745
    largest = np.max(np.abs(moves), axis=1)[typical > 0] / typical[typical > 0]
    assert 4 <= np.sum(largest > 8.0) <= 80


def test_stable_coin_stays_near_one(market: Market) -> None:
    closes = market.bars("spot", "USDCUSDT", 60, START_MS, NOW_MS - 1, NOW_MS).close
    assert np.abs(closes - 1.0).max() <= 0.002
    assert len(np.unique(closes)) > 3
