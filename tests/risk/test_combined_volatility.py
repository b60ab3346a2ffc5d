"""The combined forecast as the product's default: what made it is told, the past is told without the future, fallbacks are open."""

from __future__ import annotations

import math

import books
import numpy as np
import pytest

from market_analysis.domain import Bars
from market_analysis.quant.forecast import forecast_variances
from market_analysis.risk.sigma_filter import horizon_sigmas
from market_analysis.risk.volatility import SHOCK_SHARE, VolatilityModel, fit_model, fit_models
from market_analysis.settings import Settings, VolSettings

SETTINGS = Settings()
IDS = [books.instrument(name).id for name in ("BTC", "ETH", "SOL", "XRP")]


def clustered(seed: int, count: int = 1_500) -> Bars:
    rng = np.random.default_rng(seed)
    h, returns = 4e-5, np.empty(count)
    for t in range(count):
        returns[t] = math.sqrt(h) * rng.standard_normal()
        h = 1e-6 + 0.08 * returns[t] ** 2 + 0.9 * h
    return books.bars_from_returns(returns, 100.0)


def model_of(bars: Bars, settings: Settings = SETTINGS) -> VolatilityModel:
    found = fit_model(IDS[0], bars, settings, books.AS_OF)
    assert isinstance(found, VolatilityModel), found
    return found


def test_the_combination_is_what_the_models_and_weights_say() -> None:
    model = model_of(clustered(1))
    assert model.report.fallback_chain == ("combined",)
    assert model.report.method == "VOL_COMBINED(panel+garch)"
    by_name = {item.name: item for item in model.report.models}
    assert {name: item.status for name, item in by_name.items()} == {
        "panel": "used",
        "garch": "used",
        "har": "compared",
        "atr": "compared",
    }
    logs = sum(item.weight * math.log(item.sigma_h or 1.0) for item in by_name.values())
    factor = by_name["panel"].parameters["recalibration"]
    assert model.report.sigma_h == pytest.approx(math.sqrt(factor) * math.exp(logs), rel=1e-9)
    assert sum(item.weight for item in by_name.values()) == pytest.approx(1.0)
    assert model.garch_to_har is not None


def test_the_path_is_that_of_the_public_forecast_of_all_together() -> None:
    bars = {item: clustered(seed) for seed, item in enumerate(IDS)}
    models = fit_models(books.history(bars), IDS, SETTINGS, books.AS_OF)
    made = forecast_variances({str(item): series for item, series in bars.items()}, (120,))
    for item in IDS:
        model = models[item]
        assert isinstance(model, VolatilityModel)
        np.testing.assert_allclose(model.variance_path.sum(), made[str(item)].cumulative[0], rtol=1e-6)
        panel = next(told for told in model.report.models if told.name == "panel")
        assert panel.parameters["market_symbols"] == 4
        alone = fit_model(item, bars[item], SETTINGS, books.AS_OF)
        assert isinstance(alone, VolatilityModel)
        assert "no_market" in next(told.issues for told in alone.report.models if told.name == "panel")


@pytest.mark.parametrize("hours", [1, 4, 6, 24])
def test_sigma_as_of_the_last_bar_is_the_models_own(hours: int) -> None:
    settings = Settings(vol=VolSettings(horizon_hours=hours))
    model = model_of(clustered(2), settings)
    (now,) = horizon_sigmas(model, model.series, (len(model.series.bars) - 1,), settings.vol)
    assert now == pytest.approx(model.report.sigma_h, rel=1e-9)


def test_sigma_of_the_past_knows_no_later_bar_and_no_longer_history() -> None:
    bars = clustered(3, 2_000)
    anchor = model_of(bars[500:1_500])
    rows = (1_499, 1_600, 1_999)
    told = horizon_sigmas(anchor, model_of(bars).series, rows, SETTINGS.vol)
    shorter = model_of(bars[500:1_601]).series
    again = horizon_sigmas(anchor, shorter, (999, 1_100), SETTINGS.vol)
    np.testing.assert_allclose(told[:2], again, rtol=1e-12)


def test_too_little_history_falls_back_to_the_blend_in_the_open() -> None:
    model = model_of(clustered(4, 199))
    assert model.report.fallback_chain[0] == "combined"
    assert model.report.method.startswith("VOL_BLEND")
    panel = model.report.models[0]
    assert (panel.name, panel.status, panel.sigma_h) == ("panel", "dropped", None)
    assert "200" in panel.issues[0]
    assert model.forecast is None
    assert model_of(clustered(4, 200)).report.fallback_chain == ("combined",)


def test_the_paths_keep_a_share_of_the_shock_and_all_persistence() -> None:
    model = model_of(clustered(5))
    assert model.garch is not None
    assert model.recursion.alpha == pytest.approx(SHOCK_SHARE * model.garch.alpha)
    assert model.recursion.alpha + model.recursion.beta == pytest.approx(model.garch.persistence)
