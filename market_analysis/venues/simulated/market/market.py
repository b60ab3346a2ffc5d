"""The market: every price at any time since its start, a pure function of catalogue, seed, start and script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np

from market_analysis.errors import UsageError, VenueRejectedError
from market_analysis.venues.simulated.catalogue import Catalogue, InstrumentSpec
from market_analysis.venues.simulated.market import rows
from market_analysis.venues.simulated.market.coins import CoinPaths
from market_analysis.venues.simulated.market.funding import FundingRates, next_funding_ms
from market_analysis.venues.simulated.market.intervals import MINUTE_MS, Interval
from market_analysis.venues.simulated.market.rows import BarRows, MinuteRows
from market_analysis.venues.simulated.market.script import PriceMove, ScriptItem
from market_analysis.venues.simulated.market.statistics import DayStatistics, day_statistics
from market_analysis.venues.simulated.market.tape import Tape
from market_analysis.venues.simulated.market.ticks import PriceKind
from market_analysis.venues.simulated.market.windows import BarWindow, read_bars

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_HOUR_MS = 60 * MINUTE_MS
_SPREAD_FRAC = Decimal("0.00001")
_OPEN_INTEREST_DAYS = Decimal("0.4")  # of average daily turnover


class Market:
    """Prices of all instruments of `catalogue` from `start` (midnight UTC) on, without end.

    Time moves in minutes: between two of them prices rest, and no answer about a time depends on what comes after it.
    What is kept inside is cache only. An unknown instrument, or a time before `start` or before the instrument's
    launch, raises `VenueRejectedError`.
    """

    def __init__(self, catalogue: Catalogue, seed: int, start: datetime, script: Sequence[ScriptItem] = ()) -> None:
        if start.utcoffset() != timedelta(0) or start.timestamp() % 86_400 != 0:
            raise UsageError(f"start={start.isoformat()} must be midnight UTC", remedy="pass an aware UTC midnight")
        self.catalogue = catalogue
        self.seed = seed
        self.start = start
        self.script = tuple(script)
        self.specs: Mapping[tuple[str, str], InstrumentSpec] = {spec.key: spec for spec in catalogue.instruments}
        self._start_ms = to_ms(start)
        self._coins = CoinPaths(catalogue.bases, seed, start, self.script, blocks_kept=64 + len(catalogue.bases))
        self._tapes: dict[tuple[str, str], Tape] = {}
        self._funding: dict[tuple[str, str], FundingRates] = {}

    def with_script(self, *items: ScriptItem) -> Market:
        """A market like this one whose script goes on with `items` (applied after the present ones)."""
        return Market(self.catalogue, self.seed, self.start, (*self.script, *items))

    def shock(self, base: str, at: datetime, log_move: float, persist: bool = True) -> Market:
        """A market like this one with `log_move` added to the coin in the minute from `at`.

        Unless `persist`, the next minute takes it back.
        """
        return self.with_script(PriceMove(base, at, log_move, persist=persist))

    def spec(self, category: str, symbol: str) -> InstrumentSpec:
        """The instrument, or `VenueRejectedError`."""
        if (category, symbol) not in self.specs:
            raise VenueRejectedError(f"no instrument {symbol!r} in category {category!r}", venue_code="10001")
        return self.specs[category, symbol]

    def last_price(self, category: str, symbol: str, at: datetime) -> Decimal:
        """The last traded price at `at`."""
        return self._price(category, symbol, at, "last")

    def mark_price(self, category: str, symbol: str, at: datetime) -> Decimal:
        """The mark price at `at`; spot has none of its own and answers its index."""
        return self._price(category, symbol, at, "mark")

    def index_price(self, category: str, symbol: str, at: datetime) -> Decimal:
        """The index price of the instrument's coin at `at`, on the instrument's tick grid."""
        return self._price(category, symbol, at, "index")

    def best_bid_ask(self, category: str, symbol: str, at: datetime) -> tuple[Decimal, Decimal]:
        """Best bid and ask, one tick or 0.001 % apart, whichever is more; the last price is one of the two."""
        last, tick = self.last_price(category, symbol, at), self.spec(category, symbol).tick_size
        spread = max(1, int(_SPREAD_FRAC * last / tick)) * tick
        sold = self._minute(to_ms(at)) % 2 == 0
        return (last, last + spread) if sold or last <= spread else (last - spread, last)

    def bars(
        self,
        category: str,
        symbol: str,
        interval_minutes: Interval,
        start_ms: int,
        end_ms: int,
        now_ms: int,
        kind: PriceKind = "last",
    ) -> BarRows:
        """Bars opening in [start_ms, end_ms], oldest first, with the bar that holds now, made of minutes before now only.

        Each bar opens at the close before it. An instrument's first bar may be short: it begins with the launch.
        """
        spec = self.spec(category, symbol)
        window = BarWindow(interval_minutes, start_ms, end_ms, now_ms)
        return read_bars(self._tape(spec), window, self._start_ms, self._first_ms(spec), kind)

    def minutes(self, category: str, symbol: str, from_ms: int, to_ms: int) -> MinuteRows:
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

    def funding_rate(self, category: str, symbol: str, funding_time_ms: int) -> Decimal:
        """The rate settled at the first funding time at or after `funding_time_ms`; positive: longs pay shorts."""
        spec = self.spec(category, symbol)
        if not spec.is_perpetual:
            raise VenueRejectedError(f"{symbol} in category {category!r} pays no funding", venue_code="10001")
        self._minute(funding_time_ms)
        if spec.key not in self._funding:
            self._funding[spec.key] = FundingRates(spec, self.seed)
        return self._funding[spec.key].rate((next_funding_ms(spec, funding_time_ms) - self._start_ms) // _HOUR_MS)

    def next_funding_ms(self, category: str, symbol: str, at_ms: int) -> int:
        """The first funding time after `at_ms`."""
        return next_funding_ms(self.spec(category, symbol), at_ms + 1)

    def day_statistics(self, category: str, symbol: str, at: datetime) -> DayStatistics:
        """Statistics of the 24 hours of minutes before `at` (fewer where the instrument is younger)."""
        spec = self.spec(category, symbol)
        now = self._minute(self._listed(spec, to_ms(at)))
        return day_statistics(spec, self._tape(spec), self._minute(self._first_ms(spec)), now)

    def open_interest(self, category: str, symbol: str, at: datetime) -> Decimal:
        """Open interest in base coin (inverse: USD), a fixed share of average turnover at the present mark."""
        spec = self.spec(category, symbol)
        value = Decimal(self.catalogue.bases[spec.base].daily_turnover_usd) * _OPEN_INTEREST_DAYS
        quantity = value if category == "inverse" else value / self.mark_price(category, symbol, at)
        return (quantity / spec.qty_step).to_integral_value() * spec.qty_step

    def _price(self, category: str, symbol: str, at: datetime, kind: PriceKind) -> Decimal:
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
            raise VenueRejectedError(f"time {at_ms} ms lies before the market's start {self._start_ms} ms", venue_code="10001")
        return (at_ms - self._start_ms) // MINUTE_MS


def to_ms(at: datetime) -> int:
    """Whole milliseconds since 1970 of an aware time."""
    return (at - _EPOCH) // _MILLISECOND


def make_market(
    catalogue: Catalogue, seed: int, now: datetime, history_days: int = 210, script: Sequence[ScriptItem] = ()
) -> Market:
    """A market with at least `history_days` of history at `now`."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Market(catalogue, seed, midnight - timedelta(days=history_days), script)
