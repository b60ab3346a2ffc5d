"""Markets made to order for the ledger's tests: still ones priced by hand, scripted ones walked in time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from market_analysis.venues.simulated.catalogue import Catalogue, InstrumentSpec, make_catalogue
from market_analysis.venues.simulated.ledger import Account, Exchange, OrderRequest
from market_analysis.venues.simulated.market import Market, PricePath
from market_analysis.venues.simulated.market.rows import BarRows, MinuteRows

D = Decimal
START = datetime(2026, 3, 2, tzinfo=UTC)
UID = "1001"


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return make_catalogue()


class StillMarket:
    """One price for everything of a symbol until a test sets another; no spread, no bars."""

    def __init__(self, catalogue: Catalogue, prices: Mapping[str, str], taker_fee: str | None = None) -> None:
        self.specs: Mapping[tuple[str, str], InstrumentSpec] = {
            spec.key: replace(spec, taker_fee_rate=D(taker_fee)) if taker_fee else spec for spec in catalogue.instruments
        }
        self.prices = {name: D(price) for name, price in prices.items()}

    def last_price(self, category: str, symbol: str, at: datetime) -> Decimal:
        return self.prices[symbol]

    mark_price = last_price
    index_price = last_price

    def best_bid_ask(self, category: str, symbol: str, at: datetime) -> tuple[Decimal, Decimal]:
        return self.prices[symbol], self.prices[symbol]

    def minutes(self, category: str, symbol: str, from_ms: int, to_ms: int) -> MinuteRows:
        opens = np.arange(from_ms, to_ms, 60_000, dtype=np.int64)
        column = np.full(len(opens), float(self.prices[symbol]))
        return MinuteRows(opens, *([column] * 8))

    def bars(self, category: str, symbol: str, *args: Any) -> BarRows:
        raise NotImplementedError

    def funding_rate(self, category: str, symbol: str, funding_time_ms: int) -> Decimal:
        return D("0.0001")


@dataclass
class Desk:
    """An exchange with one account and shorthands for what tests do most."""

    exchange: Exchange
    market: Any

    def at(self, minutes: float) -> None:
        """Move to so many minutes after the start."""
        self.exchange.advance(START + timedelta(minutes=minutes))

    def order(self, side: str, qty: str, symbol: str = "BTCUSDT", category: str = "linear", **more: Any) -> Any:
        """Market order unless a price is given."""
        kind = "Limit" if "price" in more else "Market"
        request = OrderRequest(category, symbol, side, kind, D(qty), **more)  # type: ignore[arg-type]
        return self.exchange.place_order(UID, request)

    def position(self, symbol: str = "BTCUSDT", category: str = "linear", index: int = 0) -> Any:
        """The symbol's row."""
        rows = self.exchange.positions(UID, category, symbol=symbol)  # type: ignore[arg-type]
        return next(row for row in rows if row.position_idx == index)

    def balance(self, coin: str = "USDT") -> Decimal:
        """A coin's wallet balance."""
        return next(item.wallet_balance for item in self.exchange.wallet_balance(UID).coins if item.coin == coin)


WALLET = (("USDT", D(100000)),)


@pytest.fixture
def still(catalogue: Catalogue) -> Callable[..., Desk]:
    """Make a desk on a still market: still({"BTCUSDT": "50000"}, taker_fee="0.0006", margin_mode=...)."""

    def make(prices: Mapping[str, str], taker_fee: str | None = None, wallet: Any = WALLET, **account: Any) -> Desk:
        market = StillMarket(catalogue, prices, taker_fee)
        return Desk(Exchange(market, [Account(UID, wallet=wallet, **account)], start=START, seed=5), market)

    return make


@pytest.fixture
def scripted(catalogue: Catalogue) -> Callable[..., Desk]:
    """Make a desk on a market whose coins go through given (minute, price) points; last = mark = index, no wicks."""

    def make(paths: Mapping[str, Sequence[tuple[float, float]]], wallet: Any = WALLET, **account: Any) -> Desk:
        script = [
            PricePath(base, tuple((START + timedelta(minutes=minute), price) for minute, price in points))
            for base, points in paths.items()
        ]
        market = Market(catalogue, 3, START - timedelta(days=1), script)
        return Desk(Exchange(market, [Account(UID, wallet=wallet, **account)], start=START, seed=5), market)

    return make
