"""Everything the book's mathematics needs of the market: returns, correlations, betas, per asset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from market_analysis.domain import Finding, History, Severity, Snapshot, Unknown
from market_analysis.risk.assets import asset_of, asset_of_instrument, bars_by_asset
from market_analysis.risk.correlation import CorrelationView, Returns, correlation_view, four_hour_returns
from market_analysis.risk.holdings import holdings
from market_analysis.risk.market_factor import MarketFactor, market_factor
from market_analysis.risk.types import HoldingReport
from market_analysis.settings import PortfolioSettings


@dataclass(frozen=True, slots=True, eq=False)
class MarketView:
    """returns: 4h log returns of every asset with history. view: correlations of the assets held. factor: their betas."""

    returns: Mapping[str, Returns]
    holdings: tuple[HoldingReport, ...]
    view: CorrelationView
    factor: MarketFactor


def market_view(snapshot: Snapshot, history: History, settings: PortfolioSettings) -> MarketView:
    """The market as of the snapshot. Assets are in alphabetical order, so that nothing depends on the order of positions."""
    returns = {asset: four_hour_returns(bars) for asset, bars in bars_by_asset(snapshot, history).items()}
    held = holdings(snapshot, returns)
    positions = () if isinstance(snapshot.positions, Unknown) else snapshot.positions
    assets = {asset_of_instrument(position.instrument, snapshot.instruments) for position in positions}
    assets |= {asset_of(holding.coin) for holding in held}
    ordered = tuple(sorted(assets))
    return MarketView(
        returns=returns,
        holdings=held,
        view=correlation_view(ordered, returns, snapshot.as_of, settings.corr_lookback_days),
        factor=market_factor(ordered, returns, snapshot.as_of, settings.corr_lookback_days),
    )


def history_findings(market: MarketView) -> tuple[Finding, ...]:
    """Assets without enough history: lone clusters, at correlation one where the worst is asked for."""
    return tuple(
        Finding(
            code="no_correlation_history",
            severity=Severity.INFO,
            subject=asset,
            message=f"{asset}: fewer than 10 days of 4h returns in common with the book; taken at correlation one, beta 1",
            rule="correlation needs 60 common closed 4h returns",
        )
        for asset in sorted(market.view.missing)
    )
