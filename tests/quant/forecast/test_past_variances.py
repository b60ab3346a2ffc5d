"""What the forecast would have said earlier, against forecasts made from bars cut there."""

from __future__ import annotations

import numpy as np
import pytest
from forecast_bars import clustered_sigma, simulated_bars

from market_analysis.errors import QuantError
from market_analysis.quant.forecast import forecast_variance, past_variances
from market_analysis.quant.garch import fit_garch, forecast_variance_lines, forecast_variance_path


@pytest.mark.parametrize("bars", [300, 1_200])
@pytest.mark.parametrize("horizon", [1, 3, 24, 100])
def test_at_the_forecasts_own_bar_it_is_the_forecast(bars: int, horizon: int) -> None:
    series = simulated_bars(3, bars, clustered_sigma(3, bars, 0.006))
    forecast = forecast_variance(series, (horizon,))
    (told,) = past_variances(forecast, series, (bars - 1,), horizon)
    assert told == pytest.approx(forecast.cumulative[0], rel=1e-10)


def test_rows_outside_the_bars_are_refused() -> None:
    series = simulated_bars(3, 300, 0.006)
    forecast = forecast_variance(series, (1,))
    for row in (-1, 300):
        with pytest.raises(QuantError, match="rows"):
            past_variances(forecast, series, (row,), 1)
    assert past_variances(forecast, series, (), 1).size == 0


def test_the_line_is_the_path_for_any_state() -> None:
    rng = np.random.default_rng(1)
    fit = fit_garch(0.005 * rng.standard_normal(800), "t")
    level, slope = forecast_variance_lines(fit, (1, 4, 72))
    sums = np.cumsum(forecast_variance_path(fit, 72))[[0, 3, 71]]
    np.testing.assert_allclose(level + slope * fit.next_variance, sums, rtol=1e-12)
