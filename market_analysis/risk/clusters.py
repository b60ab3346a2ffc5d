"""Positions and holdings that move as one bet (rulings 11, 12, 17)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from market_analysis.domain import Finding, Rounding, Severity, quantise
from market_analysis.quant.clusters import cluster_with_hysteresis
from market_analysis.risk.correlation import CorrelationView
from market_analysis.risk.exposure import Line, correlated_risk
from market_analysis.risk.types import ClusterReport
from market_analysis.risk.valuation import USD_STEP, dollars
from market_analysis.settings import PortfolioSettings


@dataclass(frozen=True, slots=True)
class Cluster:
    """assets: largest gross risk first. lines: of all assets. risk_usd, gross_usd: of the known can-lose. unknown: subjects whose
    can-lose is not known, left out of both. mean_correlation: of its assets' pairs, None for one asset."""

    assets: tuple[str, ...]
    lines: tuple[Line, ...]
    mean_correlation: float | None
    risk_usd: float
    gross_usd: float
    unknown: tuple[str, ...]

    @property
    def name(self) -> str:
        """The base coins, largest first."""
        return " ".join(self.assets)


def find_clusters(lines: Sequence[Line], view: CorrelationView, settings: PortfolioSettings) -> tuple[Cluster, ...]:
    """The book's clusters, riskiest first; lone assets are clusters of one, assets without history always.

    Signs play no part in who belongs to a cluster, so that a hedge stays with what it hedges; they do in its risk.
    """
    if not view.assets:
        return ()
    partition = cluster_with_hysteresis(view.daily, settings.corr_threshold, settings.corr_release)
    found = []
    for members in partition:
        assets = [view.assets[index] for index in members]
        inside = [line for line in lines if line.asset in assets]
        if inside:
            found.append(_cluster(assets, inside, view))
    return tuple(sorted(found, key=lambda item: (-item.risk_usd, -item.gross_usd, item.name)))


def cluster_cap_usd(equity_usd: float, settings: PortfolioSettings) -> float:
    """cluster_risk_cap_pct * max_portfolio_risk_frac * equity (ruling 12): a base that the book itself does not move."""
    return settings.cluster_risk_cap_pct * settings.max_portfolio_risk_frac * equity_usd


def cluster_report(item: Cluster, cap_usd: float | None, planned_scale: float, note: str | None) -> ClusterReport:
    """The cluster as it is reported."""
    return ClusterReport(
        name=item.name,
        members=tuple(line.subject for line in item.lines),
        mean_correlation=item.mean_correlation,
        risk_usd=quantise(item.risk_usd, USD_STEP, Rounding.NEAREST),
        gross_usd=quantise(item.gross_usd, USD_STEP, Rounding.NEAREST),
        cap_usd=dollars(cap_usd),
        over_cap=is_over(item, cap_usd),
        planned_scale=planned_scale,
        note=note,
    )


def is_over(item: Cluster, cap_usd: float | None) -> bool:
    """Whether the cluster's actual risk is above its cap."""
    return cap_usd is not None and item.risk_usd > cap_usd


def is_of_holdings(item: Cluster, view: CorrelationView) -> bool:
    """Whether the cluster's risk is no more than that of its holdings alone: its positions, if any, hedge them."""
    held = [line for line in item.lines if line.key is None and line.risk_usd is not None]
    alone = correlated_risk(held, [line.risk_usd or 0.0 for line in held], view)
    return not item.unknown and item.risk_usd <= alone * (1.0 + 1e-9)


def holdings_over_cap_finding(item: Cluster, cap_usd: float) -> Finding:
    """INFO: the cap is for what is traded; coins that are simply held are over it for as long as they are held."""
    return Finding(
        code="holdings_over_cap",
        severity=Severity.INFO,
        subject=item.name,
        message=f"the holdings of {item.name} can lose {item.risk_usd:,.0f} USD at the stress gap, the cap of a cluster is "
        f"{cap_usd:,.0f}; no position adds to it",
        rule="sqrt(r' C r) of the cluster <= that of its holdings alone",
        inputs={"risk_usd": round(item.risk_usd, 2), "gross_usd": round(item.gross_usd, 2)},
        threshold=round(cap_usd, 2),
    )


def over_cap_finding(item: Cluster, cap_usd: float, reducible: Line | None) -> Finding:
    """WARNING of ruling 37. `reducible`: the line that may be advised to shrink, None where a cut would take a hedge away."""
    return Finding(
        code="cluster_over_cap",
        severity=Severity.WARNING,
        subject=item.name,
        message=f"cluster {item.name} can lose {item.risk_usd:,.0f} USD, its cap is {cap_usd:,.0f}",
        rule="sqrt(r' C r) of signed can-lose <= cluster_risk_cap_pct x max_portfolio_risk_frac x equity",
        inputs={"risk_usd": round(item.risk_usd, 2), "gross_usd": round(item.gross_usd, 2)},
        threshold=round(cap_usd, 2),
        action="tighten stops" if reducible is None else f"tighten stops or reduce {reducible.asset}",
    )


def _cluster(assets: list[str], lines: list[Line], view: CorrelationView) -> Cluster:
    known = [line for line in lines if line.risk_usd is not None]
    signed = [line.risk_usd or 0.0 for line in known]
    gross = {asset: sum(abs(line.risk_usd or 0.0) for line in lines if line.asset == asset) for asset in assets}
    rows = view.rows(assets)
    pairs = [float(view.matrix[i, j]) for place, i in enumerate(rows) for j in rows[place + 1 :]]
    return Cluster(
        assets=tuple(sorted(assets, key=lambda asset: (-gross[asset], asset))),
        lines=tuple(sorted(lines, key=lambda line: (-abs(line.risk_usd or 0.0), line.subject))),
        mean_correlation=sum(pairs) / len(pairs) if pairs else None,
        risk_usd=correlated_risk(known, signed, view),
        gross_usd=float(sum(abs(value) for value in signed)),
        unknown=tuple(line.subject for line in lines if line.risk_usd is None),
    )
