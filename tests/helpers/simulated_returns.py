"""Simulated GARCH returns and real hourly closes for the volatility tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

SHARED_DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def garch_returns(seed: int, bars: int, *, omega: float, alpha: float, beta: float, nu: float | None = None) -> np.ndarray:
    """A GARCH(1,1) path by the obvious loop; fractions, started at the long-run variance."""
    rng = np.random.default_rng(seed)
    shocks = rng.standard_normal(bars) if nu is None else rng.standard_t(nu, bars) * np.sqrt((nu - 2.0) / nu)
    variance = omega / (1.0 - alpha - beta)
    returns = np.empty(bars)
    for bar in range(bars):
        returns[bar] = np.sqrt(variance) * shocks[bar]
        variance = omega + alpha * returns[bar] ** 2 + beta * variance
    return returns


def real_hours(count: int, bars: int) -> np.ndarray:
    """Log returns (count, bars) of real coins, spread over the stored files; skips where the data is absent."""
    files = sorted((SHARED_DATA / "binance_spot_1h_2024").glob("*.parquet"))
    if not files:
        pytest.skip("no real market data beside the repository (../shared/data)")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows: list[np.ndarray] = []
    for file in files:
        close = parquet.read_table(file, columns=["close"])["close"].to_numpy()
        if close.size > bars:
            start = (len(rows) * 617) % (close.size - bars)
            rows.append(np.diff(np.log(close[start : start + bars + 1])))
        if len(rows) == count:
            break
    return np.array(rows)
