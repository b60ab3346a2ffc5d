"""Names that people type for instruments."""

from __future__ import annotations

from market_analysis.domain import Category, Instrument, InstrumentId
from market_analysis.errors import UsageError, VenueError
from market_analysis.venues.protocol import Venue

_NOT_LISTED_CODES = frozenset({"not_listed", "10001"})
"""Bybit answers 10001 (wrong parameter) or an empty list for a symbol that it does not know; the request's form is our own."""


def parse_instrument(text: str, venue: str = "bybit") -> InstrumentId:
    """`BTCUSDT`, `btc`, `BTC/USDT:USDT` (ccxt), `BTCPERP`, `BTCUSD`, `spot:BTCUSDT` as an identity.

    A bare coin is its USDT perpetual. Without a category: USDT and PERP (USDC) are linear, USD is inverse.

    Raises:
        UsageError: no such form.
    """
    named, _, rest = (
        text.strip().upper().rpartition(":")
        if text.strip().lower().startswith(("spot:", "linear:", "inverse:"))
        else ("", "", text)
    )
    symbol = rest.strip().upper()
    if "/" in symbol:
        symbol, named = _from_ccxt(symbol, named)
    if not (symbol.isascii() and symbol.isalnum()):
        raise UsageError(f"{text!r} is no instrument", remedy="write for example BTCUSDT, BTCPERP or BTCUSD")
    if not symbol.endswith(("USDT", "USDC", "PERP", "USD")):
        symbol += "USDT"
    inverse = symbol.endswith("USD") and not symbol.endswith(("USDT", "USDC"))
    found = Category(named.lower()) if named else Category.INVERSE if inverse else Category.LINEAR
    return InstrumentId(venue, found, symbol)


async def require_listed(venue: Venue, instrument: InstrumentId) -> Instrument:
    """The terms of a contract that levels and sizes can be computed for.

    Raises:
        UsageError: the venue does not list it, or it is spot.
        VenueError: the venue could not be read, which says nothing about what it lists.
    """
    kind = instrument.category.value
    if instrument.category is Category.SPOT:
        raise UsageError(
            f"{instrument.symbol} spot has no stop, leverage or liquidation to compute",
            remedy="name a perpetual, the same without `spot:`",
        )
    terms = (await venue.instruments([instrument]))[instrument]
    if isinstance(terms, VenueError):
        if terms.venue_code in _NOT_LISTED_CODES:
            raise UsageError(f"{venue.name} lists no {kind} contract {instrument.symbol}", remedy="check the symbol")
        raise terms
    return terms


def _from_ccxt(symbol: str, named: str) -> tuple[str, str]:
    pair, _, settle = symbol.partition(":")
    base, _, quote = pair.partition("/")
    if not settle:
        return base + quote, named or "spot"
    return (f"{base}PERP", "linear") if settle == "USDC" else (base + quote, "inverse" if settle == base else "linear")
