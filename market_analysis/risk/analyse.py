"""The analysis of an account: the one place where everything comes together. Pure: the snapshot is all it knows of the present."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from market_analysis.domain import (
    Finding,
    History,
    Memory,
    Severity,
    Snapshot,
    Unknown,
)
from market_analysis.risk.book import BookParts, book_report, total
from market_analysis.risk.book_findings import equity_findings, incomplete_findings
from market_analysis.risk.book_risk import BookRisk, Models, book_risk
from market_analysis.risk.bridge import EquityBridge, equity_bridge
from market_analysis.risk.caps import reducible_line
from market_analysis.risk.clusters import (
    cluster_report,
    holdings_over_cap_finding,
    is_of_holdings,
    is_over,
    over_cap_finding,
)
from market_analysis.risk.collateral_change import collateral_change
from market_analysis.risk.data_quality import assess_data, data_findings
from market_analysis.risk.day_marks import updated_marks
from market_analysis.risk.holdings import stress_usd
from market_analysis.risk.mark_changes import unrealized_change
from market_analysis.risk.market_view import MarketView, history_findings, market_view
from market_analysis.risk.peaks import Peak, equity_peak
from market_analysis.risk.resting_entries import resting_entries_usd
from market_analysis.risk.room import Room, room, room_finding
from market_analysis.risk.structure import book_structure
from market_analysis.risk.tail_model import tail_model
from market_analysis.risk.types import Analysis, ClusterReport
from market_analysis.risk.valuation import dollars
from market_analysis.risk.value_at_risk import value_at_risk_report
from market_analysis.risk.verdict import verdict
from market_analysis.settings import Settings

_SEVERITY_ORDER = (Severity.CRITICAL, Severity.UNKNOWN, Severity.WARNING, Severity.INFO)


def analyse(
    snapshot: Snapshot, history: History, memory: Memory, settings: Settings, models: Models | None = None
) -> tuple[Analysis, Memory]:
    """Everything said about the account at `snapshot.as_of`, and what to remember of it.

    `models`: fitted ones to reuse (see `fit_models`), else they are fitted here. Positions that could not be read are None, never
    none; a proven flat book has totals of zero. The verdict is UNKNOWN at best while any part is unknown or stale.
    """
    quality = assess_data(snapshot, history, settings.data)
    market = market_view(snapshot, history, settings.portfolio)
    bridge, peak = _equity(snapshot, history, memory, settings)
    risk = book_risk(snapshot, history, memory, settings, models, market, bridge)
    loss = _loss_usd(risk)
    limits = room(settings.risk.daily_loss_limit_frac, bridge.equity_at_reset_usd, bridge.day_pnl_usd, loss)
    book = book_report(_parts(snapshot, settings, market, bridge, peak, limits, loss, risk))
    tail = value_at_risk_report(snapshot, risk.lines, risk.models, settings)
    drawdown = book.drawdown_from_peak_frac
    findings = _ordered(
        (
            *data_findings(quality),
            *bridge.findings,
            *risk.margin.findings,
            *_cluster_findings(risk, market),
            *risk.caps.findings,
            *((found,) if (found := room_finding(limits)) else ()),
            *history_findings(market),
            *incomplete_findings(book, risk.margin),
            *equity_findings(book),
            *(finding for report in risk.reports or () for finding in report.findings),
        )
    )
    analysis = Analysis(
        account_name=snapshot.account_name,
        venue=snapshot.venue,
        as_of=snapshot.as_of,
        verdict=verdict(findings, quality),
        book=book,
        positions=risk.reports,
        holdings=market.holdings,
        clusters=_cluster_reports(risk),
        correlation_symbols=market.view.assets,
        correlation=tuple(tuple(float(value) for value in row) for row in market.view.matrix),
        findings=findings,
        data=quality,
        seed=settings.seed,
        value_at_risk=tail,
        structure=book_structure(snapshot, history, risk.lines, market, risk.margin, tail, drawdown, settings),
        tail_model=tail_model(snapshot, risk.lines, market, settings.portfolio.stress_gap_frac),
    )
    return analysis, _remember(snapshot, memory, risk, peak)


def _equity(snapshot: Snapshot, history: History, memory: Memory, settings: Settings) -> tuple[EquityBridge, Peak]:
    if isinstance(snapshot.account, Unknown):
        return EquityBridge(None, None, None, None, ()), Peak(memory.equity_peak_usd, memory.equity_peak_at, None)
    account = snapshot.account
    tolerance = settings.portfolio.unexplained_equity_tolerance_frac
    day = snapshot.day
    from_bars = None if isinstance(day, Unknown) else unrealized_change(snapshot, history, day.since)
    revalued = None if isinstance(day, Unknown) else collateral_change(snapshot, history, day)
    bridge = equity_bridge(account.equity, account.unrealized_pnl, day, memory, tolerance, from_bars, revalued)
    return bridge, equity_peak(memory, snapshot.as_of, account.equity, snapshot.day)


def _loss_usd(risk: BookRisk) -> Decimal | None:
    """Plain sum of what each position can lose from the mark; stops already past the mark's other side lose nothing."""
    if risk.reports is None:
        return None
    return total(dollars(None if line.risk_usd is None else abs(line.risk_usd)) for line in risk.lines if line.key is not None)


def _parts(
    snapshot: Snapshot,
    settings: Settings,
    market: MarketView,
    bridge: EquityBridge,
    peak: Peak,
    limits: Room,
    loss: Decimal | None,
    risk: BookRisk,
) -> BookParts:
    readable = risk.reports is not None and not isinstance(snapshot.account, Unknown)
    return BookParts(
        snapshot=snapshot,
        reports=risk.reports,
        lines=tuple(line for line in risk.lines if line.key is not None),
        view=market.view,
        bridge=bridge,
        peak=peak,
        room=limits,
        loss_usd=loss,
        resting_entries_usd=resting_entries_usd(snapshot, settings),
        holdings_stress_usd=None
        if isinstance(snapshot.account, Unknown)
        else stress_usd(market.holdings, settings.portfolio.stress_gap_frac),
        cap=risk.cap,
        caps=risk.caps,
        margin=risk.margin,
        es_usd=risk.tail.expected_shortfall_usd() if readable and risk.tail is not None else None,
    )


def _cluster_findings(risk: BookRisk, market: MarketView) -> tuple[Finding, ...]:
    cap = risk.cluster_cap_usd
    if cap is None:
        return ()
    over = [item for item in risk.clusters if is_over(item, cap)]
    return tuple(
        holdings_over_cap_finding(item, cap)
        if is_of_holdings(item, market.view)
        else over_cap_finding(item, cap, reducible_line(item, market.view, risk.judge))
        for item in over
    )


def _cluster_reports(risk: BookRisk) -> tuple[ClusterReport, ...]:
    reports = []
    for item in risk.clusters:
        notes = [risk.caps.notes[line.key] for line in item.lines if line.key is not None and line.key in risk.caps.notes]
        if item.unknown:
            notes.insert(0, f"without {', '.join(item.unknown)}, whose loss cannot be told")
        scale = risk.caps.cluster_scale.get(item.name, 1.0)
        reports.append(cluster_report(item, risk.cluster_cap_usd, scale, notes[0] if notes else None))
    return tuple(reports)


def _ordered(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda item: (_SEVERITY_ORDER.index(item.severity), item.code, item.subject)))


def _remember(snapshot: Snapshot, memory: Memory, risk: BookRisk, peak: Peak) -> Memory:
    """Positions that are still there (all of the old ones when they could not be read), the peak, the day's marks."""
    positions = dict(memory.positions)
    if not isinstance(snapshot.positions, Unknown):
        kept = {key: memory.positions[key] for key in risk.results if key in memory.positions}
        positions = kept | {key: result.memory for key, result in risk.results.items() if result.memory is not None}
    if isinstance(snapshot.account, Unknown):
        return replace(memory, positions=positions)
    account = snapshot.account
    return replace(
        memory,
        positions=positions,
        equity_peak_usd=peak.peak_usd,
        equity_peak_at=peak.at,
        days=updated_marks(memory, snapshot.as_of, snapshot.day, account.equity, account.unrealized_pnl),
    )
