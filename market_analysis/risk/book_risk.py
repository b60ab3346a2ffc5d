"""The book's risk before and after caps: positions analysed, clustered, capped, judged by the tail they leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from market_analysis.domain import History, Instrument, InstrumentId, Memory, Position, PositionKey, Snapshot, Unknown
from market_analysis.risk.bridge import EquityBridge
from market_analysis.risk.capped import capped_reports, plan_of
from market_analysis.risk.caps import Caps, apply_caps
from market_analysis.risk.clusters import Cluster, cluster_cap_usd, find_clusters
from market_analysis.risk.exposure import Line, holding_line, position_line
from market_analysis.risk.margin_health import MarginHealth, margin_health
from market_analysis.risk.market_view import MarketView
from market_analysis.risk.position import analyse_position
from market_analysis.risk.position_result import PositionResult
from market_analysis.risk.tail_risk import BookTail, UnhedgeJudge, book_tail
from market_analysis.risk.throttle import RiskCap, risk_cap
from market_analysis.risk.types import PositionReport
from market_analysis.risk.volatility import VolatilityModel, fit_models
from market_analysis.settings import Settings

Models = Mapping[InstrumentId, VolatilityModel | Unknown[VolatilityModel]]


@dataclass(frozen=True, slots=True, eq=False)
class BookRisk:
    """results: before caps, by key in order. lines: positions, then holdings. tail: None when a line has no value in dollars.
    cap, cluster_cap_usd: None without equity. reports: after caps, None when the positions could not be read. models: of every
    instrument with bars."""

    results: Mapping[PositionKey, PositionResult]
    lines: tuple[Line, ...]
    clusters: tuple[Cluster, ...]
    margin: MarginHealth
    tail: BookTail | None
    judge: UnhedgeJudge
    cap: RiskCap | None
    cluster_cap_usd: float | None
    caps: Caps
    reports: tuple[PositionReport, ...] | None
    models: Models


def book_risk(
    snapshot: Snapshot,
    history: History,
    memory: Memory,
    settings: Settings,
    models: Models | None,
    market: MarketView,
    bridge: EquityBridge,
) -> BookRisk:
    """Every position analysed, then the book: lines, clusters, margin, tail, caps, and the reports after caps.

    No equity (unread, or not above zero): nothing is capped, for there is nothing to cap by.
    """
    held = None if isinstance(snapshot.positions, Unknown) else snapshot.positions
    fitted = _fitted(held or (), snapshot, history, settings, models)
    results = _analyse_positions(held or (), snapshot, history, memory, settings, fitted)
    lines = _lines(held or (), results, snapshot, market, settings)
    clusters = find_clusters(lines, market.view, settings.portfolio)
    margin = margin_health(snapshot, market.factor, results, settings)
    tail = book_tail(lines, market.view, market.returns, settings.portfolio.stress_gap_frac)
    judge = UnhedgeJudge(tail, margin.model, margin.move_frac)
    equity = None if isinstance(snapshot.account, Unknown) or snapshot.account.equity <= 0 else snapshot.account.equity
    caps, cap, cluster_cap = Caps({}, {}, {}, 1.0, ()), None, None
    if equity is not None:
        cap = risk_cap(equity, bridge.day_pnl_usd, settings.portfolio)
        cluster_cap = cluster_cap_usd(float(equity), settings.portfolio)
        plans = {key: plan for key, result in results.items() if (plan := plan_of(result)) is not None}
        caps = apply_caps(clusters, plans, market.view, cluster_cap, cap.cap_usd, judge)
    terms = {key: item for key in results if isinstance(item := snapshot.instruments.get(key.instrument), Instrument)}
    reports = capped_reports(results, terms, caps, judge, settings.risk.risk_deviation_warning_threshold)
    shown = None if held is None else reports
    return BookRisk(results, lines, clusters, margin, tail, judge, cap, cluster_cap, caps, shown, fitted)


def _fitted(held: tuple[Position, ...], snapshot: Snapshot, history: History, settings: Settings, models: Models | None) -> Models:
    """The given models; what is held or has bars and is not among them is fitted here."""
    wanted = sorted({*history.hourly, *(item.instrument for item in held)})
    if models is None:
        return fit_models(history, wanted, settings, snapshot.as_of)
    missing = [instrument for instrument in wanted if instrument not in models]
    return {**models, **fit_models(history, missing, settings, snapshot.as_of)} if missing else models


def _analyse_positions(
    held: tuple[Position, ...], snapshot: Snapshot, history: History, memory: Memory, settings: Settings, fitted: Models
) -> dict[PositionKey, PositionResult]:
    return {
        item.key: analyse_position(item, snapshot, history, memory.positions.get(item.key), settings, fitted[item.instrument])
        for item in sorted(held, key=lambda item: item.key)
    }


def _lines(
    held: tuple[Position, ...],
    results: Mapping[PositionKey, PositionResult],
    snapshot: Snapshot,
    market: MarketView,
    settings: Settings,
) -> tuple[Line, ...]:
    positions = [position_line(item, results[item.key], snapshot) for item in sorted(held, key=lambda item: item.key)]
    balances = [holding_line(holding, settings.portfolio.stress_gap_frac) for holding in market.holdings]
    return (*positions, *balances)
