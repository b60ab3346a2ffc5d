"""The public forecast: known truths, consistency of its parts, no look-ahead, refusals."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from forecast_bars import HOUR_MS, SimulatedBars, clustered_sigma, simulated_bars

from market_analysis.errors import QuantError
from market_analysis.quant.forecast import forecast_variance, forecast_variances
from market_analysis.quant.forecast.measure import hourly_measure
from market_analysis.quant.forecast.members import fit_garch_models
from market_analysis.quant.forecast.panel import MEMBERS, load_panel
from market_analysis.quant.garch import advance

HORIZONS = (1, 4, 24, 72)


@pytest.fixture(scope="module")
def market() -> dict[str, SimulatedBars]:
    return {f"S{seed}": simulated_bars(seed, 1500, clustered_sigma(seed, 1500, 0.004 + 0.002 * seed)) for seed in range(4)}


def test_a_constant_variance_is_found_at_every_horizon() -> None:
    # An honest bound: the networks know crypto, where a flat variance never was, so they expect it to move.
    ratios = [
        forecast_variance(simulated_bars(seed, 2000, 0.008), HORIZONS).cumulative / (6.4e-5 * np.array(HORIZONS))
        for seed in range(6)
    ]
    assert (np.abs(np.log(np.median(ratios, axis=0))) < 0.35).all()


def test_volatility_that_rises_is_followed() -> None:
    sigma = np.where(np.arange(1500) < 1440, 0.004, 0.012)
    calm, wild = (forecast_variance(simulated_bars(1, 1500, level), HORIZONS).cumulative for level in (0.004, sigma))
    # Sigma three times as high for the last 60 hours: nearly nine times the variance at first, falling back over longer horizons.
    assert (wild / calm)[0] > 5.0
    assert (wild / calm > 2.0).all()
    assert (np.diff(wild / calm) < 0.0).all()


def test_path_and_cumulative_agree(market: dict[str, SimulatedBars]) -> None:
    for forecast in forecast_variances(market, HORIZONS).values():
        path = forecast.path(100)
        assert (path > 0.0).all()
        np.testing.assert_allclose(np.cumsum(path)[np.array(HORIZONS) - 1], forecast.cumulative, rtol=1e-12)


def test_the_combination_is_the_weighted_geometric_mean(market: dict[str, SimulatedBars]) -> None:
    forecast = forecast_variances(market, HORIZONS)["S1"]
    logs = np.log(np.stack(list(forecast.members.values()), axis=1))
    np.testing.assert_allclose(forecast.totals, forecast.recalibration * np.exp((forecast.weights * logs).sum(axis=1)), rtol=1e-12)
    assert set(forecast.members) | set(forecast.dropped) == set(MEMBERS)
    np.testing.assert_allclose(forecast.weights.sum(axis=1), 1.0)


def test_a_price_in_other_units_changes_nothing(market: dict[str, SimulatedBars]) -> None:
    ours = forecast_variance(market["S2"], HORIZONS)
    theirs = forecast_variance(market["S2"].scaled(3e-6), HORIZONS)
    np.testing.assert_allclose(theirs.cumulative, ours.cumulative, rtol=1e-4)


def test_later_bars_cannot_be_seen(market: dict[str, SimulatedBars]) -> None:
    """Bytes, not tolerances: what is forecast from a slice is what is forecast when nothing later exists."""
    cut = {name: bars.rows(slice(100, 1400)) for name, bars in market.items()}
    copied = {name: simulated_copy(bars) for name, bars in cut.items()}
    for name, forecast in forecast_variances(cut, HORIZONS).items():
        assert forecast.cumulative.tobytes() == forecast_variances(copied, HORIZONS)[name].cumulative.tobytes()


def simulated_copy(bars: SimulatedBars) -> SimulatedBars:
    return replace(
        bars, **{name: getattr(bars, name).copy() for name in ("open_time_ms", "open", "high", "low", "close", "volume")}
    )


def test_one_symbol_has_no_market_and_three_have(market: dict[str, SimulatedBars]) -> None:
    alone = forecast_variance(market["S0"], (4,))
    assert alone.issues == ("no_market",)
    assert alone.market_symbols == 0
    together = forecast_variances(market, (4,))
    assert together["S0"].issues == ()
    assert together["S0"].market_symbols == 4
    assert together["S0"].cumulative[0] == pytest.approx(alone.cumulative[0], rel=0.3)


def test_a_symbol_whose_bars_end_earlier_sees_the_market_of_its_own_hour(market: dict[str, SimulatedBars]) -> None:
    late = market | {"S3": market["S3"].rows(slice(None, 1490))}
    found = forecast_variances(late, (4,))
    assert found["S3"].last_open_time_ms == found["S0"].last_open_time_ms - 10 * HOUR_MS
    assert np.isfinite(found["S3"].cumulative).all()


def test_given_garch_fits_are_used(market: dict[str, SimulatedBars]) -> None:
    measures = {name: hourly_measure(bars) for name, bars in market.items()}
    fits = fit_garch_models(measures)
    fresh, given = forecast_variances(market, (24,)), forecast_variances(market, (24,), garch_fits=fits)
    assert all(fresh[name].cumulative[0] == given[name].cumulative[0] for name in market)
    shocked = {name: advance(fit, 0.2) for name, fit in fits.items()}
    moved = forecast_variances(market, (24,), garch_fits=shocked)
    sound = [name for name in market if "garch_t" in moved[name].members]
    assert sound
    assert all(moved[name].cumulative[0] > fresh[name].cumulative[0] for name in sound)


def test_a_short_history_drops_the_models_that_need_a_long_one() -> None:
    forecast = forecast_variance(simulated_bars(1, 300), HORIZONS)
    assert set(forecast.members) == {"panel"}
    assert set(forecast.dropped) == {"har", "garch_t"}
    assert "short_history" in forecast.issues


def test_recalibration_follows_a_level_the_model_misses(market: dict[str, SimulatedBars]) -> None:
    model = load_panel()
    doubled = replace(
        model, networks=tuple(replace(net, biases=(*net.biases[:-1], net.biases[-1] + np.log(2.0))) for net in model.networks)
    )
    plain, wrong = (forecast_variances(market, (1,), panel=panel)["S1"] for panel in (model, doubled))
    assert wrong.members["panel"][0] == pytest.approx(2.0 * plain.members["panel"][0])
    # Half the power of a ratio that the prior keeps above one half.
    assert 0.7 < wrong.recalibration[0] / plain.recalibration[0] < 0.95


def test_what_cannot_be_forecast_is_refused(market: dict[str, SimulatedBars]) -> None:
    with pytest.raises(QuantError, match="at least 200"):
        forecast_variance(market["S0"].rows(slice(0, 150)), (1,))
    with pytest.raises(QuantError, match="at least 1"):
        forecast_variance(market["S0"], (0,))
    still = simulated_bars(1, 800, 0.0)
    with pytest.raises(QuantError, match="bars of X: the price did not move"):
        forecast_variances({"X": still}, (1,))
    assert forecast_variances({}, (1,)) == {}


def test_nothing_heavy_is_loaded() -> None:
    program = (
        "import sys, market_analysis.quant.forecast; "
        "print(*({'pandas', 'arch', 'sklearn', 'scipy.stats', 'scipy.optimize'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == []
