"""Requests and books for the sizing engine: an empty account of 25,000 USD, document 004's BTC trade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import books
import numpy as np

from market_analysis.domain import Side
from market_analysis.risk.correlation import CorrelationView
from market_analysis.risk.exposure import Line
from market_analysis.risk.sizing_engine.types import SizingBook, SizingRequest

D = Decimal
FREE = replace(books.instrument("BTC"), taker_fee_frac=D(0), quantity_step=D("0.0001"), min_quantity=D("0.0001"), tiers=())


def view(assets: Sequence[str] = ("BTC",), rho: float = 0.0, missing: Sequence[str] = ()) -> CorrelationView:
    """All pairs correlated alike."""
    matrix = np.full((len(assets), len(assets)), rho) + (1.0 - rho) * np.eye(len(assets))
    return CorrelationView(tuple(assets), matrix, frozenset(missing), 360, {}, (matrix,))


def line(asset: str, delta: float | None, risk: float | None = 0.0) -> Line:
    """A holding-like line: dollars per unit log move, and what it can lose, signed."""
    return Line(f"line {asset}", asset, None, delta, risk, None)


def book(equity: str | None = "25000", lines: Sequence[Line] = (), **changed: Any) -> SizingBook:
    """An account with all of its equity free, wide risk limits, and a cluster of nothing but the trade."""
    whole = None if equity is None else D(equity)
    plain = SizingBook(
        equity_usd=whole,
        available_usd=whole,
        lines=tuple(lines),
        view=view(sorted({"BTC", *(item.asset for item in lines)})),
        cluster=(),
        cluster_name="BTC",
        cluster_cap_usd=None if whole is None else whole * D("0.015"),
        risk_cap_usd=None if whole is None else whole * D("0.03"),
        loss_usd=D(0),
        day_limited=False,
        day_left_usd=None,
    )
    return replace(plain, **changed)


def request(**changed: Any) -> SizingRequest:
    """Document 004's example: BTC at 45,000, a day's sigma of 3 %, signal .85, a stop 3 % away; no fees."""
    example = SizingRequest(
        instrument=FREE,
        asset="BTC",
        side=Side.LONG,
        price=D(45_000),
        usd_rate=D(1),
        signal=0.85,
        sigma_day=0.03,
        hour_utc=12,
        stop_frac=0.03,
        turnover_24h_usd=D(10_000_000),
    )
    return replace(example, **changed)
