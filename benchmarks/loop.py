"""The mathematics of one bar close beside the naive way: frames, pandas ATR, arch, DataFrame.corr, for the same bars."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.figure import Figure, median_of, paired_seconds, ratio_of
from benchmarks.garch import simulated_returns

SYMBOLS = 20
BARS = 1_000


def measure(runs: int) -> list[Figure]:
    """Compute only, no network: GARCH, ATR and correlation of 20 symbols."""
    import pandas as pd
    from arch import arch_model

    from market_analysis.quant.average_true_range import average_true_range
    from market_analysis.quant.garch import fit_garch_batch

    returns = simulated_returns(SYMBOLS, BARS)
    close = 100 * np.exp(np.cumsum(returns, axis=1))
    high, low = close * 1.002, close * 0.998
    rows: list[list[Any]] = [np.column_stack([high[i], low[i], close[i]]).tolist() for i in range(SYMBOLS)]

    def naive() -> None:
        closes = {}
        for number, bars in enumerate(rows):
            frame = pd.DataFrame(bars, columns=["high", "low", "close"])
            before = frame["close"].shift()
            span = pd.concat([frame["high"] - frame["low"], (frame["high"] - before).abs(), (frame["low"] - before).abs()], axis=1)
            span.max(axis=1).ewm(alpha=1 / 14, adjust=False).mean()
            change = 100 * np.log(frame["close"]).diff().dropna()
            arch_model(change, mean="Zero", vol="GARCH", p=1, q=1, rescale=False).fit(disp="off")
            closes[number] = change
        pd.DataFrame(closes).corr()

    def ours() -> None:
        array = np.array(rows)
        for bars in array:
            average_true_range(bars[:, 0], bars[:, 1], bars[:, 2], 14)
        change = np.diff(np.log(array[:, :, 2]), axis=1)
        fit_garch_batch(change)
        np.corrcoef(change)

    slow, fast = paired_seconds(naive, ours, runs)
    kind = f"{SYMBOLS} symbols x {BARS} bars, from lists of rows: ATR(14), GARCH(1,1), correlation"
    return [
        median_of("loop.naive", slow, "s", kind + ", pandas and arch"),
        median_of("loop.ours", fast, "s", kind + ", cold fits"),
        ratio_of("loop.naive_over_ours", slow, fast, "the same work on the same bars, in turns"),
    ]
