"""The library of document 003: volatility, levels, size, backtest and Bybit's prices, pandas in and out.

Names and shapes are document 003's; errors raise (never None or an empty frame), time indexes are aware UTC, bars are closed
ones, sigmas are fractions. Importing this loads none of NumPy, pandas, SciPy and ccxt: each name loads its part when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from market_analysis.library.arguments import (
        ArgumentError,
    )
    from market_analysis.library.atr_levels import (
        Levels,
        approx_liq_price,
        atr_trailing_stop,
        atr_wilder,
        check_liq_buffer,
        compute_levels,
        position_size_usdt,
        true_range,
    )
    from market_analysis.library.dynamic import (
        DynamicLevels,
        dynamic_levels_from_state,
    )
    from market_analysis.library.exchange import (
        MarketInfo,
        fetch_ohlcv_df,
        get_bybit_market_info,
        get_klines_bybit,
        get_live_price_bybit,
        get_multiple_timeframes_bybit,
        load_exchange,
    )
    from market_analysis.library.history import (
        BacktestReport,
        backtest_dynamic_levels,
    )
    from market_analysis.library.levels import (
        compute_trailing_stop,
        probability_hit_tp_before_sl,
        sl_tp_and_size,
    )
    from market_analysis.library.volatility import (
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
        validate_garch_result,
    )

__all__ = [
    "ArgumentError",
    "BacktestReport",
    "DynamicLevels",
    "Levels",
    "MarketInfo",
    "ModelFallbackWarning",
    "approx_liq_price",
    "atr_trailing_stop",
    "atr_wilder",
    "backtest_dynamic_levels",
    "bars_per_year_from_interval",
    "blended_sigma_h",
    "check_liq_buffer",
    "compute_atr",
    "compute_levels",
    "compute_trailing_stop",
    "dynamic_levels_from_state",
    "fetch_ohlcv_df",
    "garch_fit",
    "garch_sigma_ann_and_sigma_H",
    "get_bybit_market_info",
    "get_klines_bybit",
    "get_live_price_bybit",
    "get_multiple_timeframes_bybit",
    "har_rv_nowcast",
    "load_exchange",
    "position_size_usdt",
    "probability_hit_tp_before_sl",
    "realized_variance_close_to_close",
    "realized_vol_annualized_from_bar_sigma",
    "sigma_ann_and_sigma_H_from_har",
    "sl_tp_and_size",
    "true_range",
    "validate_garch_result",
]

_PARTS = {
    "arguments": ("ArgumentError",),
    "atr_levels": (
        "Levels",
        "approx_liq_price",
        "atr_trailing_stop",
        "atr_wilder",
        "check_liq_buffer",
        "compute_levels",
        "position_size_usdt",
        "true_range",
    ),
    "dynamic": ("DynamicLevels", "dynamic_levels_from_state"),
    "exchange": (
        "MarketInfo",
        "fetch_ohlcv_df",
        "get_bybit_market_info",
        "get_klines_bybit",
        "get_live_price_bybit",
        "get_multiple_timeframes_bybit",
        "load_exchange",
    ),
    "history": ("BacktestReport", "backtest_dynamic_levels"),
    "levels": ("compute_trailing_stop", "probability_hit_tp_before_sl", "sl_tp_and_size"),
    "volatility": (
        "ModelFallbackWarning",
        "bars_per_year_from_interval",
        "blended_sigma_h",
        "compute_atr",
        "garch_fit",
        "garch_sigma_ann_and_sigma_H",
        "har_rv_nowcast",
        "realized_variance_close_to_close",
        "realized_vol_annualized_from_bar_sigma",
        "sigma_ann_and_sigma_H_from_har",
        "validate_garch_result",
    ),
}
_HOME = {name: part for part, names in _PARTS.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"market_analysis.library.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
