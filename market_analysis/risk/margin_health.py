"""The account's distance from liquidation, now and with every position at its stop, as figures and findings (ruling 13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from market_analysis.domain import Finding, Position, PositionKey, Severity, Snapshot, Unknown
from market_analysis.risk.joint_liquidation import AtStop, joint_liquidation_move, margin_rate_at_stops
from market_analysis.risk.margin_build import margin_model
from market_analysis.risk.margin_model import MarginModel
from market_analysis.risk.market_factor import MarketFactor
from market_analysis.risk.position_result import PositionResult
from market_analysis.risk.protection import adverse_price
from market_analysis.settings import Settings


@dataclass(frozen=True, slots=True)
class MarginHealth:
    """model: None when nothing is in cross margin or it cannot be built (then `findings` says so). move_frac: joint
    liquidation move. rate_at_stops: margin rate with every position at its stop. factor: whose move it is."""

    model: MarginModel | None
    move_frac: float | None
    rate_at_stops: float | None
    factor: str | None
    findings: tuple[Finding, ...]


def margin_health(
    snapshot: Snapshot, factor: MarketFactor, results: Mapping[PositionKey, PositionResult], settings: Settings
) -> MarginHealth:
    """Joint liquidation of the cross-margin book."""
    built = margin_model(snapshot, factor)
    if built is None or isinstance(built, Finding):
        return MarginHealth(None, None, None, None, () if built is None else (built,))
    rate = margin_rate_at_stops(built, _at_stops(snapshot, results, settings))
    findings = () if rate is None or rate < 1.0 else (_reached(rate),)
    return MarginHealth(built, joint_liquidation_move(built), rate, factor.name, findings)


def _at_stops(snapshot: Snapshot, results: Mapping[PositionKey, PositionResult], settings: Settings) -> dict[PositionKey, AtStop]:
    held = () if isinstance(snapshot.positions, Unknown) else snapshot.positions
    found = {}
    for position in held:
        result = results.get(position.key)
        if result is not None and result.can_lose_usd is not None:
            price = _stop_price(position, result, settings.portfolio.stress_gap_frac)
            found[position.key] = AtStop(position.key, price, result.can_lose_usd)
    return found


def _stop_price(position: Position, result: PositionResult, stress_gap_frac: float) -> float:
    """Where the last of the size is stopped: the farthest counting stop, or the stress gap when some of it is uncovered."""
    protection = result.report.protection
    triggers = [stop.trigger_price for stop in protection.stops if stop.counts]
    if protection.covered_frac < 1.0 or not triggers:
        return adverse_price(position, position.mark_price, stress_gap_frac)
    return float(min(triggers) if position.side.sign > 0 else max(triggers))


def _reached(rate: float) -> Finding:
    return Finding(
        code="joint_liquidation_at_stops",
        severity=Severity.CRITICAL,
        subject="account",
        message="the account is liquidated before every position has reached its stop",
        rule="margin rate with every position at its stop < 1",
        inputs={"mmr_at_stops_frac": round(rate, 4) if rate != float("inf") else None},
        threshold=1.0,
        action="reduce, tighten stops or add margin",
    )
