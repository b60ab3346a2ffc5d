"""The account's book, per asset, as the sizing engine needs it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from market_analysis.domain import Account, History, Snapshot, Unknown
from market_analysis.risk.asset_classes import asset_class
from market_analysis.risk.assets import bars_by_asset
from market_analysis.risk.correlation import correlation_view, four_hour_returns
from market_analysis.risk.exposure import Line
from market_analysis.risk.sizing_engine.types import SizingBook
from market_analysis.risk.tail_risk import asset_sigmas
from market_analysis.settings import PortfolioSettings


def sizing_book(snapshot: Snapshot, history: History, lines: Sequence[Line], asset: str, settings: PortfolioSettings) -> SizingBook:
    """lines: of the positions and holdings of `snapshot`; asset: the candidate's, which need not be held.

    A part that could not be read makes the book unknown, never empty.
    """
    returns = {name: four_hour_returns(bars) for name, bars in bars_by_asset(snapshot, history).items()}
    assets = tuple(sorted({asset, *(line.asset for line in lines)}))
    view = correlation_view(assets, returns, snapshot.as_of, settings.corr_lookback_days)
    correlation = view.matrix.copy()
    lost = [row for row, name in enumerate(assets) if name in view.missing]
    correlation[lost] = correlation[:, lost] = np.nan
    sigmas = asset_sigmas(lines, returns)
    account = snapshot.account if isinstance(snapshot.account, Account) else None
    unread = tuple(
        part for part, item in (("account", snapshot.account), ("positions", snapshot.positions)) if isinstance(item, Unknown)
    )
    return SizingBook(
        equity_usd=None if account is None else float(account.equity),
        available_usd=None if account is None or account.available_balance is None else float(account.available_balance),
        assets=assets,
        kinds=tuple(asset_class(name) for name in assets),
        delta_usd=_per_asset(assets, lines, [line.delta_usd or 0.0 for line in lines]),
        gross_usd=_per_asset(assets, lines, [abs(line.delta_usd or 0.0) for line in lines]),
        risk_usd=_per_asset(assets, lines, [line.risk_usd or 0.0 for line in lines]),
        sigma_day=np.array([sigmas.get(name, np.nan) for name in assets]),
        correlation=correlation,
        unknown=(*unread, *(line.subject for line in lines if line.delta_usd is None or line.risk_usd is None)),
    )


def _per_asset(assets: Sequence[str], lines: Sequence[Line], amounts: Sequence[float]) -> NDArray[np.float64]:
    place = {name: row for row, name in enumerate(assets)}
    total = np.zeros(len(assets))
    for line, amount in zip(lines, amounts, strict=True):
        total[place[line.asset]] += amount
    return total
