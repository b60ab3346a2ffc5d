"""Prices at one instant, read once each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from market_analysis.venues.simulated.catalogue import Category, InstrumentSpec
from market_analysis.venues.simulated.ledger.model import Side, TriggerBy
from market_analysis.venues.simulated.ledger.port import MarketData

STABLE_COINS = frozenset({"USDT", "USDC", "USD"})
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


HALF_SPREAD_FRAC = Decimal("0.00002")


def to_tick(spec: InstrumentSpec, price: Decimal, rounding: str) -> Decimal:
    """`price` on the instrument's tick."""
    return (price / spec.tick_size).to_integral_value(rounding=rounding) * spec.tick_size


def to_ms(at: datetime) -> int:
    """Epoch milliseconds of an aware time, exactly."""
    return (at - EPOCH) // timedelta(milliseconds=1)


def from_ms(time_ms: int) -> datetime:
    """Aware UTC time of epoch milliseconds, exactly."""
    return EPOCH + timedelta(milliseconds=time_ms)


class PricesAt:
    """Last, mark and index prices at `time_ms`; each is asked of the market at most once."""

    __slots__ = ("_at", "_inside", "_market", "_seen", "time_ms")

    def __init__(self, market: MarketData, time_ms: int) -> None:
        self._market = market
        self._at = from_ms(time_ms)
        self._seen: dict[tuple[str, str, str], Decimal] = {}
        self._inside: set[tuple[str, str]] = set()
        self.time_ms = time_ms

    def spec(self, category: Category, symbol: str) -> InstrumentSpec:
        """The instrument's facts."""
        return self._market.specs[(category, symbol)]

    def of(self, spec: InstrumentSpec, source: TriggerBy) -> Decimal:
        """The price of `source`."""
        key = (spec.category, spec.symbol, source)
        if key not in self._seen:
            read = {
                "LastPrice": self._market.last_price,
                "MarkPrice": self._market.mark_price,
                "IndexPrice": self._market.index_price,
            }[source]
            self._seen[key] = read(spec.category, spec.symbol, self._at)
        return self._seen[key]

    def preset(self, spec: InstrumentSpec, source: TriggerBy, price: Decimal) -> None:
        """Use this price for an instrument instead of asking the market: a point inside a minute."""
        self._inside.add(spec.key)
        self._seen[(spec.category, spec.symbol, source)] = price

    def last(self, spec: InstrumentSpec) -> Decimal:
        """Last traded price."""
        return self.of(spec, "LastPrice")

    def mark(self, spec: InstrumentSpec) -> Decimal:
        """Mark price."""
        return self.of(spec, "MarkPrice")

    def index(self, spec: InstrumentSpec) -> Decimal:
        """Index price."""
        return self.of(spec, "IndexPrice")

    def taker_price(self, spec: InstrumentSpec, side: Side) -> Decimal:
        """Where a market order fills: the far side of the book.

        Inside a minute, last and half a spread rounded up to ticks.
        """
        if spec.key not in self._inside:
            bid, ask = self._market.best_bid_ask(spec.category, spec.symbol, self._at)
            return ask if side == "Buy" else bid
        half_spread = max(spec.tick_size, to_tick(spec, self.last(spec) * HALF_SPREAD_FRAC, ROUND_CEILING))
        if side == "Buy":
            return to_tick(spec, self.last(spec), ROUND_CEILING) + half_spread
        return max(spec.tick_size, to_tick(spec, self.last(spec), ROUND_FLOOR) - half_spread)

    def usd(self, coin: str) -> Decimal:
        """USD value of one coin: 1 for dollar coins, else the index of its USDT or USD contract."""
        if coin in STABLE_COINS:
            return Decimal(1)
        keys: tuple[tuple[str, str], ...] = (("linear", f"{coin}USDT"), ("inverse", f"{coin}USD"), ("linear", f"{coin}PERP"))
        for key in keys:
            spec = self._market.specs.get(key)
            if spec is not None:
                return self.index(spec)
        return Decimal(0)
