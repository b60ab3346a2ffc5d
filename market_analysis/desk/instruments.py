"""Names that people type for instruments."""

from __future__ import annotations

from market_analysis.domain import Category, InstrumentId
from market_analysis.errors import UsageError


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
    if not symbol.isalnum():
        raise UsageError(f"{text!r} is no instrument", remedy="write for example BTCUSDT, BTCPERP, BTCUSD or spot:BTCUSDT")
    if not symbol.endswith(("USDT", "USDC", "PERP", "USD")):
        symbol += "USDT"
    inverse = symbol.endswith("USD") and not symbol.endswith(("USDT", "USDC"))
    found = Category(named) if named else Category.INVERSE if inverse else Category.LINEAR
    return InstrumentId(venue, found, symbol)


def _from_ccxt(symbol: str, named: str) -> tuple[str, str]:
    pair, _, settle = symbol.partition(":")
    base, _, quote = pair.partition("/")
    if not settle:
        return base + quote, named or "spot"
    return (f"{base}PERP", "linear") if settle == "USDC" else (base + quote, "inverse" if settle == base else "linear")
