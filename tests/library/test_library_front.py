"""The front itself: what it names, what it loads, and the settings it accepts."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from market_analysis import garch_vol_triggers
from market_analysis.errors import QuantError, SettingsError
from market_analysis.library.arguments import ArgumentError, above_zero, at_least_zero, settings_from, side_of
from market_analysis.settings import ProbSettings, Settings, StopsSettings, VolSettings

DOCUMENT_003 = {
    "get_live_price_bybit", "get_klines_bybit", "get_multiple_timeframes_bybit", "get_bybit_market_info", "compute_atr",
    "realized_variance_close_to_close", "realized_vol_annualized_from_bar_sigma", "bars_per_year_from_interval", "har_rv_nowcast",
    "sigma_ann_and_sigma_H_from_har", "garch_sigma_ann_and_sigma_H", "blended_sigma_h", "validate_garch_result", "sl_tp_and_size",
    "compute_trailing_stop", "probability_hit_tp_before_sl", "dynamic_levels_from_state", "backtest_dynamic_levels", "true_range",
    "atr_wilder", "compute_levels", "atr_trailing_stop", "position_size_usdt", "approx_liq_price", "check_liq_buffer",
    "load_exchange", "fetch_ohlcv_df",
}  # fmt: skip


def test_every_name_is_there_and_at_home() -> None:
    assert set(garch_vol_triggers.__all__) >= DOCUMENT_003
    for name in garch_vol_triggers.__all__:
        value = getattr(garch_vol_triggers, name)
        assert value.__name__ == name
        assert value.__doc__
        assert value.__module__.startswith("market_analysis.library.")
    assert dir(garch_vol_triggers) == sorted(garch_vol_triggers.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = garch_vol_triggers.no_such_name


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import market_analysis.garch_vol_triggers", {"numpy", "pandas", "scipy", "ccxt", "arch", "pydantic"}),
        ("from market_analysis.garch_vol_triggers import sl_tp_and_size", {"pandas", "ccxt", "arch", "aiohttp"}),
        ("from market_analysis.garch_vol_triggers import get_klines_bybit", {"pandas", "ccxt", "arch"}),
        ("from market_analysis.garch_vol_triggers import garch_fit, compute_atr", {"pandas", "ccxt", "arch"}),
    ],
)
def test_importing_is_cheap(code: str, absent: set[str]) -> None:
    report = "; import json, sys; print(json.dumps(sorted(sys.modules)))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", code + report], check=True, capture_output=True, text=True).stdout)
    assert absent.isdisjoint(loaded)


@pytest.mark.parametrize(
    ("cfg", "section", "expected"),
    [
        ({}, "vol", Settings()),
        (Settings(), "vol", Settings()),
        (Settings().model_dump(), "stops", Settings()),
        ({"horizon_hours": 8}, "vol", Settings(vol=VolSettings(horizon_hours=8))),
        ({"vol": {"horizon_hours": 8}}, "prob", Settings(vol=VolSettings(horizon_hours=8))),
        ({"breakeven_after_R": 2.0}, "stops", Settings(stops=StopsSettings(breakeven_after_R=2.0))),
        (VolSettings(horizon_hours=8), "stops", Settings(vol=VolSettings(horizon_hours=8))),
        (ProbSettings(m_step=0.5), "prob", Settings(prob=ProbSettings(m_step=0.5))),
    ],
)
def test_settings_in_any_of_document_003s_shapes(cfg: Any, section: str, expected: Settings) -> None:
    assert settings_from(cfg, section) == expected


def test_wrong_settings_name_the_key() -> None:
    with pytest.raises(SettingsError, match=r"vol\.horizon_hour\b"):
        settings_from({"horizon_hour": 8}, "vol")
    with pytest.raises(SettingsError, match=r"prob\.prob_target.*stops\.scaleout_r1|stops\.scaleout_r1.*prob\.prob_target"):
        settings_from({"prob": {"prob_target": 55}, "stops": {"scaleout_r1": -1}}, "vol")


@pytest.mark.parametrize("side", ["buy", "", "LONGER", None, 1])
def test_a_side_is_long_or_short(side: Any) -> None:
    with pytest.raises(ArgumentError, match="side"):
        side_of(side)
    assert side_of("LONG").sign == 1
    assert side_of("Short").sign == -1


def test_numbers_at_the_door() -> None:
    for bad in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ArgumentError, match="price"):
            above_zero("price", bad)
    assert at_least_zero("atr", 0) == 0.0
    with pytest.raises(ValueError, match="atr is -1"):
        at_least_zero("atr", -1)
    assert issubclass(ArgumentError, QuantError)
