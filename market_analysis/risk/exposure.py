"""The lines of the book in one shape: positions and holdings as signed dollars on an asset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from market_analysis.domain import Position, PositionKey, Snapshot
from market_analysis.quant.clusters import cluster_risk
from market_analysis.risk.assets import asset_of, asset_of_instrument, usd_rate
from market_analysis.risk.correlation import CorrelationView
from market_analysis.risk.position_result import PositionResult
from market_analysis.risk.types import HoldingReport


@dataclass(frozen=True, slots=True)
class Line:
    """One position or holding.

    subject: the position key's text or `holding COIN`. delta_usd: change in dollars per unit log move of the asset's price,
    signed (short negative); an inverse contract's is its USD quantity, the coins behind it are a holding of their own, so that
    a 1x inverse short on its own collateral adds up to nothing (ruling 17). risk_usd: signed can-lose (ruling 14), of a
    holding the stress gap. None where no rate or price is known. sigma_day: 24h log-return sigma if a model told it.
    """

    subject: str
    asset: str
    key: PositionKey | None
    delta_usd: float | None
    risk_usd: float | None
    sigma_day: float | None


def position_delta_usd(position: Position, snapshot: Snapshot) -> float | None:
    """Signed dollars per unit log move; the quote currency's rate is read, never assumed."""
    terms = snapshot.instruments.get(position.instrument)
    quote = getattr(terms, "quote", None)
    rate = None if quote is None else usd_rate(snapshot, quote)
    return None if rate is None else position.side.sign * float(position.notional * rate)


def position_line(position: Position, result: PositionResult, snapshot: Snapshot) -> Line:
    """The line of an analysed position."""
    can_lose = result.can_lose_usd
    return Line(
        subject=str(position.key),
        asset=asset_of_instrument(position.instrument, snapshot.instruments),
        key=position.key,
        delta_usd=position_delta_usd(position, snapshot),
        risk_usd=None if can_lose is None else position.side.sign * max(can_lose, 0.0),
        sigma_day=result.sigma_day,
    )


def holding_line(holding: HoldingReport, stress_gap_frac: float) -> Line:
    """The line of a holding: no stop rests under it, so its risk is the stress gap."""
    value = None if holding.value_usd is None else float(holding.value_usd)
    return Line(
        subject=f"holding {holding.coin}",
        asset=asset_of(holding.coin),
        key=None,
        delta_usd=value,
        risk_usd=None if value is None else value * stress_gap_frac,
        sigma_day=holding.sigma_day,
    )


def correlated_risk(lines: Sequence[Line], signed: Sequence[float], view: CorrelationView) -> float:
    """sqrt(r' C r) of the signed amounts; assets without history at correlation one, adverse: their |r| are added on top."""
    known = [index for index, line in enumerate(lines) if line.asset not in view.missing]
    alone = float(sum(abs(signed[index]) for index in range(len(lines)) if index not in set(known)))
    if not known:
        return alone
    rows = view.rows([lines[index].asset for index in known])
    block: NDArray[np.float64] = view.matrix[np.ix_(rows, rows)]
    return cluster_risk([signed[index] for index in known], block).net + alone
