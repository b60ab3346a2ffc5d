"""What the position may never exceed. Each cap is the largest whole position in the asset, in dollars, that one limit allows."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from market_analysis.quant.clusters import cluster
from market_analysis.risk.clusters import cluster_cap_usd
from market_analysis.risk.sizing_engine.types import Candidate, Cap, SizingBook
from market_analysis.risk.valuation import rounded
from market_analysis.settings import Settings


def caps(candidate: Candidate, book: SizingBook, settings: Settings) -> tuple[Cap, ...]:
    """Every cap, none binding yet; equity, and the loss at a stop, must be known."""
    equity, loss = book.equity_usd, candidate.loss_per_dollar
    if equity is None or loss is None:
        return ()
    bounds = (*_size_limits(candidate, book, settings, equity), *_risk_limits(candidate, book, settings, equity, loss))
    return tuple(Cap(name, rounded(max(bound, 0.0)), detail, binding=False) for name, bound, detail in bounds)


def _size_limits(candidate: Candidate, book: SizingBook, settings: Settings, equity: float) -> Iterator[tuple[str, float, str]]:
    limits, place = settings.sizing, book.assets.index(candidate.asset)
    others = book.gross_usd.copy()
    others[place] = 0.0
    kin = [kind is candidate.kind for kind in book.kinds]
    of_class: float = getattr(limits.class_limits, candidate.kind.value)
    yield "single_position", limits.max_single_position_frac * equity, f"{limits.max_single_position_frac:.1%} of equity"
    yield "asset_class", of_class * equity, f"{of_class:.1%} of equity for {candidate.kind.value}"
    rest = float(others[kin].sum())
    share = limits.max_class_exposure_frac
    yield "class_exposure", share * equity - rest, f"{share:.1%} of equity in {candidate.kind.value}, {rest:,.0f} held in others"
    gross = float(others.sum())
    yield "leverage", limits.max_leverage * equity - gross, f"{limits.max_leverage:g} x equity, {gross:,.0f} held in others"
    room = limits.max_concentration_hhi * equity**2 - float((others**2).sum())
    yield "concentration", math.sqrt(max(room, 0.0)), f"sum of squared positions at most {limits.max_concentration_hhi:g} equity^2"
    if book.available_usd is not None:
        free = max(book.available_usd - limits.reserve_frac * equity, 0.0)
        held = max(candidate.sign * float(book.delta_usd[place]), 0.0)
        yield "reserve", held + free * candidate.leverage, f"{limits.reserve_frac:.0%} of equity stays free of margin"
    if candidate.daily_volume_usd is not None:
        part = settings.portfolio.exit_participation_frac
        yield "liquidity", part * candidate.daily_volume_usd, f"{part:.0%} of a day's volume: out within a day"
    yield "max_position", limits.max_position_usd, "max_position_usd"


def _risk_limits(
    candidate: Candidate, book: SizingBook, settings: Settings, equity: float, loss: float
) -> Iterator[tuple[str, float, str]]:
    place = book.assets.index(candidate.asset)
    at_stop = settings.risk.max_equity_risk_frac
    yield "loss_at_stop", at_stop * equity / loss, f"{at_stop:.2%} of equity lost at the stop, costs in"
    others = book.risk_usd.copy()
    others[place] = 0.0
    total = settings.portfolio.max_portfolio_risk_frac * equity
    held = float(np.abs(others).sum())
    yield "portfolio_risk", (total - held) / loss, f"{total:,.0f} may be lost at all stops together, {held:,.0f} in others"
    cap = cluster_cap_usd(equity, settings.portfolio)
    risk, names = cluster_room(candidate, book, others, cap, settings.portfolio.corr_threshold)
    yield "cluster", risk / loss, f"{cap:,.0f} may be lost by {names}"


def cluster_room(
    candidate: Candidate, book: SizingBook, others: NDArray[np.float64], cap_usd: float, threshold: float
) -> tuple[float, str]:
    """The largest loss r at the candidate's stop with sqrt(R' C R) <= cap, R the signed losses of its cluster with r in its place.

    r^2 + 2 b r + c <= cap^2, b = sign sum of C_ij R_j, c = R_o' C R_o of the others. Without history: its own loss on top of theirs
    (correlation one, adverse). Where nothing fits, 0; the cluster's assets are named.
    """
    place = book.assets.index(candidate.asset)
    known = np.flatnonzero(np.isfinite(book.correlation[place]))
    if place not in known:
        return cap_usd, candidate.asset
    matrix = book.correlation[np.ix_(known, known)]
    here = int(np.flatnonzero(known == place)[0])
    members = next(group for group in cluster(matrix, threshold) if here in group)
    block, risk = matrix[np.ix_(members, members)], others[known][list(members)]
    b = candidate.sign * float(block[members.index(here)] @ risk)
    c = float(risk @ block @ risk)
    inside = b * b - c + cap_usd**2
    names = " ".join(book.assets[known[member]] for member in members)
    return (max(math.sqrt(inside) - b, 0.0) if inside >= 0.0 else 0.0), names
