"""The confidence score, against a plain pandas reading of systems.md 1.4."""

from __future__ import annotations

import books
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.quant.resample import AggregatedBars
from market_analysis.risk.bar_series import aggregated
from market_analysis.risk.confidence import confidence_score, risk_fraction, risk_multiplier
from market_analysis.settings import RiskSettings


def four_hours(seed: int, sigma: float = 0.01, count: int = 800) -> AggregatedBars:
    return aggregated(books.walk(100, count=count, sigma=sigma, seed=seed), 4)


def of_closes(closes: np.ndarray) -> AggregatedBars:
    size = len(closes)
    times = 14_400_000 * np.arange(size, dtype=np.int64)
    return AggregatedBars(times, closes, closes, closes, closes, np.ones(size), np.zeros(size, dtype=bool), times[:0])


def by_pandas(bars: AggregatedBars, sign: int, ratio: float | None) -> tuple[int, set[str]]:
    close, high, low = pd.Series(bars.close), pd.Series(bars.high), pd.Series(bars.low)
    score, words = 0, set()

    def vote(points: int, word: str) -> None:
        nonlocal score
        score += points
        words.add(word)

    fast, slow = (close.ewm(span=span, adjust=False).mean().iloc[-1] for span in (20, 50))
    if sign > 0 and fast > slow:
        vote(1, "Uptrend (EMA20 > EMA50)")
    if sign < 0 and fast < slow:
        vote(1, "Downtrend (EMA20 < EMA50)")
    if sign > 0 and close.iloc[-1] > high.rolling(20).max().iloc[-2]:
        vote(1, "Breakout above Donchian high")
    if sign < 0 and close.iloc[-1] < low.rolling(20).min().iloc[-2]:
        vote(1, "Breakout below Donchian low")
    returns = pd.Series(np.log(bars.close)).diff()
    recent, usual = returns.rolling(20).std().iloc[-1], returns.rolling(100).std().median()
    if recent < 0.8 * usual:
        vote(1, "Low volatility regime")
    if recent > 1.5 * usual:
        vote(-1, "High volatility regime")
    change = close.diff()
    gain, loss = change.clip(lower=0).rolling(14).mean().iloc[-1], (-change.clip(upper=0)).rolling(14).mean().iloc[-1]
    strength = 100 - 100 / (1 + gain / loss) if loss else 100.0
    if sign > 0 and strength > 50:
        vote(1, "Positive momentum (RSI > 50)")
    if sign < 0 and strength < 50:
        vote(1, "Negative momentum (RSI < 50)")
    if ratio is not None and 0.5 <= ratio <= 2.0:
        vote(1, "Volatility models aligned")
    if ratio is not None and ratio > 3.0:
        vote(-1, "Volatility models disagree")
    return max(-2, min(5, score)), words


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 500), st.sampled_from([1, -1]), st.sampled_from([None, 0.4, 0.5, 1.0, 2.0, 2.5, 3.0, 3.1]), st.floats(0.2, 4))
def test_equals_the_plain_reading(seed: int, sign: int, ratio: float | None, last_day: float) -> None:
    returns = books.correlated_returns(np.eye(1), count=150, sigma=0.01, seed=seed)[0]
    returns[-20:] *= last_day
    bars = of_closes(100 * np.exp(np.cumsum(returns)))
    found = confidence_score(bars, sign, ratio)
    assert found is not None
    assert (found.score, set(found.factors)) == by_pandas(bars, sign, ratio)


def test_a_rising_calm_market_favours_the_long_and_not_the_short() -> None:
    steps = np.full(150, 0.001) + np.where(np.arange(150) < 125, 0.004, 0.0004) * np.where(np.arange(150) % 2, 1, -1)
    bars = of_closes(100 * np.exp(np.cumsum(steps)))
    up, down = confidence_score(bars, 1, 1.0), confidence_score(bars, -1, 4.0)
    assert up is not None
    assert down is not None
    assert (up.score, down.score) == (5, 0)


def test_too_few_bars_cast_no_vote() -> None:
    assert confidence_score(four_hours(1, count=404), 1, 1.0) is None
    assert confidence_score(four_hours(1, count=412), 1, 1.0) is not None


@pytest.mark.parametrize(("score", "factor"), [(5, 1.0), (4, 1.0), (2, 1.0), (1, 0.9), (0, 0.9), (-1, 0.8), (None, 1.0)])
def test_the_table_may_only_lower(score: int | None, factor: float) -> None:
    assert risk_multiplier(score, RiskSettings()) == factor
    assert risk_multiplier(score, RiskSettings(use_dynamic=False)) == 1.0


def test_risk_fraction_by_hand_with_floor_and_either_base() -> None:
    assert risk_fraction(3, RiskSettings()) == 0.005
    assert risk_fraction(0, RiskSettings()) == pytest.approx(0.0045)
    assert risk_fraction(-2, RiskSettings()) == pytest.approx(0.004)
    assert risk_fraction(-2, RiskSettings(min_equity_risk_frac=0.0045)) == 0.0045
    assert risk_fraction(-2, RiskSettings(base="notional")) == pytest.approx(0.02)
    assert risk_fraction(0, RiskSettings(base="notional")) == pytest.approx(0.0225)
