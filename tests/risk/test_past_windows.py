"""Which past windows a model carries, that nothing later enters them, and what the printed odds make of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from forecast_bars import HOUR_MS, clustered_sigma, simulated_bars

from market_analysis.domain import Bars, Category, History, InstrumentId, from_milliseconds
from market_analysis.risk.past_windows import LEAST_HORIZONS, WINDOWS_PER_HORIZON, window_starts
from market_analysis.risk.probability import PolicyState, probability_report, replay_policy, run_policy, shares_of
from market_analysis.risk.volatility import VolatilityModel, fit_models
from market_analysis.settings import ProbSettings, Settings

HOURS, HORIZON = 1400, 24
SETTINGS = Settings(prob=ProbSettings(horizon_hours=HORIZON, paths=1000))
IDS = tuple(InstrumentId("test", Category.LINEAR, name) for name in ("AUSDT", "BUSDT"))


def bars_of(seed: int, hours: int = HOURS) -> Bars:
    made = simulated_bars(seed, hours, clustered_sigma(seed, hours))
    return Bars(60, made.open_time_ms, made.open, made.high, made.low, made.close, made.volume)


def models_of(
    bars: dict[InstrumentId, Bars], as_of: datetime, settings: Settings = SETTINGS
) -> dict[InstrumentId, VolatilityModel]:
    found = fit_models(History(dict(bars), {}), bars, settings, as_of)
    return {key: model for key, model in found.items() if isinstance(model, VolatilityModel)}


@pytest.fixture(scope="module")
def bars() -> dict[InstrumentId, Bars]:
    return {key: bars_of(seed) for seed, key in enumerate(IDS)}


@pytest.fixture(scope="module")
def models(bars: dict[InstrumentId, Bars]) -> dict[InstrumentId, VolatilityModel]:
    return models_of(bars, bars[IDS[0]].last_close_time)


def test_windows_of_all_instruments_are_shared_and_mirrored(models: dict[InstrumentId, VolatilityModel]) -> None:
    windows = [model.windows for model in models.values()]
    assert windows[0] is not None
    assert windows[0] is windows[1]
    starts = window_starts(models[IDS[0]].series, HORIZON)
    assert starts[-1] == HOURS - 1 - HORIZON
    assert starts[0] >= 720
    assert set(np.diff(starts)) == {HORIZON // WINDOWS_PER_HORIZON}
    assert windows[0].count == 2 * 2 * starts.size
    assert np.median(np.abs(windows[0].close[-1])) == pytest.approx(0.67, abs=0.2), "about one sigma at the end"


def test_instruments_in_another_order_give_the_same_windows(
    bars: dict[InstrumentId, Bars], models: dict[InstrumentId, VolatilityModel]
) -> None:
    turned = models_of({key: bars[key] for key in reversed(IDS)}, bars[IDS[0]].last_close_time)
    ours, theirs = models[IDS[0]].windows, turned[IDS[0]].windows
    assert ours is not None
    assert theirs is not None
    assert ours.close.tobytes() == theirs.close.tobytes()


def test_later_bars_change_no_window(bars: dict[InstrumentId, Bars]) -> None:
    as_of = from_milliseconds(int(bars[IDS[0]].open_time_ms[1350]))
    bent = {}
    for key, series in bars.items():
        later = np.arange(HOURS) >= 1350
        prices = {
            name: np.where(later, 3.0 * getattr(series, name), getattr(series, name)) for name in ("open", "high", "low", "close")
        }
        bent[key] = replace(series, **prices)
    ours, theirs = models_of(bars, as_of)[IDS[1]].windows, models_of(bent, as_of)[IDS[1]].windows
    assert ours is not None
    assert theirs is not None
    assert ours.high.tobytes() == theirs.high.tobytes()


def test_a_gap_is_in_no_window_and_too_few_are_none() -> None:
    whole = bars_of(7)
    kept = np.delete(np.arange(HOURS), 1000)
    names = ("open_time_ms", "open", "high", "low", "close", "volume")
    gapped = Bars(60, *(getattr(whole, name)[kept] for name in names))
    model = models_of({IDS[0]: gapped}, gapped.last_close_time)[IDS[0]]
    for start in window_starts(model.series, HORIZON):
        assert gapped.open_time_ms[start + HORIZON] - gapped.open_time_ms[start] == HORIZON * HOUR_MS
    assert model.windows is not None
    short = bars_of(7, 720 + LEAST_HORIZONS * HORIZON)
    assert models_of({IDS[0]: short}, short.last_close_time)[IDS[0]].windows is None


def test_the_printed_odds_are_the_mean_of_simulation_and_replay(models: dict[InstrumentId, VolatilityModel]) -> None:
    model = models[IDS[0]]
    price, atr = model.last_close, model.atr_abs
    state = PolicyState(1, price, price, price - 2 * atr, 2 * atr, price, atr, 0.0005, ())
    target = price + 3 * atr
    outcome = run_policy(state, model, np.empty(0), SETTINGS, 1)
    assert outcome is not None
    report = probability_report(state, model, target, outcome, SETTINGS)
    raw = probability_report(state, replace(model, windows=None), target, outcome, SETTINGS)
    assert (report.calibration, raw.calibration) == ("past windows", "none")
    assert raw.p_tp == outcome.outcome_at(target).p_tp
    assert report.p_tp + report.p_sl + report.p_breakeven + report.p_open == 1.0
    assert report.standard_error == 0.5 * raw.standard_error
    past = replay_policy(outcome, model)
    assert past is not None
    found = (report.p_tp, report.p_sl, report.p_breakeven, report.p_open)
    halves = zip(shares_of(outcome.outcome_at(target)), shares_of(past.outcome_at(target)), strict=True)
    assert found == pytest.approx([(simulated + replayed) / 2 for simulated, replayed in halves], abs=1e-15)
    assert report.p_noise_stop == (outcome.p_noise_stop + past.p_noise_stop) / 2
    assert probability_report(state, model, None, outcome, SETTINGS).p_tp == 0.0
    assert report == probability_report(state, model, target, outcome, SETTINGS)
