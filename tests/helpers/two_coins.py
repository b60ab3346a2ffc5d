"""Two correlated coins of known volatility, and books of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import books
import numpy as np

from market_analysis.domain import Category, History, Instrument, Position, Side, Snapshot

BTC, ETH = books.instrument("BTC"), books.instrument("ETH")
INVERSE = books.instrument("BTC", Category.INVERSE)


@cache
def market(count: int = 3_000, rho: float = 0.8) -> History:
    drawn = books.correlated_returns(np.array([[1.0, rho], [rho, 1.0]]), count=count, sigma=[0.004, 0.006], seed=5)
    bars = [books.bars_from_returns(row, price) for row, price in zip(drawn, (70_000, 2_500), strict=True)]
    return books.history({BTC.id: bars[0], ETH.id: bars[1], INVERSE.id: bars[0]})


def snapshot(*positions: Position, items: Sequence[Instrument] = (BTC, ETH, INVERSE)) -> Snapshot:
    prices = {BTC.id: 70_000, ETH.id: 2_500, INVERSE.id: 70_000}
    return books.snapshot(positions, items, prices=prices)  # type: ignore[arg-type]


def long_btc(quantity: str = "0.1") -> Position:
    return books.position(BTC, Side.LONG, quantity, 70_000)
