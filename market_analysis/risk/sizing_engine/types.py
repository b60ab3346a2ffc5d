"""What the sizing engine is asked, what it must know of the book, and every factor of its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from market_analysis.risk.asset_classes import AssetClass


@dataclass(frozen=True, slots=True)
class TradeRecord:
    """The account's own closed trades. payoff: mean win over mean loss, both positive amounts."""

    trades: int
    wins: int
    payoff: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A trade to size. sign +1 long, -1 short. signal: 0 .. 1. stop None: there is no usable one.

    loss_per_dollar: dollars lost per dollar of position when the stop fills, costs in; None without a usable stop. sigma_day:
    24-hour log-return sigma, None when no model could be fitted. daily_volume_usd: mean of the last 30 days. leverage: of the
    trade's margin.
    """

    asset: str
    kind: AssetClass
    sign: int
    signal: float
    price: float
    stop: float | None
    loss_per_dollar: float | None
    sigma_day: float | None
    daily_volume_usd: float | None
    leverage: float


@dataclass(frozen=True, slots=True, eq=False)
class SizingBook:
    """What is held already, per asset; the candidate's asset is always among `assets`, with zeros where nothing is held.

    delta_usd (n,): signed dollars per unit log move. gross_usd (n,): the sum of absolute amounts behind it. risk_usd (n,): signed
    can-lose. sigma_day (n,): NaN where unknown. correlation (n, n): NaN in the rows of assets without history. unknown: subjects
    whose value or loss could not be told.
    """

    equity_usd: float | None
    available_usd: float | None
    assets: tuple[str, ...]
    kinds: tuple[AssetClass, ...]
    delta_usd: NDArray[np.float64]
    gross_usd: NDArray[np.float64]
    risk_usd: NDArray[np.float64]
    sigma_day: NDArray[np.float64]
    correlation: NDArray[np.float64]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Method:
    """One opinion on the whole position in the asset. position_usd None: it has no basis, `detail` says why. weight: after the
    methods without basis have left; `inputs` are the numbers it was made from."""

    name: str
    position_usd: Decimal | None
    weight: float
    detail: str
    inputs: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Multiplier:
    """A factor in (0, 1] on the combined size."""

    name: str
    value: float
    detail: str


@dataclass(frozen=True, slots=True)
class Cap:
    """The largest whole position in the asset that one limit allows, in dollars. binding: it decided the size."""

    name: str
    position_usd: Decimal
    detail: str
    binding: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing is recommended: a stable code and the bound that was met."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The engine's answer. quantity: to add now, contracts on the lot grid; None when refused.

    held_usd: what is held already in this direction. combined_usd: the weighted methods, for the whole position; after multipliers
    adjusted_usd; after caps, less what is held: add_usd. max_loss_usd: of `quantity` at the stop, costs in. risk_factors: 0 .. 10
    each, document 004's; confidence: (10 - weighted mean) / 10, at least .1.
    """

    asset: str
    asset_class: str
    sign: int
    entry: Decimal
    stop: Decimal | None
    held_usd: Decimal
    methods: tuple[Method, ...]
    combined_usd: Decimal | None
    multipliers: tuple[Multiplier, ...]
    adjusted_usd: Decimal | None
    caps: tuple[Cap, ...]
    add_usd: Decimal | None
    quantity: Decimal | None
    max_loss_usd: Decimal | None
    max_loss_frac: float | None
    risk_factors: Mapping[str, float]
    confidence: float | None
    refusals: tuple[Refusal, ...]

    @property
    def approved(self) -> bool:
        """Whether anything is recommended."""
        return not self.refusals
