"""What the book is made of and what it would do: concentration, classes, market exposure, liquidity, stress, score. Types only."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class ClassExposure:
    """Dollars in one class of asset. gross_share: of the book's gross. multiplier: document 004's."""

    name: str
    net_usd: Decimal
    gross_usd: Decimal
    gross_share: float
    multiplier: float


@dataclass(frozen=True, slots=True)
class Concentration:
    """hhi: of the absolute dollars per asset, 1/n .. 1; effective_positions = 1/hhi. effective_bets: independent bets under the
    book's covariance; mean_correlation: of the assets held, unweighted. None: an empty book, or no history.

    beta_usd_per_percent: dollars that one percent of `factor` brings to the whole book.
    """

    hhi: float | None
    effective_positions: float | None
    effective_bets: float | None
    effective_assets: float | None
    mean_correlation: float | None
    largest_share: float | None
    leverage: float | None
    factor: str
    beta_usd_per_percent: Decimal | None
    classes: tuple[ClassExposure, ...]


@dataclass(frozen=True, slots=True)
class PositionLiquidity:
    """How long and how dearly one position is left. days_to_exit at `participation_frac` of the mean daily volume of 30 days;
    impact_usd = sigma_day x sqrt(size / volume) x size. amihud: mean of |daily return| per million dollars traded. None: no volume
    is known, and reason says why."""

    subject: str
    notional_usd: Decimal | None
    daily_volume_usd: Decimal | None
    days_to_exit: float | None
    impact_usd: Decimal | None
    impact_bps: float | None
    amihud_per_million_usd: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class StressResult:
    """The static book after a scenario, no stop filled. kind: historical, hypothetical, user or worst_case. pnl_usd: positions and
    holdings, isolated losses capped. liquidated: whether cross margin is gone there; None where the account cannot be modelled.

    worst: the line that loses most. basis: how moves were given to assets that the scenario does not name.
    """

    name: str
    kind: str
    hours: int | None
    pnl_usd: Decimal
    pnl_frac: float | None
    equity_after_usd: Decimal | None
    liquidated: bool | None
    worst: str | None
    worst_pnl_usd: Decimal | None
    basis: str


@dataclass(frozen=True, slots=True)
class ScorePart:
    """One input of the score: what it is, in its own unit, its 0..100 and its weight."""

    name: str
    value: float
    score: float
    weight: float


@dataclass(frozen=True, slots=True)
class RiskScore:
    """Document 004's score, 0 (none) to 100, from real inputs. level: low, medium (30), high (60), critical (80). None: an input is
    missing, named in reason; a missing input is not a zero."""

    score: float | None
    level: str | None
    parts: tuple[ScorePart, ...]
    reason: str | None


@dataclass(frozen=True, slots=True)
class BookStructure:
    """reason: why there is none of it (a part of the account could not be read); the rest is then empty."""

    reason: str | None
    concentration: Concentration | None
    liquidity: tuple[PositionLiquidity, ...]
    stress: tuple[StressResult, ...]
    score: RiskScore | None
