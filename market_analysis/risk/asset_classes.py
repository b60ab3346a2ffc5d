"""What kind of coin an asset is: document 004's classes, by the asset's own name, never by part of a symbol."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from market_analysis.domain import STABLE_COINS


class AssetClass(StrEnum):
    """Classes of document 004; what is in no list is an altcoin."""

    STABLECOIN = "stablecoin"
    MAJOR = "major"
    LAYER1 = "layer1"
    LAYER2 = "layer2"
    DEFI = "defi"
    MEME = "meme"
    ALTCOIN = "altcoin"


_MEMBERS: Final[Mapping[AssetClass, str]] = {
    AssetClass.MAJOR: "BTC ETH",
    AssetClass.LAYER1: "SOL ADA AVAX DOT ATOM NEAR TRX XRP BNB TON SUI APT ALGO HBAR ICP XLM LTC BCH ETC EOS KAS SEI INJ TIA XTZ",
    AssetClass.LAYER2: "MATIC POL ARB OP STRK IMX MNT ZK METIS MANTA BLAST SCR",
    AssetClass.DEFI: "UNI AAVE COMP MKR SKY CRV SUSHI SNX YFI LDO CAKE DYDX GMX PENDLE ENA RUNE 1INCH JUP RAY ETHFI JTO COW",
    AssetClass.MEME: "DOGE SHIB PEPE FLOKI BONK WIF BOME MEME BRETT POPCAT TURBO MOG NEIRO PNUT TRUMP PEOPLE DOGS NOT CAT BABYDOGE",
}
CLASS_OF: Final[Mapping[str, AssetClass]] = MappingProxyType(
    {name: kind for kind, names in _MEMBERS.items() for name in names.split()}
)

RISK_MULTIPLIER: Final[Mapping[AssetClass, float]] = MappingProxyType(
    {
        AssetClass.STABLECOIN: 0.3,
        AssetClass.MAJOR: 1.0,
        AssetClass.LAYER1: 1.2,
        AssetClass.LAYER2: 1.8,
        AssetClass.DEFI: 1.5,
        AssetClass.MEME: 2.5,
        AssetClass.ALTCOIN: 2.0,
    }
)
"""Document 004's multipliers (CRYPTO 1.0 is the majors here): an ordering, not a measurement. Shown; the sizing engine uses
them."""


def asset_class(asset: str) -> AssetClass:
    """The class of an asset as `assets.asset_of` names it."""
    if asset.upper() in STABLE_COINS:
        return AssetClass.STABLECOIN
    return CLASS_OF.get(asset.upper(), AssetClass.ALTCOIN)
