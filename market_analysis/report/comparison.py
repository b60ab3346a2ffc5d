"""The book before and after a trade that is only thought of: ROOM first, then totals, margin, clusters, findings."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from tabulate import tabulate

from market_analysis.domain import Finding, Severity
from market_analysis.report.layout import note
from market_analysis.report.names import subject_name
from market_analysis.report.numbers import UNKNOWN, money, percent, plain, ratio
from market_analysis.risk.types import Analysis, ClusterReport
from market_analysis.risk.what_if import Change, Comparison

_NAMES = {
    "room_usd": "ROOM, USD",
    "day_left_usd": "day left, USD",
    "loss_if_all_stops_fill_usd": "if all stops fill, USD",
    "loss_if_all_stops_fill_r": "if all stops fill, R from entry",
    "correlated_loss_usd": "all stops, correlated, USD",
    "risk_of_equity_frac": "all stops, of equity",
    "naked_count": "NAKED positions",
    "es_99_1d_usd": "ES 99 %, 1 day, USD",
    "joint_liquidation_move_frac": "joint liquidation move",
    "maintenance_margin_frac": "margin rate (MMR)",
    "mmr_at_stops_frac": "margin rate at the stops",
    "available_usd": "available, USD",
    "total_positions": "positions",
    "total_notional": "notional, USD",
    "net_notional": "net notional, USD",
    "funding_per_day_usd": "funding a day, USD",
    "total_risk_if_all_sl_hit": "planned risk, USD",
    "total_reward_if_all_tp_hit": "planned reward, USD",
    "portfolio_risk_reward_ratio": "planned reward to risk",
    "portfolio_scale": "portfolio cap scales by",
    "equity_usd": "equity, USD",
    "day_pnl_usd": "day, USD",
    "day_fees_usd": "day's fees, USD",
    "risk_cap_usd": "risk cap, USD",
    "drawdown_from_peak_frac": "below the peak",
}
"""The figures in the order in which a trader asks for them; others keep their field name and follow."""
_ALIGN = ("left", "right", "right")


def comparison_text(comparison: Comparison) -> str:
    """The figures that the trade changes, the clusters it touches, what it newly finds and what it settles."""
    order = list(_NAMES)
    changes = sorted(comparison.changes, key=lambda change: order.index(change.name) if change.name in _NAMES else len(order))
    rows = [
        (_NAMES.get(change.name, change.name), _shown(change, change.before), _shown(change, change.after)) for change in changes
    ]
    rows = [row for row in rows if row[1] != row[2]] + _clusters(comparison.before, comparison.after)
    table = tabulate(
        rows, headers=("", "before", "after"), tablefmt="plain", disable_numparse=True, colalign=_ALIGN if rows else None
    )
    verdicts = f"verdict {comparison.before.verdict.value} -> {comparison.after.verdict.value}"
    new = _only_in(comparison.after, comparison.before)
    settled = _only_in(comparison.before, comparison.after)
    return "\n".join(
        (
            table if rows else "nothing changes",
            verdicts,
            *(("new findings:", *new) if new else ()),
            *(("settled findings:", *settled) if settled else ()),
        )
    )


def _shown(change: Change, value: Decimal | float | int | None) -> str:
    if value is None:
        return UNKNOWN
    if change.name.endswith("_frac"):
        return percent(value, 2)
    if isinstance(value, Decimal):
        return money(value)
    return str(value) if isinstance(value, int) else ratio(value)


def _clusters(before: Analysis, after: Analysis) -> list[tuple[str, str, str]]:
    """Net risk against the cap of every cluster that changes; one that is not there is `-`."""
    old, new = _by_name(before.clusters), _by_name(after.clusters)
    names = dict.fromkeys((*new, *old))
    shown = [(f"cluster {plain(name)}, USD", _cluster(old.get(name)), _cluster(new.get(name))) for name in names]
    return [line for line in shown if line[1] != line[2]]


def _by_name(clusters: Iterable[ClusterReport]) -> dict[str, ClusterReport]:
    return {cluster.name: cluster for cluster in clusters}


def _cluster(cluster: ClusterReport | None) -> str:
    if cluster is None:
        return "-"
    cap = f" of {money(cluster.cap_usd)}" if cluster.cap_usd is not None else ""
    return f"{money(cluster.risk_usd)}{cap}{' OVER' if cluster.over_cap else ''}"


def _only_in(one: Analysis, other: Analysis) -> list[str]:
    known = {(finding.code, finding.subject) for finding in other.findings}
    return [
        _line(finding)
        for finding in one.findings
        if (finding.code, finding.subject) not in known and finding.severity is not Severity.INFO
    ]


def _line(finding: Finding) -> str:
    text = f"{subject_name(finding.subject)}: {plain(finding.message)}"
    return note(text, bullet=f"{finding.severity.value.upper():<8}")
