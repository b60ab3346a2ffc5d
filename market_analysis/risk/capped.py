"""A position's report after the book's caps: planned size, money, and whether shrinking it may be advised at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from market_analysis.domain import Finding, Instrument, PositionKey, Severity, quantity
from market_analysis.risk.caps import Caps, Plan, allowed_cuts, unhedge_finding
from market_analysis.risk.position_findings import action_of, verdict_of, worst_first
from market_analysis.risk.position_result import PositionResult
from market_analysis.risk.tail_risk import UnhedgeJudge
from market_analysis.risk.types import PositionReport
from market_analysis.risk.valuation import rounded

SIZE_ABOVE_PLAN = "size_above_plan"
TRIM, TRIM_TOGETHER, KEEP_HEDGE = "trim", "trim legs together", "keep hedge"
_BELOW_MINIMUM = "below_minimum_after_caps"


def plan_of(result: PositionResult) -> Plan | None:
    """The position's plan before caps, None where it has none."""
    report, risk = result.report, result.planned_risk_usd
    if risk is None or report.optimal_position_size is None:
        return None
    return Plan(report.key, report.side.sign, max(risk, 0.0), float(report.optimal_position_size / report.position_size))


def capped_reports(
    results: Mapping[PositionKey, PositionResult],
    terms: Mapping[PositionKey, Instrument],
    caps: Caps,
    judge: UnhedgeJudge,
    warning_ratio: float,
) -> tuple[PositionReport, ...]:
    """The reports with planned sizes on the lot grid after caps; what is held above plan is flagged, hedges are left alone.

    `warning_ratio`: [risk] risk_deviation_warning_threshold. Where shrinking a position would raise the book's tail, alone or with
    the others advised, the warning stays but the cut is not advised (`cap_would_unhedge`): the legs go together, or not at all.
    """
    scaled = {
        key: scale_report(result.report, terms.get(key), caps.scale.get(key, 1.0), caps.notes.get(key))
        for key, result in results.items()
    }
    over = {key: report for key, report in scaled.items() if _is_over(report, warning_ratio)}
    kept = {key: float((report.optimal_position_size or Decimal(0)) / report.position_size) for key, report in over.items()}
    excess = {
        key: float((report.current_dollar_risk or Decimal(0)) - (report.dollar_risk or Decimal(0))) for key, report in over.items()
    }
    allowed = allowed_cuts(kept, excess, judge)
    together = len(over) - len(allowed) > 1 and not judge.raises_tail(kept)
    advice = {key: TRIM if key in allowed else TRIM_TOGETHER if together else KEEP_HEDGE for key in over}
    return tuple(_judged(report, advice.get(key), warning_ratio) for key, report in scaled.items())


def scale_report(report: PositionReport, terms: Instrument | None, scale: float, note: str | None) -> PositionReport:
    """The planned size times `scale` (all caps in), rounded down to whole lots; risk and reward in the proportion of what is left.

    Below the smallest order nothing is left: size None, refusal `below_minimum_after_caps`, no planned money.
    """
    planned = report.optimal_position_size
    if planned is None or scale >= 1.0:
        return replace(report, portfolio_scale=min(scale, 1.0), portfolio_note=note)
    step = Decimal(0) if terms is None else terms.quantity_step
    size = quantity(float(planned) * scale, step) if step else planned * Decimal(str(scale))
    if terms is not None and (size < terms.min_quantity or _below_notional(size, report, terms)):
        size = Decimal(0)
    share = size / planned
    risk = None if report.dollar_risk is None else rounded(report.dollar_risk * share)
    reward = None if report.dollar_reward is None else rounded(report.dollar_reward * share)
    ratio = report.risk_deviation_ratio
    return replace(
        report,
        optimal_position_size=size or None,
        size_refusal=None if size else _BELOW_MINIMUM,
        dollar_risk=risk,
        dollar_reward=reward,
        risk_deviation_ratio=ratio / float(share) if ratio is not None and share else None,
        portfolio_scale=scale,
        portfolio_note=note,
    )


def _below_notional(size: Decimal, report: PositionReport, terms: Instrument) -> bool:
    notional = size * terms.contract_size * (1 if terms.is_inverse else report.current_price)
    return terms.min_notional is not None and notional < terms.min_notional


def _is_over(report: PositionReport, warning_ratio: float) -> bool:
    planned = report.optimal_position_size
    if planned is None:
        return report.size_refusal == _BELOW_MINIMUM
    return report.position_size > planned * Decimal(str(warning_ratio))


def _judged(report: PositionReport, advice: str | None, warning_ratio: float) -> PositionReport:
    others = tuple(finding for finding in report.findings if finding.code != SIZE_ABOVE_PLAN)
    if advice is None:
        return report if len(others) == len(report.findings) else _concluded(report, others)
    found = (*others, size_finding(report, warning_ratio, advice))
    if advice != TRIM:
        message = f"{report.symbol}: larger than planned, but shrinking it alone would raise the book's tail"
        found = (*found, unhedge_finding(str(report.key), message))
    return _concluded(report, found)


def size_finding(report: PositionReport, warning_ratio: float, advice: str) -> Finding:
    """WARNING of ruling 37: size above 1.2 of planned, caps in; `advice` is what may be done about it."""
    planned = report.optimal_position_size or Decimal(0)
    note = f" ({report.portfolio_note})" if report.portfolio_note else ""
    return Finding(
        code=SIZE_ABOVE_PLAN,
        severity=Severity.WARNING,
        subject=str(report.key),
        message=f"size {report.position_size} is above the planned {planned}{note}",
        rule="size <= risk_deviation_warning_threshold * planned size after caps",
        inputs={
            "size": str(report.position_size),
            "planned_size": str(planned),
            "ratio": float(report.position_size / planned) if planned else None,
        },
        threshold=warning_ratio,
        action=advice,
    )


def _concluded(report: PositionReport, findings: tuple[Finding, ...]) -> PositionReport:
    ordered = worst_first(findings)
    return replace(report, findings=ordered, position_health=verdict_of(ordered), action_required=action_of(ordered))
