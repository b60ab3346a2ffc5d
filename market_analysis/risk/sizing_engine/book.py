"""The account as the sizing engine sees it: what an analysis of it says, as lines, correlations, clusters and limits."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from market_analysis.domain import Account, History, InstrumentId, MarginMode, Snapshot, Unknown
from market_analysis.risk.assets import asset_of_instrument, bars_by_asset
from market_analysis.risk.clusters import cluster_cap_usd, find_clusters
from market_analysis.risk.correlation import correlation_view, four_hour_returns
from market_analysis.risk.data_quality import OK
from market_analysis.risk.exposure import Line, holding_line, position_delta_usd
from market_analysis.risk.sizing_engine.types import SizingBook
from market_analysis.risk.types import Analysis
from market_analysis.risk.valuation import dollars
from market_analysis.settings import PortfolioSettings, Settings

ZERO = Decimal(0)


def sizing_book(
    snapshot: Snapshot, history: History, analysis: Analysis, settings: Settings, instrument: InstrumentId, *, alone: bool = False
) -> SizingBook:
    """What a trade in `instrument` would join. alone: as if nothing were held, with all of the equity free."""
    asset = asset_of_instrument(instrument, snapshot.instruments)
    lines = () if alone else book_lines(snapshot, analysis, settings.portfolio)
    returns = {name: four_hour_returns(bars) for name, bars in bars_by_asset(snapshot, history).items()}
    assets = sorted({asset, *(line.asset for line in lines)})
    view = correlation_view(assets, returns, snapshot.as_of, settings.portfolio.corr_lookback_days)
    probe = Line("trade", asset, None, 0.0, 0.0, None)
    cluster = next(item for item in find_clusters((*lines, probe), view, settings.portfolio) if probe in item.lines)
    account = snapshot.account if isinstance(snapshot.account, Account) else None
    equity = None if account is None else account.equity
    book = SizingBook(
        equity_usd=equity,
        available_usd=None if account is None else _available(account, snapshot),
        lines=lines,
        view=view,
        cluster=tuple(line for line in cluster.lines if line is not probe),
        cluster_name=cluster.name,
        cluster_cap_usd=None if equity is None else dollars(cluster_cap_usd(float(equity), settings.portfolio)),
        risk_cap_usd=analysis.book.risk_cap_usd,
        loss_usd=_committed_loss(analysis),
        day_limited=settings.risk.daily_loss_limit_frac is not None,
        day_left_usd=analysis.book.day_left_usd,
        problems=_problems(analysis, instrument),
    )
    return replace(book, loss_usd=ZERO, available_usd=equity) if alone else book


def book_lines(snapshot: Snapshot, analysis: Analysis, settings: PortfolioSettings) -> tuple[Line, ...]:
    """Positions with what they can lose as analysed, and holdings; none where the positions could not be read."""
    if isinstance(snapshot.positions, Unknown):
        return ()
    losses = {row.key: row.protection.can_lose_usd for row in analysis.positions or ()}
    found = []
    for held in sorted(snapshot.positions, key=lambda item: item.key):
        loss = losses.get(held.key)
        found.append(
            Line(
                subject=str(held.key),
                asset=asset_of_instrument(held.instrument, snapshot.instruments),
                key=held.key,
                delta_usd=position_delta_usd(held, snapshot),
                risk_usd=None if loss is None else held.side.sign * max(float(loss), 0.0),
                sigma_day=None,
            )
        )
    return (*found, *(holding_line(holding, settings.stress_gap_frac) for holding in analysis.holdings))


def _committed_loss(analysis: Analysis) -> Decimal | None:
    """What the positions lose if all stops fill, and what resting entries would add: they are risk already taken."""
    held, resting = analysis.book.loss_if_all_stops_fill_usd, analysis.book.resting_entries_usd
    return None if held is None or resting is None else held + resting


def _available(account: Account, snapshot: Snapshot) -> Decimal | None:
    """The venue's free margin; where it states none (isolated margin), equity less the margin of every position."""
    if account.available_balance is not None or account.margin_mode is not MarginMode.ISOLATED:
        return account.available_balance
    if isinstance(snapshot.positions, Unknown):
        return None
    used = ZERO
    for held in snapshot.positions:
        terms = snapshot.instruments.get(held.instrument)
        rate = None if terms is None or isinstance(terms, Unknown) else snapshot.usd_rates.get(terms.settle)
        if held.initial_margin is None or not isinstance(rate, Decimal):
            return None
        used += held.initial_margin * rate
    return account.equity - used


def _problems(analysis: Analysis, instrument: InstrumentId) -> tuple[str, ...]:
    """What a new risk rests on and is not read and fresh: account, positions, orders, every price, the instrument's bars."""
    data = analysis.data
    wanted = {"account", "positions", "orders", f"bars {instrument}"}
    return tuple(
        f"{name}: {state}" + (f" ({data.details[name]})" if name in data.details else "")
        for name, state in sorted(data.parts.items())
        if state != OK and (name in wanted or name.startswith("quote "))
    )
