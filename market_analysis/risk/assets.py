"""Which asset moves a line of the book: one asset, one price series, however many contracts and balances stand on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from market_analysis.domain import Bars, History, Instrument, InstrumentId, Snapshot, Unknown

# Bybit lists small coins in thousands: 1000PEPE, 10000SATS, SHIB1000. The coin in the wallet carries no number.
_MULTIPLE_BEFORE = re.compile(r"^10{2,}(?=[A-Z])")
_MULTIPLE_AFTER = re.compile(r"(?<=[A-Z])10{2,}$")
_QUOTE = re.compile(r"(?:USDT|USDC|USD|PERP)(?:-.*)?$")


def asset_of(base: str) -> str:
    """The coin behind a contract's base: `1000PEPE` and `PEPE` are one asset."""
    return _MULTIPLE_AFTER.sub("", _MULTIPLE_BEFORE.sub("", base)) or base


def asset_of_instrument(instrument: InstrumentId, terms: Mapping[InstrumentId, Instrument | Unknown[Instrument]]) -> str:
    """The asset of an instrument, from its terms or, where those could not be read, from its symbol."""
    known = terms.get(instrument)
    if isinstance(known, Instrument):
        return asset_of(known.base)
    return asset_of(_QUOTE.sub("", instrument.symbol) or instrument.symbol)


def bars_by_asset(snapshot: Snapshot, history: History) -> dict[str, Bars]:
    """The longest readable hourly history of each asset; equal lengths: the instrument that sorts first."""
    chosen: dict[str, Bars] = {}
    for instrument in sorted(history.hourly):
        bars = history.hourly[instrument]
        if isinstance(bars, Unknown) or not len(bars):
            continue
        asset = asset_of_instrument(instrument, snapshot.instruments)
        if asset not in chosen or len(bars) > len(chosen[asset]):
            chosen[asset] = bars
    return chosen


def usd_rate(snapshot: Snapshot, coin: str) -> Decimal | None:
    """USD per unit of `coin`, None when it could not be read. The dollar itself needs no reading."""
    if coin == "USD":
        return Decimal(1)
    rate = snapshot.usd_rates.get(coin)
    return rate if isinstance(rate, Decimal) else None
