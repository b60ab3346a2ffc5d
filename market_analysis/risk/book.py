"""The book's totals: one consistent set, after caps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from market_analysis.domain import Account, MarginMode, Snapshot, Unknown
from market_analysis.risk.bridge import EquityBridge
from market_analysis.risk.caps import Caps
from market_analysis.risk.correlation import CorrelationView
from market_analysis.risk.exposure import Line, correlated_risk
from market_analysis.risk.margin_health import MarginHealth
from market_analysis.risk.peaks import Peak
from market_analysis.risk.room import Room
from market_analysis.risk.throttle import RiskCap
from market_analysis.risk.types import BookReport, PositionReport, ProtectionState, Verdict
from market_analysis.risk.valuation import dollars

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class BookParts:
    """What the totals are made of. reports: after caps, None when the positions could not be read. lines: of the positions."""

    snapshot: Snapshot
    reports: tuple[PositionReport, ...] | None
    lines: tuple[Line, ...]
    view: CorrelationView
    bridge: EquityBridge
    peak: Peak
    room: Room
    loss_usd: Decimal | None
    resting_entries_usd: float | None
    holdings_stress_usd: Decimal | None
    cap: RiskCap | None
    caps: Caps
    margin: MarginHealth
    es_usd: float | None


def total(values: Iterable[Decimal | None]) -> Decimal | None:
    """The sum, None as soon as one is unknown; an empty sum is zero."""
    amount = ZERO
    for value in values:
        if value is None:
            return None
        amount += value
    return amount


def book_report(parts: BookParts) -> BookReport:
    """Totals of the book. Positions unread: every figure that rests on them is None."""
    reports = parts.reports
    account = None if isinstance(parts.snapshot.account, Unknown) else parts.snapshot.account
    day = None if isinstance(parts.snapshot.day, Unknown) else parts.snapshot.day
    equity = None if account is None else account.equity
    risk, reward = _planned(reports)
    return BookReport(
        total_positions=None if reports is None else len(reports),
        total_notional=_sum(reports, [r.notional for r in reports or ()]),
        net_notional=_sum(reports, [_signed(r) for r in reports or ()]),
        total_unrealized_pnl=_sum(reports, [r.current_pnl for r in reports or ()]),
        equity_usd=dollars(equity),
        available_usd=None if account is None else dollars(account.available_balance),
        day_pnl_usd=parts.bridge.day_pnl_usd,
        day_realized_usd=None if day is None else dollars(day.realized_pnl_usd),
        day_fees_usd=None if day is None else dollars(day.fees_usd),
        day_funding_usd=None if day is None else dollars(day.funding_usd),
        day_flows_usd=None if day is None else dollars(day.flows_usd),
        equity_at_reset_usd=parts.bridge.equity_at_reset_usd,
        equity_at_reset_source=parts.bridge.source,
        unexplained_usd=parts.bridge.unexplained_usd,
        next_reset=parts.snapshot.next_reset,
        day_limit_usd=parts.room.limit_usd,
        day_left_usd=parts.room.left_usd,
        room_usd=parts.room.room_usd,
        total_risk_if_all_sl_hit=risk,
        total_reward_if_all_tp_hit=reward,
        loss_if_all_stops_fill_usd=parts.loss_usd,
        loss_if_all_stops_fill_r=_sum_of_r(reports),
        correlated_loss_usd=_correlated(parts),
        resting_entries_usd=dollars(parts.resting_entries_usd),
        holdings_stress_usd=parts.holdings_stress_usd,
        funding_per_day_usd=_sum(reports, [r.funding_per_day_usd for r in reports or ()]),
        portfolio_risk_reward_ratio=float(reward / risk) if risk and reward is not None else None,
        risk_of_equity_frac=float(parts.loss_usd / equity) if parts.loss_usd is not None and equity and equity > 0 else None,
        risk_cap_usd=None if parts.cap is None else dollars(parts.cap.cap_usd),
        risk_cap_frac=None if parts.cap is None else parts.cap.cap_frac,
        drawdown_from_peak_frac=parts.peak.drawdown_frac,
        throttle_multiplier=1.0 if parts.cap is None else parts.cap.multiplier,
        portfolio_scale=parts.caps.portfolio_scale,
        margin_mode=MarginMode.UNKNOWN if account is None else account.margin_mode,
        maintenance_margin_frac=_margin_rate(account),
        mmr_at_stops_frac=_finite(parts.margin.rate_at_stops),
        joint_liquidation_move_frac=parts.margin.move_frac,
        joint_liquidation_factor=parts.margin.factor,
        naked_count=_naked(reports),
        positions_at_risk=tuple(str(r.key) for r in reports or () if r.position_health is not Verdict.NORMAL),
        es_99_1d_usd=dollars(parts.es_usd),
        wallet_balance_usd=None if account is None else account.wallet_balance,
        margin_balance_usd=None if account is None else account.margin_balance,
        initial_margin_usd=None if account is None else account.initial_margin,
    )


def _sum(reports: Sequence[PositionReport] | None, values: Sequence[Decimal | None]) -> Decimal | None:
    return None if reports is None else total(values)


def _signed(report: PositionReport) -> Decimal | None:
    return None if report.notional is None else report.side.sign * report.notional


def _planned(reports: Sequence[PositionReport] | None) -> tuple[Decimal | None, Decimal | None]:
    """Planned risk and reward after caps; a position without a plan adds neither (its findings say why)."""
    if reports is None:
        return None, None
    planned = [report for report in reports if report.dollar_risk is not None]
    risk = total(report.dollar_risk for report in planned)
    return risk, total(report.dollar_reward or ZERO for report in planned)


def _sum_of_r(reports: Sequence[PositionReport] | None) -> float | None:
    if reports is None:
        return None
    losses = [report.protection.can_lose_from_entry_r for report in reports]
    known = [loss for loss in losses if loss is not None]
    return float(sum(known)) if len(known) == len(losses) else None


def _correlated(parts: BookParts) -> Decimal | None:
    if parts.reports is None or any(line.risk_usd is None for line in parts.lines):
        return None
    return dollars(correlated_risk(parts.lines, [line.risk_usd or 0.0 for line in parts.lines], parts.view))


def _margin_rate(account: Account | None) -> float | None:
    if account is None or account.maintenance_margin_frac is None:
        return None
    return float(account.maintenance_margin_frac)


def _finite(rate: float | None) -> float | None:
    """No margin balance left is no number: the finding `joint_liquidation_at_stops` says it."""
    return rate if rate is not None and math.isfinite(rate) else None


def _naked(reports: Sequence[PositionReport] | None) -> int | None:
    if reports is None or any(report.protection.state is ProtectionState.UNKNOWN for report in reports):
        return None
    return sum(report.protection.covered_frac <= 0.0 for report in reports)
