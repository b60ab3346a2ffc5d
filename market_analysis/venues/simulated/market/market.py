"""The market: every price of every instrument at any time since its start, as a pure function of catalogue, seed, start and script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
from numpy.typing import NDArray

from market_analysis.errors import UsageError, VenueRejectedError
from market_analysis.venues.simulated.catalogue import Catalogue, Category, InstrumentSpec
from market_analysis.venues.simulated.market import rows
from market_analysis.venues.simulated.market.coins import CoinPaths
from market_analysis.venues.simulated.market.funding import FundingRates, next_funding_ms
from market_analysis.venues.simulated.market.intervals import MINUTE_MS, Interval, bar_open_ms, next_open, open_of
from market_analysis.venues.simulated.market.rows import BarRows, MinuteRows
from market_analysis.venues.simulated.market.script import PriceMove, ScriptItem
from market_analysis.venues.simulated.market.tape import HOUR, MINUTE, Tape
from market_analysis.venues.simulated.market.ticks import PriceKind, TickBars, turnover_step

Key = tuple[Category, str]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_HOUR_MS = 60 * MINUTE_MS
_DAY_MS = 24 * _HOUR_MS
_HALF_SPREAD_FRAC = Decimal("0.00002")
_OPEN_INTEREST_DAYS = Decimal("0.4")  # of average daily turnover


@dataclass(frozen=True, slots=True)
class DayStatistics:
    """The rolling day up to now, for tickers; `change_frac` is last over the price 24 hours ago, less one."""

    last_price: Decimal
    price_24h_ago: Decimal
    price_1h_ago: Decimal
    high_24h: Decimal
    low_24h: Decimal
    volume_24h: Decimal
    turnover_24h: Decimal
    change_frac: Decimal


class Market:
    """Prices of all instruments of `catalogue` from `start` (midnight UTC) on, for ever, without end.

    Time moves in minutes: between two minutes prices rest, and nothing answered for a time depends on what comes after it. What is
    kept inside is cache only. Asking before `start` (or an instrument's launch) raises `VenueRejectedError`, as does an unknown
    instrument.
    """

    def __init__(self, catalogue: Catalogue, seed: int, start: datetime, script: Sequence[ScriptItem] = ()) -> None:
        if start.utcoffset() != timedelta(0) or start.timestamp() % 86_400 != 0:
            raise UsageError(f"start={start.isoformat()} must be midnight UTC", remedy="pass an aware UTC midnight")
        self.catalogue = catalogue
        self.seed = seed
        self.start = start
        self.script = tuple(script)
        self.specs: Mapping[Key, InstrumentSpec] = {spec.key: spec for spec in catalogue.instruments}
        self._start_ms = to_ms(start)
        self._coins = CoinPaths(catalogue.bases, seed, start, self.script, blocks_kept=64 + 2 * len(catalogue.bases))
        self._tapes: dict[Key, Tape] = {}
        self._funding: dict[Key, FundingRates] = {}

    def with_script(self, *items: ScriptItem) -> Market:
        """A market like this one whose script goes on with `items` (applied after the present ones)."""
        return Market(self.catalogue, self.seed, self.start, (*self.script, *items))

    def shock(self, base: str, at: datetime, log_move: float, persist: bool = True) -> Market:
        """A market like this one where the coin moves by `log_move` more in the minute from `at`; undone in the next unless `persist`."""
        return self.with_script(PriceMove(base, at, log_move, persist=persist))

    def spec(self, category: Category, symbol: str) -> InstrumentSpec:
        """The instrument, or `VenueRejectedError`."""
        if (category, symbol) not in self.specs:
            raise VenueRejectedError(f"no instrument {symbol!r} in category {category!r}", venue_code="10001")
        return self.specs[category, symbol]

    def last_price(self, category: Category, symbol: str, at: datetime) -> Decimal:
        """The last traded price at `at`."""
        return self._price(category, symbol, at, "last")

    def mark_price(self, category: Category, symbol: str, at: datetime) -> Decimal:
        """The mark price at `at`; spot has none of its own and answers its index."""
        return self._price(category, symbol, at, "mark")

    def index_price(self, category: Category, symbol: str, at: datetime) -> Decimal:
        """The index price of the instrument's coin at `at`, on the instrument's tick grid."""
        return self._price(category, symbol, at, "index")

    def best_bid_ask(self, category: Category, symbol: str, at: datetime) -> tuple[Decimal, Decimal]:
        """Best bid and ask: a spread of one tick or 0.004 % around the last price, which sits on one of the two sides."""
        last, tick = self.last_price(category, symbol, at), self.spec(category, symbol).tick_size
        spread = max(1, int(2 * _HALF_SPREAD_FRAC * last / tick)) * tick
        sold = self._minute(to_ms(at)) % 2 == 0
        return (last, last + spread) if sold or last <= spread else (last - spread, last)

    def bars(
        self,
        category: Category,
        symbol: str,
        interval_minutes: Interval,
        start_ms: int,
        end_ms: int,
        now_ms: int,
        kind: PriceKind = "last",
    ) -> BarRows:
        """Bars opening in [start_ms, end_ms], oldest first, with the forming bar that holds now, built from minutes before now.

        Each bar opens at the close before it. The first bar of an instrument may begin late (its launch), as on the exchange.
        """
        spec = self.spec(category, symbol)
        tape = self._tape(spec)
        first_ms = self._first_ms(spec)
        wanted_from = max(open_of(start_ms, interval_minutes), open_of(first_ms, interval_minutes))
        if wanted_from < start_ms:
            wanted_from = next_open(wanted_from, interval_minutes)
        minute_ms = now_ms // MINUTE_MS * MINUTE_MS
        until_ms = min(next_open(open_of(end_ms, interval_minutes), interval_minutes), minute_ms)
        if wanted_from > min(end_ms, now_ms) or minute_ms < first_ms:
            return rows.to_rows(spec, np.empty(0, dtype=np.int64), tape.none())
        begin_ms = max(wanted_from, first_ms)
        short = MINUTE if interval_minutes in (1, 3, 5, 15, 30) else HOUR
        times, bars = self._stretch(tape, kind, short, begin_ms, until_ms)
        if until_ms == minute_ms:
            # The minute that holds now has not traded yet: it stands at the price it opened with.
            times = np.append(times, minute_ms)
            bars = rows.join([bars, tape.standing(kind, self._minute(minute_ms))])
        opens = bar_open_ms(times, interval_minutes)
        first = np.flatnonzero(np.append(True, opens[1:] != opens[:-1]))
        return rows.to_rows(spec, opens[first], rows.aggregate(bars, first))

    def minutes(self, category: Category, symbol: str, from_ms: int, to_ms: int) -> MinuteRows:
        """Minute bars of last and mark opening in [from_ms, to_ms), from the instrument's first minute on."""
        spec = self.spec(category, symbol)
        tape = self._tape(spec)
        first = max(-(-from_ms // MINUTE_MS), self._first_ms(spec) // MINUTE_MS) - self._start_ms // MINUTE_MS
        end = max(first, -(-to_ms // MINUTE_MS) - self._start_ms // MINUTE_MS)
        columns = []
        for kind in ("last", "mark"):
            bars = tape.minutes(kind, first, end)
            columns += [rows.on_grid(column, spec.tick_size) for column in (bars.open, bars.high, bars.low, bars.close)]
        return MinuteRows(self._start_ms + np.arange(first, end, dtype=np.int64) * MINUTE_MS, *columns)

    def funding_rate(self, category: Category, symbol: str, funding_time_ms: int) -> Decimal:
        """The rate settled at the first funding time at or after `funding_time_ms`; positive: longs pay shorts."""
        spec = self.spec(category, symbol)
        if not spec.is_perpetual:
            raise VenueRejectedError(f"{symbol} in category {category!r} pays no funding", venue_code="10001")
        self._minute(funding_time_ms)
        if spec.key not in self._funding:
            self._funding[spec.key] = FundingRates(spec, self.seed)
        return self._funding[spec.key].rate((next_funding_ms(spec, funding_time_ms) - self._start_ms) // _HOUR_MS)

    def next_funding_ms(self, category: Category, symbol: str, at_ms: int) -> int:
        """The first funding time after `at_ms`."""
        return next_funding_ms(self.spec(category, symbol), at_ms + 1)

    def day_statistics(self, category: Category, symbol: str, at: datetime) -> DayStatistics:
        """Statistics of the 24 hours of minutes before `at` (fewer where the instrument is younger)."""
        spec = self.spec(category, symbol)
        now = self._minute(self._listed(spec, to_ms(at)))
        first = max(now - _DAY_MS // MINUTE_MS, self._minute(self._first_ms(spec)))
        tape, tick = self._tape(spec), spec.tick_size
        day = rows.join([tape.minutes("last", first, now), tape.standing("last", now)])
        hour_ago = max(0, len(day.open) - 1 - _HOUR_MS // MINUTE_MS)
        last, before = int(day.close[-1]) * tick, int(day.open[0]) * tick
        return DayStatistics(
            last_price=last,
            price_24h_ago=before,
            price_1h_ago=int(day.open[hour_ago]) * tick,
            high_24h=int(day.high.max()) * tick,
            low_24h=int(day.low.min()) * tick,
            volume_24h=int(day.volume.sum()) * spec.qty_step,
            turnover_24h=int(day.turnover.sum()) * turnover_step(spec),
            change_frac=(last / before - 1).quantize(Decimal("0.000001"), ROUND_HALF_EVEN),
        )

    def open_interest(self, category: Category, symbol: str, at: datetime) -> Decimal:
        """Open interest in base coin (inverse: USD), a fixed share of average turnover at the present mark."""
        spec = self.spec(category, symbol)
        value = Decimal(self.catalogue.bases[spec.base].daily_turnover_usd) * _OPEN_INTEREST_DAYS
        quantity = value if category == "inverse" else value / self.mark_price(category, symbol, at)
        return (quantity / spec.qty_step).to_integral_value() * spec.qty_step

    def _price(self, category: Category, symbol: str, at: datetime, kind: PriceKind) -> Decimal:
        spec = self.spec(category, symbol)
        standing = self._tape(spec).standing(kind, self._minute(self._listed(spec, to_ms(at))))
        return int(standing.close[0]) * spec.tick_size

    def _tape(self, spec: InstrumentSpec) -> Tape:
        if spec.key not in self._tapes:
            turnover = self.catalogue.bases[spec.base].daily_turnover_usd
            self._tapes[spec.key] = Tape(spec, self._coins, self.seed, turnover)
        return self._tapes[spec.key]

    def _first_ms(self, spec: InstrumentSpec) -> int:
        return max(self._start_ms, to_ms(spec.launch_time))

    def _listed(self, spec: InstrumentSpec, at_ms: int) -> int:
        if at_ms < self._first_ms(spec):
            raise VenueRejectedError(
                f"{spec.symbol} has no price at {at_ms} ms, before its first minute {self._first_ms(spec)} ms",
                venue_code="10001",
            )
        return at_ms

    def _minute(self, at_ms: int) -> int:
        if at_ms < self._start_ms:
            raise VenueRejectedError(
                f"time {at_ms} ms lies before the market's start {self._start_ms} ms", venue_code="10001"
            )
        return (at_ms - self._start_ms) // MINUTE_MS

    def _stretch(
        self, tape: Tape, kind: PriceKind, short: int, begin_ms: int, until_ms: int
    ) -> tuple[NDArray[np.int64], TickBars]:
        """Short bars covering [begin, until): hours where whole, minutes at the two ends."""
        begin, until = self._minute(begin_ms), self._minute(max(begin_ms, until_ms))
        whole_from, whole_until = (-(-begin // HOUR) * HOUR, until // HOUR * HOUR) if short == HOUR else (until, until)
        if whole_from >= whole_until:
            whole_from = whole_until = until
        parts = [
            tape.minutes(kind, begin, whole_from),
            tape.hours(kind, whole_from // HOUR, whole_until // HOUR) if whole_from < whole_until else tape.none(),
            tape.minutes(kind, whole_until, until),
        ]
        minutes = [
            np.arange(begin, whole_from, MINUTE), np.arange(whole_from, whole_until, HOUR), np.arange(whole_until, until, MINUTE)
        ]  # fmt: skip
        return self._start_ms + np.concatenate(minutes).astype(np.int64) * MINUTE_MS, rows.join(parts)


def to_ms(at: datetime) -> int:
    """Whole milliseconds since 1970 of an aware time."""
    return (at - _EPOCH) // _MILLISECOND


def make_market(
    catalogue: Catalogue, seed: int, now: datetime, history_days: int = 210, script: Sequence[ScriptItem] = ()
) -> Market:
    """A market with at least `history_days` of history at `now`."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Market(catalogue, seed, midnight - timedelta(days=history_days), script)
