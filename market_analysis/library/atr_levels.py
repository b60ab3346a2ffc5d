"""The functions of document 003's atr_sl_gpt: levels a multiple of the ATR away, price-linear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from market_analysis.domain import MarginMode, Side
from market_analysis.library.arguments import ArgumentError, above_zero, at_least_zero, side_of
from market_analysis.library.volatility import compute_atr
from market_analysis.quant.average_true_range import true_range as true_range_of
from market_analysis.risk.liquidation_buffer import liquidation_buffer

if TYPE_CHECKING:
    import pandas as pd

LEAST_LIQUIDATION_DISTANCE_FRAC = 0.001


@dataclass(frozen=True, slots=True)
class Levels:
    """Stop and target prices, their distances from the entry (price units), and rr = tp_distance / sl_distance."""

    sl_price: float
    tp_price: float
    sl_distance: float
    tp_distance: float
    rr: float


def true_range(df: pd.DataFrame) -> pd.Series[float]:
    """max(high, previous close) - min(low, previous close), price units, on df's index; the first is high - low."""
    import pandas as pd

    from market_analysis.library.frames import column

    return pd.Series(true_range_of(*(column(df, name) for name in ("high", "low", "close"))), index=df.index, name="true_range")


def atr_wilder(df: pd.DataFrame, n: int = 14) -> pd.Series[float]:
    """Wilder's ATR over n bars: `compute_atr`."""
    return compute_atr(df, n)


def compute_levels(entry: float, atr: float, k: float, m: float, side: str) -> Levels:
    """SL = entry - s k atr, TP = entry + s m atr (s = +1 long, -1 short). A level at or below zero raises ArgumentError."""
    price, sign = above_zero("entry", entry), side_of(side).sign
    sl_distance = above_zero("k", k) * above_zero("atr", atr)
    tp_distance = above_zero("m", m) * atr
    stop = above_zero("stop loss", price - sign * sl_distance)
    target = above_zero("take profit", price + sign * tp_distance)
    return Levels(stop, target, sl_distance, tp_distance, tp_distance / sl_distance)


def atr_trailing_stop(price: float, atr: float, trail_mult: float, side: str, last_trail: float | None = None) -> float:
    """price - s trail_mult atr, never looser than `last_trail`. A stop at or below zero raises ArgumentError."""
    direction = side_of(side)
    stop = above_zero("price", price) - direction.sign * above_zero("trail_mult", trail_mult) * at_least_zero("atr", atr)
    if last_trail is not None:
        stop = (max if direction is Side.LONG else min)(stop, above_zero("last_trail", last_trail))
    return above_zero("trailing stop", stop)


def position_size_usdt(account_risk: float, sl_distance: float) -> float:
    """account_risk / sl_distance: the quantity of a linear contract whose loss at the stop is `account_risk`, before costs.

    Raises ArgumentError (a ValueError) unless both are above zero.
    """
    return above_zero("account_risk", account_risk) / above_zero("sl_distance", sl_distance)


def approx_liq_price(entry: float, side: str, leverage: float, maint_margin_frac: float = 0.005) -> float:
    """entry (1 - s max(1 / leverage - maint_margin_frac, .001)): a rough liquidation price of an isolated linear position.

    Without fees, tiers or added margin; the venue's own figure is better, and under cross margin no single price exists.
    """
    distance = max(
        1.0 / above_zero("leverage", leverage) - at_least_zero("maint_margin_frac", maint_margin_frac),
        LEAST_LIQUIDATION_DISTANCE_FRAC,
    )
    return above_zero("entry", entry) * (1.0 - side_of(side).sign * distance)


def check_liq_buffer(entry: float, sl: float, liq: float, side: str) -> float:
    """s (sl - liq) / |entry - sl|: room between stop and liquidation in stop distances; <= 0: liquidation comes first.

    Raises ArgumentError when the stop lies at the entry, where it has no distance to compare with.
    """
    prices = (above_zero("entry", entry), above_zero("sl", sl), above_zero("liq", liq))
    ratio = liquidation_buffer(side_of(side).sign, *prices, MarginMode.ISOLATED, 0.0).ratio
    if ratio is None:
        raise ArgumentError(f"sl is {sl}, the entry itself; the buffer is measured in stop distances", parameter="sl")
    return ratio
