"""Dollars per unit of a coin: read, never assumed, also for stable coins."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from market_analysis.domain import Account, Category, InstrumentId
from market_analysis.errors import MalformedAnswerError, VenueError
from market_analysis.venues.bybit.concurrent import each
from market_analysis.venues.bybit.endpoints import TICKERS
from market_analysis.venues.bybit.positions import VENUE
from market_analysis.venues.bybit.quotes import read_ticker
from market_analysis.venues.bybit.reader import Reader

DOLLAR = "USD"
QUOTE_COIN = "USDT"
_ANCHOR = "BTC"
SMALLEST_USD_VALUE = Decimal(1)
"""The wallet's valuation of less is rounded too coarsely to give a rate."""


def pricing_instrument(coin: str) -> InstrumentId:
    """The instrument that prices a coin: its spot pair against USDT (USDT itself by BTC, whose dollar index is told)."""
    base = _ANCHOR if coin == QUOTE_COIN else coin
    return InstrumentId(VENUE, Category.SPOT, f"{base}{QUOTE_COIN}")


async def read_usd_rates(reader: Reader, account: Account, coins: Sequence[str]) -> dict[str, Decimal | VenueError]:
    """USD per unit of each coin: the wallet's own valuation where it holds enough of it, else the spot ticker."""
    in_wallet = wallet_rates(account)

    async def read(coin: str) -> Decimal:
        if coin == DOLLAR:
            return Decimal(1)
        return in_wallet[coin] if coin in in_wallet else await _from_ticker(reader, coin)

    return await each(list(dict.fromkeys(coins)), read)


def wallet_rates(account: Account) -> dict[str, Decimal]:
    """usd_value / equity of every coin that is worth at least `SMALLEST_USD_VALUE`, long or borrowed."""
    rates: dict[str, Decimal] = {}
    for coin in account.coins:
        if coin.usd_value is None or coin.equity == 0 or abs(coin.usd_value) < SMALLEST_USD_VALUE:
            continue
        rate = coin.usd_value / coin.equity
        if rate > 0:
            rates[coin.coin] = rate
    return rates


async def _from_ticker(reader: Reader, coin: str) -> Decimal:
    """The venue's dollar index of the coin. USDT: BTC's dollar index over BTC's price in USDT."""
    row = await read_ticker(reader, pricing_instrument(coin))
    if row.usd_index_price is None or row.usd_index_price <= 0 or row.last_price <= 0:
        if coin == QUOTE_COIN or row.last_price <= 0:
            raise MalformedAnswerError(f"{TICKERS.path}: {row.symbol} has no dollar index price, so {coin} has no rate")
        return row.last_price * await _from_ticker(reader, QUOTE_COIN)
    return row.usd_index_price / row.last_price if coin == QUOTE_COIN else row.usd_index_price
