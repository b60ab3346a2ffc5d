"""A small account on the embedded exchange that has lost money today: a long, a short, an entry that rests; and what is judged of
it from the exchange's side, whatever the guard believes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache

from embedded_exchange import TRADER

from market_analysis.venues.simulated import Exchange, Market, OrderRequest, make_catalogue, make_market
from market_analysis.venues.simulated.ledger.book_builder import open_book
from market_analysis.venues.simulated.ledger.model import Order

UID = "100200900"
NOW = datetime(2026, 9, 17, 14, 3, 27, tzinfo=UTC)
LONG, SHORT = "BTCUSDT", "ETHUSDT"
SIZES = {LONG: Decimal("0.05"), SHORT: Decimal("-0.8")}
OWN = "guard-"


@cache
def the_market() -> Market:
    """One for all tests of a process."""
    return make_market(make_catalogue(), 5, NOW, history_days=130)


def breached_exchange() -> Exchange:
    """Money, a trade that lost about 120 USDT today, and nothing open."""
    market = the_market()
    builder, _ = open_book(market, UID, {"USDT": "20000"}, now=NOW, days=3)
    builder.losing_round_trip("LINKUSDT", builder.before(9), builder.before(3), Decimal(120), Decimal(6000))
    exchange = builder.run()
    account = exchange._accounts[UID]
    account.api_keys = (*account.api_keys, TRADER)
    return exchange


@dataclass
class Trial:
    """One opening of the account's positions, and all that happened to them since."""

    exchange: Exchange
    first_order: int
    entry: str

    @classmethod
    def begin(cls, exchange: Exchange) -> Trial:
        """Open what a trial closes; everything that was open before is gone."""
        for order in exchange.open_orders(UID, "linear"):
            exchange.cancel_order(UID, "linear", order.symbol, order_id=order.order_id)
        for symbol, size in SIZES.items():
            missing = size - held(exchange, symbol)
            if missing:
                side = "Buy" if missing > 0 else "Sell"
                exchange.place_order(UID, OrderRequest("linear", symbol, side, "Market", abs(missing)))
        first = len(exchange.orders(UID, "linear"))
        price = (exchange.market.last_price("linear", LONG, exchange.now) * Decimal("0.7")).quantize(Decimal(1))
        entry = exchange.place_order(UID, OrderRequest("linear", LONG, "Buy", "Limit", Decimal("0.01"), price))
        return cls(exchange, first, entry.order_id)

    def own_orders(self) -> list[Order]:
        """Orders of the guard in this trial, in their last state."""
        orders = self.exchange.orders(UID, "linear")
        orders = orders[: len(orders) - self.first_order]  # newest first
        return [order for order in orders if order.order_link_id.startswith(OWN)]

    def nothing_wrong(self) -> None:
        """Never an id twice, never anything but reduce-only, never more closed than there was, never a position turned."""
        own = self.own_orders()
        names = [order.order_link_id for order in own]
        assert len(set(names)) == len(names), "two orders of one client id"
        assert all(order.reduce_only for order in own)
        for symbol, size in SIZES.items():
            closing = [order for order in own if order.symbol == symbol]
            assert all((order.side == "Sell") == (size > 0) for order in closing)
            closed = sum((order.cum_exec_qty for order in closing), Decimal(0))
            now = held(self.exchange, symbol)
            assert closed <= abs(size), f"{symbol}: {closed} closed of {size}"
            assert abs(now) == abs(size) - closed, f"{symbol}: {now} left of {size} after {closed} closed"
            assert now == 0 or (now > 0) == (size > 0)

    def untouched(self) -> None:
        """As it was opened."""
        assert not self.own_orders()
        assert {symbol: held(self.exchange, symbol) for symbol in SIZES} == SIZES
        assert [order.order_id for order in self.exchange.open_orders(UID, "linear")] == [self.entry]

    def flat(self) -> None:
        """Nothing held, nothing that could open anything."""
        assert {symbol: held(self.exchange, symbol) for symbol in SIZES} == dict.fromkeys(SIZES, Decimal(0))
        assert not self.exchange.open_orders(UID, "linear")


def held(exchange: Exchange, symbol: str) -> Decimal:
    """Contracts, below zero when short."""
    rows = exchange.positions(UID, "linear", symbol=symbol)
    return sum((row.size if row.side == "Buy" else -row.size for row in rows if row.size), Decimal(0))
