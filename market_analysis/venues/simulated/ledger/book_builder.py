"""Building a book by real orders over market time: what happens when, then the market in between."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from market_analysis.venues.simulated.catalogue import Category
from market_analysis.venues.simulated.ledger.account import Account
from market_analysis.venues.simulated.ledger.exchange import Exchange
from market_analysis.venues.simulated.ledger.model import ApiKey, Side, TriggerBy
from market_analysis.venues.simulated.ledger.port import MarketData
from market_analysis.venues.simulated.ledger.prices import to_ms, to_tick
from market_analysis.venues.simulated.ledger.requests import OrderRequest
from market_analysis.venues.simulated.ledger.tape import exact

READ_RIGHTS = (("ContractTrade", ("Order", "Position")), ("Wallet", ("AccountTransfer",)))
LOOPBACK = "127.0.0.1"
"""A key bound to an address never expires at Bybit; one that is not lives three months of wire time, which is not market time."""
SAFETY = Decimal("1.2")


@dataclass(frozen=True, slots=True)
class Book:
    """An exchange with one account of interest, and a read-only key to it."""

    exchange: Exchange
    uid: str
    key: str
    secret: str


@dataclass(frozen=True, slots=True)
class Leg:
    """A position to open at the market: how much it is worth in quote money, with what beside it.

    `stop_frac` is the least distance of the attached stop from the price then; it is put further off where the market
    would otherwise have reached it before the book is shown (hindsight, so that the book still stands).
    """

    category: Category
    symbol: str
    side: Side
    notional: Decimal
    hours_before: float
    position_idx: int = 0
    stop_frac: Decimal | None = None
    stop_by: TriggerBy = "MarkPrice"


class BookBuilder:
    """Collects actions at times, then lets the market run through them to `now`."""

    def __init__(self, market: MarketData, account: Account, *, start: datetime, now: datetime) -> None:
        self.market = market
        self.now = now
        self.exchange = Exchange(market, [account], start=start)
        self.uid = account.uid
        self._steps: list[tuple[datetime, int, Callable[[], object]]] = []

    def at(self, when: datetime, action: Callable[[], object]) -> None:
        """Do `action` when market time is `when`; actions of one time happen in the order given."""
        self._steps.append((when, len(self._steps), action))

    def run(self) -> Exchange:
        """Let everything happen, up to now."""
        for when, _, action in sorted(self._steps, key=lambda step: step[:2]):
            self.exchange.advance(when)
            action()
        self.exchange.advance(self.now)
        return self.exchange

    def before(self, hours: float) -> datetime:
        """So many hours before now, on a whole minute."""
        return (self.now - timedelta(hours=hours)).replace(second=0, microsecond=0)

    def quantity(self, category: Category, symbol: str, notional: Decimal, when: datetime) -> Decimal:
        """Order size worth about `notional` at `when`, on the step, not below the least size."""
        spec = self.market.specs[(category, symbol)]
        price = self.market.last_price(category, symbol, when)
        size = notional if category == "inverse" else notional / price
        return max(spec.min_order_qty, (size / spec.qty_step).to_integral_value(ROUND_FLOOR) * spec.qty_step)

    def price_beyond(self, category: Category, symbol: str, when: datetime, *, above: bool, least_frac: Decimal) -> Decimal:
        """A price at least `least_frac` off the one at `when` which the market does not reach between then and now."""
        spec = self.market.specs[(category, symbol)]
        price = self.market.last_price(category, symbol, when)
        rows = self.market.minutes(category, symbol, to_ms(when), to_ms(self.now))
        least = least_frac
        if len(rows):
            highest = max(exact(rows.last_high.max()), exact(rows.mark_high.max()))
            lowest = min(exact(rows.last_low.min()), exact(rows.mark_low.min()))
            least = max(least, SAFETY * ((highest / price - 1) if above else (1 - lowest / price)))
        return to_tick(spec, price * (1 + least if above else 1 - least), ROUND_CEILING if above else ROUND_FLOOR)

    def open_leg(self, leg: Leg) -> None:
        """Schedule a market order, with its stop."""
        when = self.before(leg.hours_before)
        stop = None
        if leg.stop_frac is not None:
            above = leg.side == "Sell"
            stop = self.price_beyond(leg.category, leg.symbol, when, above=above, least_frac=leg.stop_frac)
        request = OrderRequest(
            leg.category,
            leg.symbol,
            leg.side,
            "Market",
            self.quantity(leg.category, leg.symbol, leg.notional, when),
            position_idx=leg.position_idx,
            stop_loss=stop,
            sl_trigger_by=None if stop is None else leg.stop_by,
        )
        self.at(when, lambda: self.exchange.place_order(self.uid, request))

    def losing_round_trip(self, symbol: str, opened: datetime, closed: datetime, loss: Decimal, most: Decimal) -> None:
        """Schedule a trade that lost about `loss` before fees: the side that was wrong, at most `most` in size (quote money)."""
        first = self.market.last_price("linear", symbol, opened)
        last = self.market.last_price("linear", symbol, closed)
        side: Side = "Buy" if last < first else "Sell"
        move = abs(last / first - 1)
        notional = min(most, loss / move) if move > 0 else most
        size = self.quantity("linear", symbol, notional, opened)
        closing: Side = "Sell" if side == "Buy" else "Buy"
        enter = OrderRequest("linear", symbol, side, "Market", size)
        leave = OrderRequest("linear", symbol, closing, "Market", size, reduce_only=True)
        self.at(opened, lambda: self.exchange.place_order(self.uid, enter))
        self.at(closed, lambda: self.exchange.place_order(self.uid, leave))


def reader_key(uid: str, now: datetime) -> ApiKey:
    """A read-only key of this book alone: it opens nothing else, so it may be derived from the account's number."""
    digest = hashlib.blake2b(f"embedded exchange reader {uid}".encode(), digest_size=24).hexdigest()
    return ApiKey(
        api_key=f"sim{digest[:15]}",
        secret=digest[12:],
        note="embedded reader",
        read_only=True,
        permissions=READ_RIGHTS,
        created_ms=to_ms(now - timedelta(days=30)),
        ips=(LOOPBACK,),
    )


def open_book(
    market: MarketData, uid: str, wallet: dict[str, str], *, now: datetime, days: int, **settings: object
) -> tuple[BookBuilder, ApiKey]:
    """A builder for a fresh account `days` before now, and its key."""
    key = reader_key(uid, now)
    coins = tuple((coin, Decimal(amount)) for coin, amount in wallet.items())
    start = (now - timedelta(days=days)).replace(second=0, microsecond=0)
    account = Account(uid, (key,), wallet=coins, **settings)  # type: ignore[arg-type]
    return BookBuilder(market, account, start=start, now=now), key


def finish(builder: BookBuilder, key: ApiKey) -> Book:
    """Run the plan and hand the book over."""
    return Book(builder.run(), builder.uid, key.api_key, key.secret)
