"""The root of an instrument: what all its expiries and its venues' names for it have in common.

`CON.F.US.EP.U25`, `ESU5` and `ES` are one root, ES; a micro is its own root (MES is not ES). Contracts on a coin are the coin's
(BTCUSDT, BTCPERP and BTC-27MAR26 are BTC).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from market_analysis.domain import InstrumentId

ALIASES: Mapping[str, str] = {"EP": "ES", "ENQ": "NQ", "EU6": "6E", "JY6": "6J", "GMET": "MET"}
"""ProjectX's names to the exchange's (systems.md 2.1)."""

_PROJECT_X = re.compile(r"^CON\.[A-Z]+\.[A-Z]+\.([A-Z0-9]+)\.[FGHJKMNQUVXZ]\d{1,2}$")
_DATED = re.compile(r"^([A-Z0-9]{2,4})[FGHJKMNQUVXZ]\d{1,2}$")
_CRYPTO = re.compile(
    r"^([A-Z0-9]{2,15}?)(?:/?(?:USDT|USDC|USD|PERP)(?:[:\-].*|[FGHJKMNQUVXZ]\d{1,2})?|-(?:PERP|\d{1,2}[A-Z]{3}\d{2}).*)$"
)


def canonical(name: str) -> str:
    """A root as the exchange writes it, upper case: `ep`, `EP` and `ES` are ES. Every other name stays itself."""
    upper = name.strip().upper()
    return ALIASES.get(upper, upper)


def root_of_symbol(symbol: str) -> str:
    """The root of a venue's symbol; the whole symbol where it has no form that is known."""
    upper = symbol.strip().upper()
    for form in (_PROJECT_X, _CRYPTO, _DATED):
        if (match := form.match(upper)) is not None:
            return canonical(match.group(1))
    return canonical(upper)


def root_of(instrument: InstrumentId, roots: Mapping[InstrumentId, str]) -> str:
    """The root that was read with the instrument, else what its symbol says."""
    known = roots.get(instrument)
    return root_of_symbol(instrument.symbol) if known is None else canonical(known)


def canonical_set(names: Iterable[str]) -> frozenset[str]:
    """Roots, aliases resolved."""
    return frozenset(map(canonical, names))
