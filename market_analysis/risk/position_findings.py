"""What is wrong with one position, as findings with rule, inputs, threshold and a short action (rulings 15 and 37)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from market_analysis.domain import Finding, Position, Severity
from market_analysis.risk.levels import Levels
from market_analysis.risk.protection import Coverage
from market_analysis.risk.target import TargetChoice
from market_analysis.risk.types import ProtectionReport, ProtectionState, Verdict
from market_analysis.settings import Settings

_ORDER = (Severity.CRITICAL, Severity.UNKNOWN, Severity.WARNING, Severity.INFO)
_VERDICT = {
    Severity.CRITICAL: Verdict.CRITICAL,
    Severity.UNKNOWN: Verdict.UNKNOWN,
    Severity.WARNING: Verdict.WARNING,
    Severity.INFO: Verdict.NORMAL,
}
NOTHING_TO_DO = "ok"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the findings of one position are judged on. optimal: planned size, None when refused or unknown."""

    position: Position
    mark: Decimal
    protection: ProtectionReport
    covered: Coverage
    levels: Levels | None
    choice: TargetChoice | None
    optimal: Decimal | None
    settings: Settings


def position_findings(facts: Facts) -> tuple[Finding, ...]:
    """Every finding of a modelled or unmodelled position, the worst first."""
    found = [*_protection(facts)]
    if facts.levels is not None:
        found += [*_plan(facts, facts.levels), *_size(facts), *_choice(facts)]
    return worst_first(found)


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sorted by severity; equal ones keep their order."""
    return tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.severity)))


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """The verdict of the worst finding; NORMAL without any."""
    return next((_VERDICT[finding.severity] for finding in worst_first(findings)), Verdict.NORMAL)


def action_of(findings: Iterable[Finding]) -> str:
    """The action of the worst finding that asks for one, else ok."""
    return next((finding.action for finding in worst_first(findings) if finding.action), NOTHING_TO_DO)


def not_modelled(position: Position, reason: str, detail: str) -> Finding:
    """The position is shown without levels, its loss taken at the worst case."""
    return Finding(
        code="not_modelled",
        severity=Severity.UNKNOWN,
        subject=str(position.key),
        message=f"no levels: {detail}",
        rule="closed bars and contract terms carry a model",
        inputs={"reason": reason},
        action="review by hand",
    )


def _protection(facts: Facts) -> list[Finding]:
    position, report = facts.position, facts.protection
    subject, size = str(position.key), str(position.quantity)
    if report.state is ProtectionState.UNKNOWN:
        return [
            _finding("protection_unknown", Severity.UNKNOWN, subject, "resting orders could not be read", "check orders at venue")
        ]
    found = []
    open_to_loss = facts.covered.uncovered > 0
    assumed = f"size without a stop is counted at the stress gap: {report.assumed_usd} USD"
    if not facts.covered.legs:
        message = f"no resting stop protects {size}; {assumed}"
        found.append(
            Finding(
                "naked_position",
                Severity.CRITICAL,
                subject,
                message,
                "an active market reduce-only stop rests on the loss side",
                {"size": size, "covered_frac": report.covered_frac, "mark": str(facts.mark)},
                1.0,
                "ADD STOP",
            )
        )
    elif open_to_loss:
        found.append(
            Finding(
                "stop_partly_covering",
                Severity.WARNING,
                subject,
                f"stops cover {report.covered_frac:.0%} of {size}; {assumed}",
                "covered_frac >= 1",
                {"covered_frac": report.covered_frac, "uncovered": str(facts.covered.uncovered)},
                1.0,
                "cover the rest",
            )
        )
    return found + [_not_counting(stop.why_not, subject, facts, str(stop.trigger_price)) for stop in report.stops if stop.why_not]


_WHY = {
    "wrong_side": ("stop_wrong_side", "the stop's trigger lies on the profit side of the mark", "fix stop side"),
    "beyond_liquidation": ("stop_beyond_liquidation", "isolated liquidation comes before the stop", "move stop or add margin"),
    "asleep": ("stop_asleep", "the stop sleeps until its activation price", "add a stop that is awake"),
    "limit_order": ("stop_is_limit", "a stop-limit order may not fill when it must", "make it a market stop"),
    "not_reduce_only": ("stop_not_reduce_only", "without reduce-only the stop may open a new position", "make it reduce-only"),
}


def _not_counting(why: str, subject: str, facts: Facts, trigger: str) -> Finding:
    """A resting stop that is no protection: critical where the side or liquidation is wrong and size is open to loss."""
    code, message, action = _WHY[why]
    grave = why in ("wrong_side", "beyond_liquidation") and facts.covered.uncovered > 0
    liquidation = facts.position.liquidation_price
    return Finding(
        code=code,
        severity=Severity.CRITICAL if grave else Severity.INFO,
        subject=subject,
        message=f"{message} (trigger {trigger}, mark {facts.mark})",
        rule="market type, reduce-only, active, on the loss side, before isolated liquidation",
        inputs={"trigger": trigger, "mark": str(facts.mark), "liquidation": None if liquidation is None else str(liquidation)},
        action=action if facts.covered.uncovered > 0 else "",
    )


def _plan(facts: Facts, levels: Levels) -> list[Finding]:
    subject, sign, mark = str(facts.position.key), facts.position.side.sign, str(facts.mark)
    found = []
    if levels.stop_passed:
        message = f"the planned stop {levels.planned} lies behind the mark {mark}; it is not moved"
        inputs = {"planned_stop": str(levels.planned), "mark": mark}
        rule = "the mark is on the profit side of the planned stop"
        found.append(
            Finding("stop_passed", Severity.WARNING, subject, message, rule, inputs, str(levels.planned), "exit or set your own")
        )
    else:
        found += _looser(facts, levels, subject, sign)
    buffer = levels.buffer
    if buffer.stop_is_beyond or buffer.safe is False:
        code = "planned_stop_beyond_liquidation" if buffer.stop_is_beyond else "liquidation_buffer_thin"
        liquidation = str(facts.position.liquidation_price)
        message = f"isolated liquidation at {liquidation} is too near to the stop (planned {levels.planned})"
        rule = "|stop - liquidation| >= liquidation_buffer_multiple * |entry - stop|"
        inputs_liq: dict[str, str | float | None] = {
            "ratio": buffer.ratio,
            "liquidation": liquidation,
            "planned_stop": str(levels.planned),
        }
        found.append(Finding(code, Severity.INFO, subject, message, rule, inputs_liq, buffer.threshold, "add margin"))
    if levels.target_passed and not levels.stop_passed:
        message = f"the target lies behind the mark {mark}"
        action = "take profit or set your own"
        found.append(
            Finding(
                "target_passed", Severity.INFO, subject, message, "the target is ahead of the mark", {"mark": mark}, None, action
            )
        )
    return found


def _looser(facts: Facts, levels: Levels, subject: str, sign: int) -> list[Finding]:
    """The farthest counting stop against the plan, both on the tick grid."""
    if not facts.covered.legs or levels.buffer.stop_is_beyond:
        return []
    resting = facts.covered.legs[-1][0]
    if sign * (levels.planned - resting) <= 0:
        return []
    return [
        Finding(
            "stop_looser_than_plan",
            Severity.WARNING,
            subject,
            f"resting stop {resting} is looser than the plan {levels.planned}",
            "resting stop at least as tight as the planned stop",
            {"resting_stop": str(resting), "planned_stop": str(levels.planned)},
            str(levels.planned),
            "raise stop" if sign > 0 else "lower stop",
        )
    ]


def _size(facts: Facts) -> list[Finding]:
    threshold = facts.settings.risk.risk_deviation_warning_threshold
    held, optimal = facts.position.quantity, facts.optimal
    if optimal is None or held <= optimal * Decimal(str(threshold)):
        return []
    message = f"size {held} is {held / optimal:.2f} times the planned {optimal}"
    inputs: dict[str, str | float | None] = {"size": str(held), "planned_size": str(optimal), "ratio": float(held / optimal)}
    rule = "size <= risk_deviation_warning_threshold * planned size"
    return [Finding("size_above_plan", Severity.WARNING, str(facts.position.key), message, rule, inputs, threshold, "trim")]


def _choice(facts: Facts) -> list[Finding]:
    if facts.choice is None or facts.choice.reachable:
        return []
    prob = facts.settings.prob
    rule = f"some multiple has P(target, {prob.horizon_hours} h) >= prob_target and reward to risk >= min_reward_risk"
    inputs = {"prob_target": prob.prob_target, "min_reward_risk": prob.min_reward_risk, "horizon_hours": float(prob.horizon_hours)}
    return [Finding("target_unreachable", Severity.INFO, str(facts.position.key), facts.choice.why, rule, inputs, prob.prob_target)]


def _finding(code: str, severity: Severity, subject: str, message: str, action: str) -> Finding:
    return Finding(code, severity, subject, message, action=action)
