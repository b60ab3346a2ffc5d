"""The obvious twin of the backtest: plain loops over plain floats, written from rulings 2, 3 and quant.md C3, no product code."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class TwinTrade:
    """First level reached, its bar, and the result in R (gross, net)."""

    first: str | None
    exit_index: int | None
    gross: float
    net: float


def twin(
    rows: list[tuple[float, float, float, float]],
    entry_index: int,
    sign: int,
    *,
    k: float,
    m: float,
    sigma: float,
    atr: list[float],
    fee: float,
    slip: float,
    dynamic: bool,
    stops: dict[str, float],
) -> TwinTrade:
    """Enter at the close of `entry_index`; rows are (open, high, low, close)."""
    entry = rows[entry_index][3]
    if dynamic:
        least = max(stops["min_stop_atr_multiple"] * atr[entry_index] / entry, stops["min_stop_cost_multiple"] * 2 * (fee + slip))
        distance = max(1 - math.exp(-k * sigma), least) if sign > 0 else max(math.exp(k * sigma) - 1, least)
        stop, target = entry * (1 - sign * distance), entry * math.exp(sign * m * sigma)
    else:
        stop, target = entry * (1 - sign * k * sigma), entry * (1 + sign * m * sigma)
    risk = abs(entry - stop)
    parts = [[target, 1.0]]
    if dynamic:
        wanted = [(entry + sign * stops[f"scaleout_r{n}"] * risk, stops[f"scaleout_frac{n}"]) for n in (1, 2)]
        kept = [[price, part] for price, part in wanted if price > 0 and sign * (target - price) > 0 and part > 0]
        parts = [*kept, [target, 1.0 - sum(part for _, part in kept)]]
    peak, left, gross, cost = entry, 1.0, 0.0, fee * entry
    for index in range(entry_index + 1, len(rows)):
        open_, high, low, close = rows[index]
        if sign * (open_ - stop) <= 0:
            price = open_
            gross += left * sign * (price - entry)
            return TwinTrade("SL", index, gross / risk, (gross - cost - left * price * (fee + slip)) / risk)
        best, worst = (high, low) if sign > 0 else (low, high)
        while parts and sign * (open_ - parts[0][0]) >= 0:
            gross, cost, left = gross + parts[0][1] * sign * (open_ - entry), cost + parts[0][1] * open_ * fee, left - parts[0][1]
            parts.pop(0)
        if not parts:
            return TwinTrade("TP", index, gross / risk, (gross - cost) / risk)
        if sign * (worst - stop) <= 0:
            gross += left * sign * (stop - entry)
            return TwinTrade("SL", index, gross / risk, (gross - cost - left * stop * (fee + slip)) / risk)
        while parts and sign * (best - parts[0][0]) >= 0:
            price, part = parts.pop(0)
            gross, cost, left = gross + part * sign * (price - entry), cost + part * price * fee, left - part
        if not parts:
            return TwinTrade("TP", index, gross / risk, (gross - cost) / risk)
        if dynamic:
            peak = max(peak, best) if sign > 0 else min(peak, best)
            stop = _moved(stop, entry, peak, risk, sign, atr[index], fee, stops)
    close = rows[-1][3]
    gross += left * sign * (close - entry)
    return TwinTrade(None, None, gross / risk, (gross - cost - left * close * (fee + slip)) / risk)


def _moved(
    stop: float, entry: float, peak: float, risk: float, sign: int, atr: float, fee: float, stops: dict[str, float]
) -> float:
    reached = sign * (peak - entry) / risk
    start = stops["breakeven_after_R"]
    if reached < start:
        return stop
    share = 1.0 if start >= 2 or reached >= 2 else (reached - start) / (2 - start)
    multiple = stops["atr_trail_mult_initial"] * (1 - share) + stops["atr_trail_mult_late"] * share
    wanted = [stop, entry * (1 + sign * 2 * fee), peak - sign * multiple * atr]
    return max(wanted) if sign > 0 else min(wanted)
