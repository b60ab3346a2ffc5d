"""Volatility functions of the library: arch, closed forms and refusals."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from arch import arch_model
from hypothesis import given
from hypothesis import strategies as st

from market_analysis.errors import QuantError
from market_analysis.garch_vol_triggers import (
    ArgumentError,
    ModelFallbackWarning,
    bars_per_year_from_interval,
    blended_sigma_h,
    compute_atr,
    garch_fit,
    garch_sigma_ann_and_sigma_H,
    har_rv_nowcast,
    realized_variance_close_to_close,
    realized_vol_annualized_from_bar_sigma,
    sigma_ann_and_sigma_H_from_har,
    true_range,
    validate_garch_result,
)
from market_analysis.settings import Settings, VolSettings


def garch_prices(seed: int, count: int = 1500, omega: float = 2e-6, alpha: float = 0.08, beta: float = 0.88) -> pd.Series[float]:
    """Prices whose log returns follow a GARCH(1,1)."""
    rng = np.random.default_rng(seed)
    variance, returns = omega / (1 - alpha - beta), np.empty(count)
    for at in range(count):
        returns[at] = math.sqrt(variance) * rng.standard_normal()
        variance = omega + alpha * returns[at] ** 2 + beta * variance
    index = pd.date_range("2025-01-01", periods=count, freq="h", tz="UTC")
    return pd.Series(100.0 * np.exp(np.cumsum(returns)), index=index)


def test_garch_is_archs_multi_step_forecast() -> None:
    prices = garch_prices(1)
    sigma_ann, sigma_h = garch_sigma_ann_and_sigma_H(prices, "1h", 24)
    returns = 100 * np.log(prices).diff().dropna()
    judge = arch_model(returns, mean="Zero", vol="GARCH", p=1, q=1, rescale=False).fit(disp="off")
    expected = math.sqrt(judge.forecast(horizon=24, reindex=False).variance.to_numpy().sum()) / 100
    assert sigma_h == pytest.approx(expected, rel=2e-3)
    assert sigma_ann == pytest.approx(sigma_h * math.sqrt(365))


def test_a_horizon_that_is_no_whole_number_of_bars_takes_a_part_of_the_last() -> None:
    prices = garch_prices(2)
    three, four, between = (garch_sigma_ann_and_sigma_H(prices, "1h", hours)[1] ** 2 for hours in (3, 4, 3.25))
    assert between == pytest.approx(three + 0.25 * (four - three))
    one_day_bar = garch_sigma_ann_and_sigma_H(prices, "1d", 24)[1] ** 2
    assert garch_sigma_ann_and_sigma_H(prices, "1d", 6)[1] ** 2 == pytest.approx(one_day_bar / 4)


def test_an_unsound_fit_is_replaced_in_the_open() -> None:
    # Variance that doubles again and again: no stationary parameters.
    rng = np.random.default_rng(3)
    returns = rng.standard_normal(800) * np.exp(np.linspace(0.0, 4.0, 800)) * 1e-4
    prices = pd.Series(100 * np.exp(np.cumsum(returns)))
    assert garch_fit(prices).issues
    with pytest.warns(ModelFallbackWarning, match="EWMA"):
        _, sigma_h = garch_sigma_ann_and_sigma_H(prices, "1h", 4)
    weights = 0.94 ** np.arange(800)
    by_hand = float((0.06 * weights * returns[::-1] ** 2).sum())
    assert sigma_h == pytest.approx(math.sqrt(4 * by_hand), rel=1e-6)


def test_too_short_or_still_is_refused() -> None:
    with pytest.raises(ValueError, match="499 returns"):
        garch_sigma_ann_and_sigma_H(garch_prices(4, 500))
    with (
        pytest.warns(ModelFallbackWarning),
        pytest.raises(ArgumentError, match="variance of prices"),
    ):
        garch_sigma_ann_and_sigma_H(pd.Series(np.full(600, 100.0)))
    with pytest.raises(QuantError):
        garch_fit(pd.Series([*[100.0] * 600, math.nan]))


def test_validation_codes() -> None:
    prices = garch_prices(5)
    returns, fit = np.log(prices).diff().dropna(), garch_fit(prices)
    sigma_ann, _ = garch_sigma_ann_and_sigma_H(prices)
    assert validate_garch_result(returns, fit, sigma_ann, 4) == []
    assert validate_garch_result(returns, fit, 30.0, 4) == ["sigma_implausible"]
    assert validate_garch_result(returns, fit, 0.0, 4) == ["sigma_implausible"]
    assert validate_garch_result(returns, fit, math.nan, 4) == ["not_finite"]
    assert validate_garch_result(returns[:100], fit, sigma_ann, 4) == ["too_short"]
    assert validate_garch_result(returns + 0.01, fit, sigma_ann, 4) == ["mean_return_large"]


def test_realised_variance_and_annualisation() -> None:
    prices = pd.Series([100.0, 110.0, 99.0], index=pd.date_range("2025-01-01", periods=3, freq="h", tz="UTC"))
    variance, returns = realized_variance_close_to_close(prices)
    assert returns.tolist() == pytest.approx([math.log(1.1), math.log(0.9)])
    assert variance.tolist() == pytest.approx([math.log(1.1) ** 2, math.log(0.9) ** 2])
    assert variance.index.equals(prices.index[1:])
    assert realized_vol_annualized_from_bar_sigma(0.01, bars_per_year_from_interval("4h")) == pytest.approx(0.01 * math.sqrt(2190))


@pytest.mark.parametrize(("interval", "bars"), [("1m", 525_600), ("5m", 105_120), ("15m", 35_040), ("30m", 17_520), ("2h", 4380)])
def test_bars_per_year(interval: str, bars: float) -> None:
    assert bars_per_year_from_interval(interval) == bars


def test_an_unknown_interval_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="interval is '7h'"):
        bars_per_year_from_interval("7h")


def test_har_is_unbiased_on_independent_returns() -> None:
    # Document 003's HAR said .53 of the true sigma here (systems.md 1.8, item 3).
    rng = np.random.default_rng(6)
    sigmas = []
    for _ in range(20):
        prices = pd.Series(100 * np.exp(np.cumsum(rng.standard_normal(1500) * 0.01)))
        sigmas.append(sigma_ann_and_sigma_H_from_har(prices, "1h", 4)[1])
    assert np.mean(sigmas) == pytest.approx(0.02, rel=0.05)


def test_har_of_one_bar_is_its_nowcast_and_fits_on_4h_bars() -> None:
    prices = garch_prices(7)
    variance, _ = realized_variance_close_to_close(prices)
    forecast, sigma = har_rv_nowcast(variance)
    assert sigma == pytest.approx(math.sqrt(forecast))
    assert sigma_ann_and_sigma_H_from_har(prices, "1h", 1)[1] == pytest.approx(sigma)
    # 534 bars of 4 h, what document 003 read: its HAR never fitted there (item 2).
    sigma_ann, sigma_h = sigma_ann_and_sigma_H_from_har(prices[:534], "4h", 4)
    assert sigma_ann == pytest.approx(sigma_h * math.sqrt(2190))
    with pytest.raises(QuantError, match="at least"):
        sigma_ann_and_sigma_H_from_har(prices[:300], "1h", 4)


PARTS = st.one_of(st.none(), st.just(math.nan), st.just(0.0), st.floats(0.05, 3.0))


@given(PARTS, PARTS, st.one_of(st.none(), st.just(0.0), st.floats(0.01, 5.0)), st.floats(1.0, 1e5), st.sampled_from([1, 4, 24]))
def test_the_blend_lies_between_its_parts(
    garch: float | None, har: float | None, atr: float | None, price: float, hours: int
) -> None:
    parts = [s * math.sqrt(hours / 8760) for s in (garch, har) if s is not None and s > 0]
    parts += [atr / price * 0.627 * math.sqrt(hours)] if atr else []
    cfg = {"horizon_hours": hours}
    if not parts:
        with pytest.raises(QuantError):
            blended_sigma_h(garch, har, atr, price, cfg)
        return
    found = blended_sigma_h(garch, har, atr, price, cfg)
    assert min(parts) * (1 - 1e-9) <= found <= max(parts) * (1 + 1e-9)
    assert found == blended_sigma_h(garch, har, atr, price, {"vol": cfg})
    assert found == blended_sigma_h(garch, har, atr, price, Settings(vol=VolSettings(horizon_hours=hours)))


def test_the_atrs_bar_length_counts() -> None:
    hourly = blended_sigma_h(None, None, 1.0, 100.0, {})
    assert hourly == pytest.approx(0.01 * 0.627 * 2)
    assert blended_sigma_h(None, None, 1.0, 100.0, {}, bar_hours=4) == pytest.approx(hourly / 2)


def test_impossible_parts_of_a_blend() -> None:
    for arguments in ((-0.1, None, 1.0, 100.0), (0.5, None, -1.0, 100.0), (0.5, None, 1.0, 0.0), (math.inf, None, 1.0, 100.0)):
        with pytest.raises(ArgumentError):
            blended_sigma_h(*arguments, {})


def test_atr_refuses_what_is_no_bar() -> None:
    df = pd.DataFrame({"high": [2.0, 3.0], "low": [1.0, 2.0], "close": [1.5, 2.5]})
    assert compute_atr(df, 2).tolist() == [1.0, 1.25]
    with pytest.raises(QuantError):
        compute_atr(df.assign(high=[2.0, math.nan]))
    with pytest.raises(ArgumentError, match="no column 'close'"):
        compute_atr(df.drop(columns="close"))
    with pytest.raises(ArgumentError, match="not numeric"):
        true_range(df.assign(high=["x", "y"]))
    with pytest.raises(QuantError):
        compute_atr(df, 0)
