"""Planned sizes brought under the cluster caps and the portfolio cap, never at the price of a hedge (rulings 11, 12, 20)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from market_analysis.domain import Finding, PositionKey, Severity
from market_analysis.risk.clusters import Cluster
from market_analysis.risk.correlation import CorrelationView
from market_analysis.risk.exposure import Line, correlated_risk
from market_analysis.risk.tail_risk import UnhedgeJudge
from market_analysis.risk.throttle import portfolio_scale

_SEARCH_STEPS = 80
_PROBE = 0.9
"""Fraction left in the small cut that shows which way a line's risk pulls."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a position would be if it followed its plan: risk_usd at the planned stop (>= 0) and planned over held size."""

    key: PositionKey
    sign: int
    risk_usd: float
    planned_to_held: float


@dataclass(frozen=True, slots=True)
class Caps:
    """scale: factor on each position's planned size, all caps in. cluster_scale: per cluster name, of its non-hedging members.
    notes: why, per position. portfolio_scale: the throttle's part of it."""

    scale: Mapping[PositionKey, float]
    cluster_scale: Mapping[str, float]
    notes: Mapping[PositionKey, str]
    portfolio_scale: float
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _ClusterCap:
    scale: float
    scaled: tuple[PositionKey, ...]
    planned_usd: float
    finding: Finding | None


def apply_caps(
    clusters: Sequence[Cluster],
    plans: Mapping[PositionKey, Plan],
    view: CorrelationView,
    cluster_cap_usd: float,
    risk_cap_usd: float,
    judge: UnhedgeJudge,
) -> Caps:
    """Cluster caps first, then the portfolio's: afterwards the plain sum of planned risks is at most `risk_cap_usd`."""
    scale = dict.fromkeys(plans, 1.0)
    notes: dict[PositionKey, str] = {}
    cluster_scale: dict[str, float] = {}
    findings: list[Finding] = []
    for item in clusters:
        capped = _cap_cluster(item, plans, view, cluster_cap_usd, judge)
        cluster_scale[item.name] = capped.scale
        for key in capped.scaled:
            scale[key] = capped.scale
            notes[key] = f"cluster {item.name} planned risk {capped.planned_usd:,.0f} -> cap {cluster_cap_usd:,.0f} USD"
        if capped.finding is not None:
            findings.append(capped.finding)
    throttle = portfolio_scale([plan.risk_usd * scale[key] for key, plan in plans.items()], risk_cap_usd)
    if throttle < 1.0:
        for key in plans:
            scale[key] *= throttle
            note = f"portfolio cap {risk_cap_usd:,.0f} USD scales planned risk by {throttle:.3g}"
            notes[key] = f"{notes[key]}; {note}" if key in notes else note
    return Caps(scale, cluster_scale, notes, throttle, tuple(findings))


def allowed_cuts(
    kept: Mapping[PositionKey, float], weight_usd: Mapping[PositionKey, float], judge: UnhedgeJudge
) -> frozenset[PositionKey]:
    """The positions that may be advised to shrink to the given fractions: none raises the book's tail alone, nor all together.

    Asked in order of the money in excess, the largest first; each that would raise the tail is left as it is.
    """
    accepted: dict[PositionKey, float] = {}
    for key in sorted(kept, key=lambda item: (-weight_usd.get(item, 0.0), item)):
        alone = {key: kept[key]}
        if not judge.raises_tail(alone) and not judge.raises_tail(accepted | alone):
            accepted |= alone
    return frozenset(accepted)


def reducible_line(item: Cluster, view: CorrelationView, judge: UnhedgeJudge) -> Line | None:
    """The position that adds most to the cluster's actual risk and whose reduction does not raise the book's tail, None without."""
    known = [line for line in item.lines if line.risk_usd is not None]
    signed = [line.risk_usd or 0.0 for line in known]
    whole = correlated_risk(known, signed, view)
    relief = {
        index: whole - correlated_risk(known, [value * (_PROBE if i == index else 1.0) for i, value in enumerate(signed)], view)
        for index in range(len(known))
    }
    for index in sorted(relief, key=lambda place: (-relief[place], known[place].subject)):
        key = known[index].key
        if relief[index] > 0.0 and key is not None and not judge.raises_tail({key: _PROBE}):
            return known[index]
    return None


def unhedge_finding(subject: str, message: str) -> Finding:
    """A cut that was not advised."""
    return Finding(
        code="cap_would_unhedge",
        severity=Severity.INFO,
        subject=subject,
        message=message,
        rule="no cut is advised that raises the book's 1-day 99 % normal ES or brings joint liquidation nearer",
        action="keep hedge",
    )


def _cap_cluster(
    item: Cluster, plans: Mapping[PositionKey, Plan], view: CorrelationView, cap_usd: float, judge: UnhedgeJudge
) -> _ClusterCap:
    pairs = [(line, plans[line.key]) for line in item.lines if line.key is not None and line.key in plans]
    lines = [line for line, _ in pairs]
    signed = [plan.sign * plan.risk_usd for _, plan in pairs]
    planned = correlated_risk(lines, signed, view)
    if planned <= cap_usd:
        return _ClusterCap(1.0, (), planned, None)
    hedges = _hedges(lines, signed, view)
    scale = _largest_scale(lines, signed, hedges, view, cap_usd)
    scaled = tuple(plan.key for index, (_, plan) in enumerate(pairs) if index not in hedges)
    kept = {key: plans[key].planned_to_held * scale for key in scaled}
    kept = {key: fraction for key, fraction in kept.items() if fraction < 1.0}
    if kept and judge.raises_tail(kept):
        message = (
            f"cluster {item.name}: cutting its planned {planned:,.0f} USD to the cap of {cap_usd:,.0f} would raise the book's tail"
        )
        return _ClusterCap(1.0, (), planned, unhedge_finding(item.name, message))
    return _ClusterCap(scale, scaled, planned, None)


def _hedges(lines: Sequence[Line], signed: Sequence[float], view: CorrelationView) -> frozenset[int]:
    """Members whose risk lowers the cluster's: r_i * (C r)_i < 0; an asset without history hedges nothing."""
    known = [index for index, line in enumerate(lines) if line.asset not in view.missing]
    rows = view.rows([lines[index].asset for index in known])
    marginal = view.matrix[np.ix_(rows, rows)] @ np.array([signed[index] for index in known])
    return frozenset(index for index, slope in zip(known, marginal, strict=True) if signed[index] * float(slope) < 0.0)


def _largest_scale(
    lines: Sequence[Line], signed: Sequence[float], hedges: frozenset[int], view: CorrelationView, cap_usd: float
) -> float:
    """The largest s in [0, 1] at which s times the non-hedging members plus the hedges is within the cap; where none is, the s of
    least risk. The risk is convex in s (a norm of an affine function), above the cap at 1."""

    def risk(scale: float) -> float:
        return correlated_risk(lines, [value * (1.0 if i in hedges else scale) for i, value in enumerate(signed)], view)

    low, high = 0.0, 1.0
    for _ in range(_SEARCH_STEPS):
        third = (high - low) / 3.0
        if risk(low + third) <= risk(high - third):
            high -= third
        else:
            low += third
    least = low
    if risk(least) > cap_usd:
        return least
    inside, outside = least, 1.0
    for _ in range(_SEARCH_STEPS):
        middle = 0.5 * (inside + outside)
        inside, outside = (middle, outside) if risk(middle) <= cap_usd else (inside, middle)
    return inside
