"""The tail of the present book in the form in which the guard judges other books with it (ruling 26)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from market_analysis.domain import Instrument, InstrumentId, Quote, Snapshot
from market_analysis.domain.tail import TailModel
from market_analysis.risk.assets import asset_of_instrument, usd_rate
from market_analysis.risk.exposure import Line
from market_analysis.risk.market_view import MarketView
from market_analysis.risk.tail_risk import asset_sigmas

_DIGITS = 6


def tail_model(snapshot: Snapshot, lines: Sequence[Line], market: MarketView, stress_gap_frac: float) -> TailModel | None:
    """The same covariance as the book's own 1-day ES; None when a holding has no value in dollars.

    Instruments of positions and of orders are in it, as far as their terms, price and rate could be read.
    """
    balances = [line for line in lines if line.key is None]
    if any(line.delta_usd is None for line in balances):
        return None
    sigma = asset_sigmas(lines, market.returns)
    assets = sorted({line.asset for line in lines if line.asset in sigma and line.asset not in market.view.missing})
    rows = market.view.rows(assets)
    scale = np.array([sigma[asset] for asset in assets])
    covariance = market.view.matrix[np.ix_(rows, rows)] * np.outer(scale, scale)
    holdings: dict[str, Decimal] = {}
    for line in balances:
        holdings[line.asset] = holdings.get(line.asset, Decimal(0)) + _rounded(line.delta_usd or 0.0)
    return TailModel(
        assets=tuple(assets),
        covariance=tuple(tuple(_rounded(value) for value in row) for row in covariance),
        per_contract=_per_contract(snapshot),
        holdings=holdings,
        gap_frac=_rounded(stress_gap_frac),
    )


def _per_contract(snapshot: Snapshot) -> dict[InstrumentId, tuple[str, Decimal]]:
    """Linear: price of the base times the contract's size; inverse: its size in dollars, whatever the price."""
    wanted = {item.instrument for item in snapshot.positions} if isinstance(snapshot.positions, tuple) else set()
    wanted |= {order.instrument for order in snapshot.orders} if isinstance(snapshot.orders, tuple) else set()
    found = {}
    for instrument in sorted(wanted):
        terms, quote = snapshot.instruments.get(instrument), snapshot.quotes.get(instrument)
        rate = usd_rate(snapshot, terms.quote) if isinstance(terms, Instrument) else None
        if not isinstance(terms, Instrument) or rate is None:
            continue
        price = Decimal(1) if terms.is_inverse else quote.reference if isinstance(quote, Quote) else None
        if price is not None:
            found[instrument] = (asset_of_instrument(instrument, snapshot.instruments), price * terms.contract_size * rate)
    return found


def _rounded(value: float) -> Decimal:
    return Decimal(f"{value:.{_DIGITS}g}")
