"""What coins did in days that traders remember: python -m benchmarks.stress_windows writes risk/stress_windows.json.

Of each window the 24 hours (and the 72 hours) in which BTC fell most, hour to hour; every coin's simple return over those same
hours, and the median of the coins other than BTC and ETH. Facts from ../shared/data (its README names sources); four digits.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.panel_data import DATA, HOUR_MS, HourlyBars, read_folder

WINDOWS = {
    "2020-03-12": ("Covid crash", "2020-03-10", "2020-03-15"),
    "2021-05-19": ("China ban, leverage flush", "2021-05-16", "2021-05-25"),
    "2022-06-13": ("Celsius stops withdrawals", "2022-06-10", "2022-06-20"),
    "2022-11-09": ("FTX fails", "2022-11-06", "2022-11-13"),
    "2024-08-05": ("Yen carry unwind", "2024-08-01", "2024-08-07"),
}
HOURS = (24, 72)
FILE = Path(__file__).resolve().parents[1] / "market_analysis" / "risk" / "stress_windows.json"


def main() -> None:
    """Find the hours, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=FILE)
    given = parser.parse_args()
    symbols = read_folder(DATA / "binance_spot_1h_long")
    symbols["BTCUSDT"] = read_folder(DATA / "binance_perp_1h_long")["BTCUSDT"]
    coins = {name.removesuffix("USDT"): bars for name, bars in symbols.items()}
    windows = [window(date, *rest, coins) for date, rest in WINDOWS.items()]
    given.output.write_text(
        json.dumps({"recipe": "python -m benchmarks.stress_windows", "windows": windows}, indent=1) + "\n", encoding="ascii"
    )


def window(date: str, name: str, first: str, last: str, coins: dict[str, HourlyBars]) -> dict[str, Any]:
    """One window's moves over each number of hours."""
    begin, end = (int(np.datetime64(day, "ms").astype(np.int64)) for day in (first, last))
    moves = []
    for hours in HOURS:
        start = worst_start(coins["BTC"], begin, end, hours)
        told = {coin: move for coin, bars in sorted(coins.items()) if (move := return_over(bars, start, hours)) is not None}
        others = [move for coin, move in told.items() if coin not in ("BTC", "ETH")]
        start_text = str(np.datetime64(start, "ms").astype("datetime64[m]")) + "Z"
        moves.append({"hours": hours, "start": start_text, "coins": told, "other_coins": round(float(np.median(others)), 4)})
    return {"date": date, "name": name, "moves": moves}


def worst_start(bars: HourlyBars, begin: int, end: int, hours: int) -> int:
    """Close time from which the next `hours`, within the window, lose most."""
    starts = np.arange(begin, end - hours * HOUR_MS + 1, HOUR_MS)
    returns = [return_over(bars, int(start), hours) for start in starts]
    return int(starts[int(np.argmin([0.0 if move is None else move for move in returns]))])


def return_over(bars: HourlyBars, start: int, hours: int) -> float | None:
    """Simple return from one close to that `hours` later; None where a bar is missing."""
    rows = np.searchsorted(bars.open_time_ms, [start - HOUR_MS, start + (hours - 1) * HOUR_MS])
    if rows[1] >= bars.open_time_ms.size or bars.open_time_ms[rows].tolist() != [start - HOUR_MS, start + (hours - 1) * HOUR_MS]:
        return None
    return round(float(bars.close[rows[1]] / bars.close[rows[0]] - 1.0), 4)


if __name__ == "__main__":
    main()
