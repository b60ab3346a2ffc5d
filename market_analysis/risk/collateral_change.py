"""How much the coins in the wallet have changed in value since the day's reset, from bars (ruling 16)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from market_analysis.domain import STABLE_COINS, Account, Bars, DayActivity, History, Instrument, Quote, Snapshot
from market_analysis.risk.assets import asset_of, asset_of_instrument, usd_rate
from market_analysis.risk.mark_changes import close_at
from market_analysis.risk.valuation import rounded


@dataclass(frozen=True, slots=True)
class Revaluation:
    """usd: change in value of the non-stable balances. is_certain: whether the coins held now were held at the reset."""

    usd: Decimal
    is_certain: bool


def collateral_change(snapshot: Snapshot, history: History, day: DayActivity) -> Revaluation | None:
    """Sum over non-stable coins of wallet balance * (USD rate now - USD rate at the reset); None when one cannot be told.

    The rate at the reset is today's times the traded price that closed then over the price now of one instrument of the coin. The
    day's log is in dollars at today's rates, so that the balance at the reset is what is revalued; the balance now stands in for
    it, which is exact but for fees and funding unless money was moved, converted or realised today (`is_certain` False).
    """
    if not isinstance(snapshot.account, Account):
        return None
    change = Decimal(0)
    moved = False
    for coin in snapshot.account.coins:
        if coin.coin.upper() in STABLE_COINS or coin.wallet_balance == 0:
            continue
        rate, before = usd_rate(snapshot, coin.coin), _price_share(coin.coin, snapshot, history, day.since)
        if rate is None or before is None:
            return None
        change += coin.wallet_balance * rate * (1 - before)
        moved = True
    quiet = day.flows_usd == 0 and day.neutral_usd == 0 and day.realized_pnl_usd == 0
    return Revaluation(rounded(change), quiet or not moved)


def _price_share(coin: str, snapshot: Snapshot, history: History, since: datetime) -> Decimal | None:
    """The coin's price at `since` over its price now, from the first of its instruments that tells both."""
    for instrument in sorted(history.hourly):
        quote, bars = snapshot.quotes.get(instrument), history.hourly[instrument]
        known = isinstance(quote, Quote) and isinstance(bars, Bars) and isinstance(snapshot.instruments.get(instrument), Instrument)
        if not known or asset_of_instrument(instrument, snapshot.instruments) != asset_of(coin):
            continue
        price = close_at(bars, since)
        if price is not None and isinstance(quote, Quote) and quote.reference > 0:
            return Decimal(repr(price)) / quote.reference
    return None
