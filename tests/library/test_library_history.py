"""`backtest_dynamic_levels`: frames in, document 003's dictionary out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from market_analysis.errors import QuantError
from market_analysis.garch_vol_triggers import ArgumentError, BacktestReport, backtest_dynamic_levels, compute_atr
from market_analysis.library.frames import bars_from_frame, milliseconds
from market_analysis.settings import Settings


def frame(count: int = 80, seed: int = 1, freq: str = "h", tz: str | None = "UTC") -> pd.DataFrame:
    """A random walk; every open is the close before."""
    rng = np.random.default_rng(seed)
    path = 100 * np.exp(np.cumsum(rng.standard_normal((count, 6)) * 0.003).reshape(count, 6))
    close = path[:, -1]
    open_ = np.concatenate([[100.0], close[:-1]])
    high, low = np.maximum(path.max(axis=1), open_), np.minimum(path.min(axis=1), open_)
    index = pd.date_range("2025-01-01", periods=count, freq=freq, tz=tz)
    return pd.DataFrame({"open": open_, "high": high, "low": low, "close": close, "volume": 1.0}, index=index)


def run(df: pd.DataFrame, **changes: Any) -> BacktestReport:
    given: dict[str, Any] = {
        "entry_idx": 30, "side": "long", "entry_price": float(df["close"].iloc[30]), "sigma_H": 0.015,
        "atr_series": compute_atr(df), "base_k": 2.0, "base_m": 3.5, "cfg": {},
    }  # fmt: skip
    return backtest_dynamic_levels(df=df, **(given | changes))


def test_the_dictionary_of_document_003() -> None:
    df = frame()
    found = run(df)
    entry = float(df["close"].iloc[30])
    assert found["static_levels"] == {"SL": pytest.approx(entry * 0.97), "TP": pytest.approx(entry * 1.0525)}
    assert found["example_dynamic"]["SL"] == pytest.approx(entry * math.exp(-0.03))
    assert found["entry_moment"] == "close"
    assert (found["sigma_source"], found["missing_bars"]) == ("caller", 0)
    for name in ("static", "dynamic"):
        trade = found[name]
        assert trade["r_net"] == pytest.approx(trade["r_gross"] - trade["costs_r"] - trade["funding_r"])
        assert trade["costs_r"] > 0
        rows = [fill["row"] for fill in trade["fills"]]
        assert found[f"{name}_hit_index"] == (rows[-1] if rows else None)  # type: ignore[literal-required]
    path = found["dynamic_path"]
    assert path.index.equals(df.index[31 : 31 + len(path)])
    assert path["stop"].is_monotonic_increasing
    assert path["stop"].iloc[0] == found["example_dynamic"]["SL"]
    assert path["target"].iloc[0] == found["example_dynamic"]["TP"]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("side", ["long", "short"])
def test_the_first_hit_is_the_first_bar_that_reaches_a_static_level(seed: int, side: str) -> None:
    df = frame(300, seed)
    found = run(df, side=side)
    levels, after = found["static_levels"], df.iloc[31:]
    if side == "long":
        stopped, reached = after["low"] <= levels["SL"], after["high"] >= levels["TP"]
    else:
        stopped, reached = after["high"] >= levels["SL"], after["low"] <= levels["TP"]
    hits = np.flatnonzero(stopped | reached)
    expected = None if not hits.size else int(hits[0]) + 31
    assert found["static_hit_index"] == expected
    if expected is not None:
        assert found["static_first"] == ("SL" if stopped.iloc[expected - 31] else "TP")


def test_bars_after_the_hit_change_nothing() -> None:
    df = frame(300, 3)
    found = run(df)
    last = max(row for row in (found["static_hit_index"], found["dynamic_hit_index"]) if row is not None)
    tail = df.copy()
    tail.iloc[last + 1 :, :4] *= 5.0
    again = run(tail, atr_series=pd.concat([compute_atr(df)[: last + 1], 7 * compute_atr(df)[last + 1 :]]))
    assert again.pop("dynamic_path").equals(found.pop("dynamic_path"))  # type: ignore[misc]
    assert again == found


def test_finer_bars_funding_and_settings_reach_the_engine() -> None:
    df = frame(40)
    finer = df.iloc[0:0]
    entry = float(df["close"].iloc[30])
    df.iloc[31, :4] = [entry, entry * 1.2, entry * 0.8, entry]
    assert run(df)["static_first"] == "SL"
    assert run(df)["static"]["ambiguous_rows"] == [31]
    minutes = pd.date_range(df.index[31], periods=2, freq="30min")
    finer = pd.DataFrame(
        {"open": [entry, entry], "high": [entry * 1.2, entry], "low": [entry, entry * 0.8], "close": [entry, entry]}, index=minutes
    )
    assert run(df, finer=finer)["static_first"] == "TP"
    rates = pd.Series([0.01], index=[df.index[31]])
    assert run(df, funding=rates)["static"]["funding_r"] == pytest.approx(0.01 / 0.03)
    free = run(df, cfg={"risk": {"slippage_bps": 0.0}}, taker_fee_frac=0.0)
    assert free["static"]["costs_r"] == 0.0
    assert run(df, cfg=Settings())["static"] == run(df)["static"]


def test_a_sigma_per_row_is_read_as_of_the_entry() -> None:
    df = frame()
    sigmas = pd.Series(np.where(np.arange(80) <= 30, 0.015, 0.4), index=df.index)
    assert run(df, sigma_H=sigmas)["static_levels"] == run(df)["static_levels"]
    inside = float(df["high"].iloc[30] + df["low"].iloc[30]) / 2
    late = pd.Series(np.where(np.arange(80) < 30, 0.015, 0.4), index=df.index)
    found = run(df, sigma_H=late, entry_price=inside)
    assert found["entry_moment"] == "inside"
    assert found["example_dynamic"]["sigma_price"] == pytest.approx(inside * 0.015)
    assert found["static_levels"]["SL"] == pytest.approx(inside * 0.97)
    assert found["dynamic_path"].index[0] == df.index[30]


def test_frames_without_a_zone_are_utc_and_without_times_are_numbered() -> None:
    df = frame()
    expected = run(df)
    for other in (df.tz_localize(None), df.tz_convert("Asia/Tokyo"), df.reset_index(drop=True)):
        found = run(other)
        assert (found["static"], found["dynamic"]) == (expected["static"], expected["dynamic"])
    assert milliseconds(df.tz_convert("Asia/Tokyo").index) == pytest.approx(milliseconds(df.index))
    assert bars_from_frame(df.drop(columns="volume"), 60).volume.sum() == 0.0
    assert bars_from_frame(df.iloc[:1], 60).bar_minutes == 60
    assert bars_from_frame(df.drop(df.index[40]), 60).gaps == 1
    assert run(df.drop(df.index[40]))["missing_bars"] == 1


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"entry_idx": 80}, "entry_idx"),
        ({"entry_idx": -1}, "entry_idx"),
        ({"entry_idx": 79}, "entry_index"),
        ({"side": "up"}, "side"),
        ({"entry_price": 1e6}, "entry_price"),
        ({"sigma_H": 0.0}, "sigma_H"),
        ({"sigma_H": pd.Series([0.1])}, "sigma_H"),
        ({"atr_series": pd.Series(np.ones(80))}, "atr_series"),
        ({"base_k": 0.0}, "base_k"),
        ({"base_m": math.nan}, "base_m"),
        ({"funding": pd.Series([0.1])}, "funding"),
        ({"finer": frame().reset_index(drop=True)}, "finer"),
    ],
)
def test_refused_by_name(changes: dict[str, Any], name: str) -> None:
    df = frame()
    if "entry_idx" in changes:
        changes = changes | {"entry_price": float(df["close"].iloc[-1])}
    with pytest.raises(QuantError) as caught:
        run(df, **changes)
    assert name in (caught.value.parameter, str(caught.value).split()[0])


def test_frames_that_are_no_bars() -> None:
    df = frame()
    with pytest.raises(ArgumentError, match="ascend"):
        bars_from_frame(df[::-1], 60)
    with pytest.raises(ArgumentError, match="less than a minute"):
        bars_from_frame(frame(freq="s"), 60)
    with pytest.raises(ArgumentError, match="bar 3 is no bar"):
        bars_from_frame(df.assign(low=df["low"].where(np.arange(80) != 3, 1e6)), 60)
    with pytest.raises(ArgumentError, match="one series"):
        run(df, funding=df[["open", "close"]])
    with pytest.raises(ArgumentError, match="not numeric"):
        run(df, atr_series=pd.Series(["x"] * 80, index=df.index))
