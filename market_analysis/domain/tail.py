"""What any book of an account could lose in a day, as the last analysis sees it: small enough to travel in an event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from market_analysis.domain.instrument import InstrumentId


@dataclass(frozen=True, slots=True)
class TailModel:
    """One-day moves of the account's assets, and what each contract makes of them (ruling 26).

    assets: those of the rows of `covariance`, (n, n), of one-day log moves. per_contract: the asset of an instrument, and dollars
    per unit log move of one contract held long. holdings: dollars per unit log move of balances, by asset. gap_frac: what a dollar
    of an asset without a row loses.
    """

    assets: tuple[str, ...]
    covariance: tuple[tuple[Decimal, ...], ...]
    per_contract: Mapping[InstrumentId, tuple[str, Decimal]] = field(default_factory=dict)
    holdings: Mapping[str, Decimal] = field(default_factory=dict)
    gap_frac: Decimal = Decimal("0.15")
