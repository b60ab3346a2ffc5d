"""Bybit v5 through ccxt, watch-only. Importing this does not load ccxt; making a `BybitVenue` does."""

from market_analysis.venues.bybit.key import KeyInfo
from market_analysis.venues.bybit.venue import BybitVenue

__all__ = ["BybitVenue", "KeyInfo"]
