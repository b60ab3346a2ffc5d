"""What one position's analysis reads out of the snapshot, once."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from market_analysis.domain import (
    Account,
    EntryHistory,
    Instrument,
    Order,
    Position,
    PositionMemory,
    Quote,
    Snapshot,
    Unknown,
)
from market_analysis.risk.valuation import Valuer, valuer_for
from market_analysis.settings import Settings

HOURS_PER_DAY = 24
DEFAULT_TAKER_FEE_FRAC = 0.0006
"""Taker fee assumed when the instrument could not be read: above Bybit's standard .00055."""


@dataclass(frozen=True, slots=True)
class PositionInputs:
    """One position with its instrument, price and account. instrument None: it could not be read.

    mark: the quote's reference price, else the position's own. memory: as given to the analysis.
    """

    position: Position
    instrument: Instrument | None
    quote: Quote | None
    mark: Decimal
    valuer: Valuer
    orders: tuple[Order, ...] | Unknown[tuple[Order, ...]]
    entry: EntryHistory | Unknown[EntryHistory] | None
    equity_usd: float | None
    memory: PositionMemory | None

    @property
    def sign(self) -> int:
        """+1 long, -1 short."""
        return self.position.side.sign

    @property
    def leverage(self) -> float | None:
        """Leverage, None where the venue gives none (portfolio margin says 0 or nothing)."""
        stated = self.position.leverage
        return None if stated is None or stated <= 0 else float(stated)

    @property
    def liquidation(self) -> float | None:
        """The venue's liqPrice, None when it gives none."""
        stated = self.position.liquidation_price
        return None if stated is None or stated <= 0 else float(stated)

    @property
    def notional_usd(self) -> float | None:
        """Value at the mark in dollars."""
        return self.valuer.usd(self.valuer.notional(float(self.position.quantity), float(self.mark)))

    @property
    def funding_frac(self) -> float:
        """Funding rate per interval; longs pay when positive; 0 when unknown."""
        rate = None if self.quote is None else self.quote.funding_rate_frac
        return 0.0 if rate is None else float(rate)

    def funding_intervals(self, hours: float) -> float:
        """How many funding payments fall into `hours`; 0 when the interval is unknown."""
        interval = None if self.instrument is None else self.instrument.funding_interval_hours
        return 0.0 if not interval else hours / float(interval)

    @property
    def funding_per_day_usd(self) -> float | None:
        """Funding of a day at the present rate: negative when paid; None when rate, interval or dollar value is unknown."""
        known = self.quote is not None and self.quote.funding_rate_frac is not None
        intervals = self.funding_intervals(HOURS_PER_DAY)
        value = self.notional_usd
        if not known or intervals == 0.0 or value is None:
            return None
        return -self.sign * self.funding_frac * intervals * value


def position_inputs(position: Position, snapshot: Snapshot, memory: PositionMemory | None, settings: Settings) -> PositionInputs:
    """Gather the inputs of `position`; every unreadable part stays visible as None or Unknown."""
    found = snapshot.instruments.get(position.instrument)
    instrument = found if isinstance(found, Instrument) else None
    quoted = snapshot.quotes.get(position.instrument)
    quote = quoted if isinstance(quoted, Quote) else None
    account = snapshot.account
    return PositionInputs(
        position=position,
        instrument=instrument,
        quote=quote,
        mark=position.mark_price if quote is None else quote.reference,
        valuer=_valuer(position, instrument, snapshot, settings),
        orders=snapshot.orders,
        entry=snapshot.entries.get(position.key),
        equity_usd=float(account.equity) if isinstance(account, Account) else None,
        memory=memory,
    )


def _valuer(position: Position, instrument: Instrument | None, snapshot: Snapshot, settings: Settings) -> Valuer:
    """Contract terms, or without them the position's own category, a contract size of one, no dollar rate but a stable coin's."""
    if instrument is not None:
        return valuer_for(instrument, snapshot.usd_rates.get(instrument.settle), settings.risk.slippage_bps)
    inverse = position.instrument.category.value == "inverse"
    return Valuer(inverse, 1.0, DEFAULT_TAKER_FEE_FRAC, settings.risk.slippage_bps * 1e-4, None if inverse else 1.0)
