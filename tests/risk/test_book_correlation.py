"""Correlations of the book: against NumPy and scikit-learn, on honest windows, with young and broken histories."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import books
import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf

from market_analysis.domain import Bars, Category, History, to_milliseconds
from market_analysis.risk.assets import asset_of, asset_of_instrument, bars_by_asset, usd_rate
from market_analysis.risk.correlation import MINIMUM_OBSERVATIONS, Returns, correlation_view, four_hour_returns
from market_analysis.risk.market_factor import PRINCIPAL, SINGLE, market_factor

C3 = np.array([[1.0, 0.8, 0.3], [0.8, 1.0, 0.2], [0.3, 0.2, 1.0]])
NAMES = ("A", "B", "C")


def panel(count: int = 2_200, seed: int = 3) -> dict[str, Bars]:
    drawn = books.correlated_returns(C3, count=count, seed=seed)
    return {name: books.bars_from_returns(row, 100) for name, row in zip(NAMES, drawn, strict=True)}


def returns_of(bars: dict[str, Bars]) -> dict[str, Returns]:
    return {name: four_hour_returns(value) for name, value in bars.items()}


def by_hand(bars: Bars) -> dict[int, float]:
    """Slow twin: close of each complete UTC 4h group, log difference of neighbours only."""
    groups: dict[int, list[float]] = {}
    for opened, close in zip(bars.open_time_ms.tolist(), bars.close.tolist(), strict=True):
        groups.setdefault(opened // (4 * books.HOUR_MS), []).append(close)
    closes = {group: values[-1] for group, values in groups.items() if len(values) == 4}
    return {
        (group + 1) * 4 * books.HOUR_MS: float(np.log(close / closes[group - 1]))
        for group, close in closes.items()
        if group - 1 in closes
    }


def test_four_hour_returns_against_the_twin_with_holes() -> None:
    bars = books.walk(100, count=200)
    keep = np.array([i for i in range(200) if i not in {50, 51, 120}])
    holed = Bars(60, *(getattr(bars, name)[keep].copy() for name in ("open_time_ms", "open", "high", "low", "close", "volume")))
    found, twin = four_hour_returns(holed), by_hand(holed)
    assert dict(zip(found.closed_ms.tolist(), found.values.tolist(), strict=True)) == pytest.approx(twin)
    assert len(twin) < len(by_hand(bars))


def test_matrix_is_scikit_learns_ledoit_wolf_of_the_standardised_window() -> None:
    returns = returns_of(panel())
    view = correlation_view(NAMES, returns, books.AS_OF, 60)
    first = to_milliseconds(books.AS_OF) - 60 * 86_400_000
    window = np.column_stack([returns[name].values[returns[name].closed_ms > first] for name in NAMES])
    z = (window - window.mean(axis=0)) / window.std(axis=0)
    assert view.observations == len(window) == 360
    assert view.matrix == pytest.approx(ledoit_wolf(z)[0] / np.diag(ledoit_wolf(z)[0]), abs=1e-12)
    assert view.matrix == pytest.approx(np.corrcoef(window.T), abs=0.03)
    assert view.missing == frozenset()


def test_nothing_after_as_of_or_before_the_window_counts() -> None:
    bars = panel()
    now = correlation_view(NAMES, returns_of(bars), books.AS_OF, 30)
    earlier = books.AS_OF - timedelta(days=5)
    cut = {name: value.closed_before(to_milliseconds(earlier)) for name, value in bars.items()}
    assert (
        correlation_view(NAMES, returns_of(bars), earlier, 30).matrix
        == correlation_view(NAMES, returns_of(cut), earlier, 30).matrix
    ).all()
    recent = {name: value[-31 * 24 :] for name, value in bars.items()}
    assert (correlation_view(NAMES, returns_of(recent), books.AS_OF, 30).matrix == now.matrix).all()


def test_the_replay_ends_today_at_midnight_and_has_thirty_days_before() -> None:
    bars = panel(2_400)
    view = correlation_view(NAMES, returns_of(bars), books.AS_OF, 60)
    midnight = books.AS_OF.replace(hour=0, minute=0)
    assert len(view.daily) == 31
    assert (view.daily[-1] == correlation_view(NAMES, returns_of(bars), midnight, 60).matrix).all()
    assert (view.daily[0] == correlation_view(NAMES, returns_of(bars), midnight - timedelta(days=30), 60).matrix).all()


@pytest.mark.parametrize("kind", ["absent", "young", "flat", "broken", "empty"])
def test_an_asset_without_history_is_missing_and_harms_nobody(kind: str) -> None:
    bars = panel()
    whole = correlation_view(("A", "B"), returns_of({k: bars[k] for k in ("A", "B")}), books.AS_OF, 60)
    if kind == "absent":
        del bars["C"]
    elif kind == "young":
        bars["C"] = bars["C"][-200:]
    elif kind == "flat":
        bars["C"] = books.bars_from_returns(np.zeros(2_200), 100)
    elif kind == "broken":
        closes = bars["C"].close.copy()
        closes[5] = 0.0
        bars["C"] = replace(bars["C"], close=closes)
    else:
        bars["C"] = bars["C"][:0]
    view = correlation_view(NAMES, returns_of(bars), books.AS_OF, 60)
    assert view.missing == {"C"}
    assert (view.matrix[:2, :2] == whole.matrix).all()
    assert view.matrix[2].tolist() == [0.0, 0.0, 1.0]


def test_histories_that_do_not_overlap_lose_the_shortest() -> None:
    stamps = to_milliseconds(books.AS_OF) - 4 * books.HOUR_MS * np.arange(200, 0, -1, dtype=np.int64)
    draws = np.random.default_rng(1).standard_normal((3, 200))
    returns = {
        "A": Returns(stamps[::2], draws[0, ::2]),
        "B": Returns(stamps[1::2][:80], draws[1, 1::2][:80]),
    }
    view = correlation_view(("A", "B"), returns, books.AS_OF, 60)
    assert view.missing == {"B"}
    assert view.observations == 100


def test_a_column_that_stands_still_where_the_others_are_is_dropped() -> None:
    stamps = to_milliseconds(books.AS_OF) - 4 * books.HOUR_MS * np.arange(200, 0, -1, dtype=np.int64)
    draws = np.random.default_rng(1).standard_normal((2, 200))
    draws[1, 100:] = 0.0
    returns = {"A": Returns(stamps[100:], draws[0, 100:]), "B": Returns(stamps, draws[1])}
    view = correlation_view(("A", "B"), returns, books.AS_OF, 60)
    assert view.missing == {"B"}
    assert view.observations >= MINIMUM_OBSERVATIONS


def test_no_assets_no_view() -> None:
    view = correlation_view((), {}, books.AS_OF, 60)
    assert view.matrix.shape == (0, 0)
    assert view.observations == 0


def test_betas_are_regression_slopes_on_bitcoin() -> None:
    bars = panel()
    returns = {"BTC": four_hour_returns(bars["A"]), "ETH": four_hour_returns(bars["B"]), "SOL": four_hour_returns(bars["C"])}
    factor = market_factor(("ETH", "SOL", "NEW"), returns, books.AS_OF, 60)
    window = {name: series.values[-360:] for name, series in returns.items()}
    assert factor.name == "BTC"
    assert factor.beta["ETH"] == pytest.approx(np.polyfit(window["BTC"], window["ETH"], 1)[0])
    assert factor.beta["SOL"] == pytest.approx(np.polyfit(window["BTC"], window["SOL"], 1)[0])
    assert (factor.beta["NEW"], factor.assumed) == (1.0, {"NEW"})


def test_without_bitcoin_the_first_principal_component() -> None:
    returns = returns_of(panel())
    factor = market_factor(NAMES, returns, books.AS_OF, 60)
    window = np.column_stack([returns[name].values[-360:] for name in NAMES])
    direction = np.linalg.svd(window - window.mean(axis=0))[2][0]
    market = window @ (direction * np.sign(direction.sum()) / np.abs(direction).sum())
    assert factor.name == PRINCIPAL
    for index, name in enumerate(NAMES):
        assert factor.beta[name] == pytest.approx(np.polyfit(market, window[:, index], 1)[0])


def test_factor_fallbacks() -> None:
    assert market_factor(("A",), {}, books.AS_OF, 60).name == SINGLE
    stamps = to_milliseconds(books.AS_OF) - 4 * books.HOUR_MS * np.arange(300, 0, -1, dtype=np.int64)
    draws = np.random.default_rng(1).standard_normal(300)
    apart = {"A": Returns(stamps[::2], draws[::2]), "B": Returns(stamps[1::2][:100], draws[1::2][:100])}
    factor = market_factor(("A", "B"), apart, books.AS_OF, 60)
    assert factor.name == "A"
    assert factor.beta["A"] == pytest.approx(1.0)
    assert factor.assumed == {"B"}


@pytest.mark.parametrize(
    ("base", "asset"),
    [("BTC", "BTC"), ("1000PEPE", "PEPE"), ("10000SATS", "SATS"), ("SHIB1000", "SHIB"), ("1INCH", "1INCH"), ("1000", "1000")],
)
def test_assets_behind_multiples(base: str, asset: str) -> None:
    assert asset_of(base) == asset


def test_asset_of_an_unread_instrument_comes_from_its_symbol() -> None:
    for symbol in ("BTCUSDT", "BTCUSD", "BTCPERP", "BTCUSDT-27MAR26"):
        assert asset_of_instrument(books.instrument_id(symbol), {}) == "BTC"
    assert asset_of_instrument(books.instrument_id("USDT"), {}) == "USDT"


def test_one_history_per_asset_the_longest() -> None:
    linear, inverse = books.instrument("BTC"), books.instrument("BTC", Category.INVERSE)
    snapshot = books.snapshot([], [linear, inverse])
    long, short = books.walk(100, count=300), books.walk(100, count=100)
    history = History({linear.id: short, inverse.id: long, books.instrument("ETH").id: books.unknown()}, {})  # type: ignore[dict-item]
    assert bars_by_asset(snapshot, history) == {"BTC": long}
    tied = History({linear.id: long, inverse.id: books.walk(200, count=300)}, {})
    assert bars_by_asset(snapshot, tied)["BTC"] is tied.hourly[inverse.id]


def test_rates_are_read_never_assumed() -> None:
    snapshot = books.snapshot([], [])
    assert usd_rate(snapshot, "USD") == 1
    assert usd_rate(snapshot, "DAI") is None
    assert usd_rate(replace(snapshot, usd_rates={"DAI": books.unknown()}), "DAI") is None  # type: ignore[dict-item]
