"""One position, whole: levels, probabilities, size, protection, findings, verdict."""

from __future__ import annotations

from market_analysis.domain import History, Instrument, Position, PositionMemory, Snapshot, Unknown, to_milliseconds
from market_analysis.errors import QuantError
from market_analysis.risk.position_findings import Facts, not_modelled, position_findings, worst_first
from market_analysis.risk.position_inputs import PositionInputs, position_inputs
from market_analysis.risk.position_plan import PositionPlan, plan_position
from market_analysis.risk.position_report import ReportParts, position_report
from market_analysis.risk.position_result import PositionResult
from market_analysis.risk.protection import Coverage, assess_protection, coverage, resting_stops
from market_analysis.risk.volatility import VolatilityModel
from market_analysis.settings import Settings


def analyse_position(
    position: Position,
    snapshot: Snapshot,
    history: History,
    memory: PositionMemory | None,
    settings: Settings,
    model: VolatilityModel | Unknown[VolatilityModel] | None,
) -> PositionResult:
    """Everything about one position as of `snapshot.as_of`; a pure function of its arguments.

    model: of the position's instrument (`fit_models`), fitted once per closed bar and reusable until the next. A position that
    cannot be modelled still appears: levels null, finding `not_modelled`, its loss taken at the worst case, its memory kept.
    """
    inputs = position_inputs(position, snapshot, memory, settings)
    covered = _coverage(inputs)
    plan, reason, detail = _plan(inputs, covered, history, model, to_milliseconds(snapshot.as_of), settings)
    remembered = plan.anchored.memory if plan else memory
    protection, covered, loss = assess_protection(
        position,
        inputs.orders,
        inputs.mark,
        inputs.valuer,
        settings.portfolio.stress_gap_frac,
        plan.anchored.memory.r0 if plan else None,
    )
    facts = Facts(
        position=position,
        mark=inputs.mark,
        protection=protection,
        covered=covered,
        levels=plan.levels if plan else None,
        choice=plan.anchored.choice if plan else None,
        optimal=plan.size.quantity if plan else None,
        settings=settings,
    )
    findings = position_findings(facts)
    if plan is None:
        findings = worst_first((*findings, not_modelled(position, reason, detail)))
    known = model if isinstance(model, VolatilityModel) else None
    report = position_report(ReportParts(inputs, protection, plan, known, findings, settings))
    return PositionResult(
        report=report,
        memory=remembered,
        sigma_day=None if known is None else known.sigma_day,
        can_lose_usd=loss.from_mark_usd,
        planned_risk_usd=plan.money.planned_risk if plan else None,
        planned_reward_usd=plan.money.planned_reward if plan else None,
    )


def _coverage(inputs: PositionInputs) -> Coverage:
    if isinstance(inputs.orders, Unknown):
        return Coverage((), inputs.position.quantity)
    return coverage(resting_stops(inputs.position, inputs.orders, inputs.mark), inputs.position)


def _plan(
    inputs: PositionInputs,
    covered: Coverage,
    history: History,
    model: VolatilityModel | Unknown[VolatilityModel] | None,
    as_of_ms: int,
    settings: Settings,
) -> tuple[PositionPlan | None, str, str]:
    """The plan, or None with (reason, detail)."""
    if not isinstance(inputs.instrument, Instrument):
        return None, "instrument_unknown", "the contract terms could not be read"
    if model is None:
        return None, "not_read", "no hourly bars were read"
    if isinstance(model, Unknown):
        return None, model.reason, model.detail
    finer = history.entry_bars.get(inputs.position.key)
    try:
        plan = plan_position(inputs, inputs.instrument, covered, finer, model, as_of_ms, settings)
    except QuantError as error:
        return None, "model_failed", error.message
    return plan, "no_stop_possible", "at this volatility no stop lies above zero"
