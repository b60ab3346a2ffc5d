"""The book's structure as of one look: concentration, classes, market exposure, liquidity, stress, score."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from market_analysis.domain import Account, Bars, History, Instrument, Snapshot, Unknown
from market_analysis.quant.arrays import Float2D
from market_analysis.quant.concentration import effective_assets, effective_bets, herfindahl
from market_analysis.risk.asset_classes import RISK_MULTIPLIER, asset_class
from market_analysis.risk.assets import usd_rate
from market_analysis.risk.book_structure import BookStructure, ClassExposure, Concentration, PositionLiquidity
from market_analysis.risk.exposure import Line
from market_analysis.risk.liquidity import position_liquidity
from market_analysis.risk.margin_health import MarginHealth
from market_analysis.risk.market_view import MarketView
from market_analysis.risk.risk_score import risk_score
from market_analysis.risk.stress import Scenario, StressBook, scenarios, stress_result
from market_analysis.risk.tail_risk import asset_sigmas
from market_analysis.risk.valuation import rounded
from market_analysis.risk.value_at_risk import isolated_margin_usd
from market_analysis.risk.value_at_risk_report import ValueAtRiskReport
from market_analysis.settings import Settings


def book_structure(
    snapshot: Snapshot,
    history: History,
    lines: Sequence[Line],
    market: MarketView,
    margin: MarginHealth,
    tail: ValueAtRiskReport,
    drawdown_frac: float | None,
    settings: Settings,
) -> BookStructure:
    """Everything about the book as a whole that is no tail figure; a reason and nothing else where a part could not be read."""
    if isinstance(snapshot.positions, Unknown) or isinstance(snapshot.account, Unknown):
        return BookStructure("the account or its positions could not be read", None, (), (), None)
    nameless = [line.subject for line in lines if line.delta_usd is None]
    if nameless:
        return BookStructure(f"no value in dollars is known of {', '.join(nameless)}", None, (), (), None)
    sigmas = asset_sigmas(lines, market.returns)
    concentration = _concentration(lines, market, sigmas, snapshot.account)
    liquidity = _liquidity(snapshot, history, lines, settings.portfolio.exit_participation_frac)
    return BookStructure(
        reason=None,
        concentration=concentration,
        liquidity=liquidity,
        stress=tuple(
            stress_result(item, _stress_book(snapshot, lines, margin)) for item in _scenarios(lines, market, sigmas, settings)
        ),
        score=risk_score(_score_inputs(concentration, liquidity, lines, market, tail, drawdown_frac)),
    )


def _net_by_asset(lines: Sequence[Line]) -> dict[str, float]:
    net: dict[str, float] = {}
    for line in sorted(lines, key=lambda item: item.subject):
        net[line.asset] = net.get(line.asset, 0.0) + (line.delta_usd or 0.0)
    return net


def _concentration(lines: Sequence[Line], market: MarketView, sigmas: dict[str, float], account: Account) -> Concentration:
    """Per asset: a position and its hedge on the same asset are one exposure."""
    net = _net_by_asset(lines)
    gross = sum(abs(line.delta_usd or 0.0) for line in lines)
    equity = float(account.equity)
    hhi = herfindahl(list(net.values()))
    total = sum(abs(value) for value in net.values())
    known = [asset for asset in net if asset in sigmas and asset not in market.view.missing]
    rho = _mean_correlation(market, known)
    bets = None
    if known and len(known) == len(net):
        scale = np.array([sigmas[asset] for asset in known])
        bets = effective_bets([net[asset] for asset in known], _correlations(market, known) * np.outer(scale, scale))
    beta = sum(net[asset] * market.factor.beta.get(asset, 1.0) for asset in net)
    return Concentration(
        hhi=hhi,
        effective_positions=None if hhi is None else 1.0 / hhi,
        effective_bets=bets,
        effective_assets=None if rho is None else _effective_assets(len(known), rho),
        mean_correlation=rho,
        largest_share=max(abs(value) for value in net.values()) / total if total > 0.0 else None,
        leverage=gross / equity if equity > 0.0 else None,
        factor=market.factor.name,
        beta_usd_per_percent=rounded(0.01 * beta),
        classes=_classes(lines, gross),
    )


def _effective_assets(assets: int, rho: float) -> float | None:
    """None where the mean correlation is as low as it can be: diversification without bound."""
    return effective_assets(assets, rho) if rho > -1.0 / (assets - 1) + 1e-9 else None


def _classes(lines: Sequence[Line], gross: float) -> tuple[ClassExposure, ...]:
    by_class: dict[str, list[float]] = {}
    for line in lines:
        by_class.setdefault(asset_class(line.asset).value, []).append(line.delta_usd or 0.0)
    found = [
        ClassExposure(
            name=name,
            net_usd=rounded(math.fsum(values)),
            gross_usd=rounded(math.fsum(map(abs, values))),
            gross_share=math.fsum(map(abs, values)) / gross if gross > 0.0 else 0.0,
            multiplier=next(factor for kind, factor in RISK_MULTIPLIER.items() if kind.value == name),
        )
        for name, values in by_class.items()
    ]
    return tuple(sorted(found, key=lambda item: (-item.gross_share, item.name)))


def _correlations(market: MarketView, assets: Sequence[str]) -> Float2D:
    rows = market.view.rows(assets)
    return np.asarray(market.view.matrix[np.ix_(rows, rows)])


def _mean_correlation(market: MarketView, assets: Sequence[str]) -> float | None:
    if len(assets) < 2:
        return None
    matrix = _correlations(market, assets)
    return float(matrix[np.triu_indices(len(assets), 1)].mean())


def _liquidity(
    snapshot: Snapshot, history: History, lines: Sequence[Line], participation_frac: float
) -> tuple[PositionLiquidity, ...]:
    found = []
    for line in lines:
        if line.key is None:
            continue
        terms = snapshot.instruments.get(line.key.instrument)
        rate = usd_rate(snapshot, terms.quote) if isinstance(terms, Instrument) else None
        bars = history.hourly.get(line.key.instrument)
        found.append(
            position_liquidity(
                line.subject,
                line.key.instrument,
                line.delta_usd,
                None if rate is None else float(rate),
                bars if isinstance(bars, Bars) else None,
                line.sigma_day,
                participation_frac,
            )
        )
    return tuple(found)


def _scenarios(lines: Sequence[Line], market: MarketView, sigmas: dict[str, float], settings: Settings) -> tuple[Scenario, ...]:
    net = _net_by_asset(lines)
    return scenarios(sorted(net), market.factor, net, sigmas, settings.portfolio.stress_scenarios)


def _stress_book(snapshot: Snapshot, lines: Sequence[Line], margin: MarginHealth) -> StressBook:
    equity = float(snapshot.account.equity) if isinstance(snapshot.account, Account) and snapshot.account.equity > 0 else None
    caps = tuple(isolated_margin_usd(line.key, snapshot) for line in lines)
    refused = any(finding.code != "joint_liquidation_at_stops" for finding in margin.findings)
    return StressBook(tuple(lines), caps, equity, margin.model, margin_known=not refused)


def _score_inputs(
    concentration: Concentration,
    liquidity: Sequence[PositionLiquidity],
    lines: Sequence[Line],
    market: MarketView,
    tail: ValueAtRiskReport,
    drawdown_frac: float | None,
) -> dict[str, float | None]:
    var = next((item.value_at_risk_frac for item in tail.figures if (item.horizon_days, item.confidence) == (1, 0.95)), None)
    exits = [item.days_to_exit for item in liquidity]
    exposed = None if concentration.leverage is None else min(concentration.leverage, 1.0)
    if not lines:
        return dict.fromkeys(("value_at_risk_95_1d_frac", "leverage", "hhi", "correlation", "days_to_exit"), 0.0) | {
            "drawdown_frac": drawdown_frac
        }
    return {
        "value_at_risk_95_1d_frac": var,
        "leverage": concentration.leverage,
        "hhi": None if exposed is None or concentration.hhi is None else concentration.hhi * exposed,
        "drawdown_frac": drawdown_frac,
        "correlation": _pair_correlation(lines, market),
        "days_to_exit": None
        if any(item is None for item in exits)
        else max((item for item in exits if item is not None), default=0.0),
    }


def _pair_correlation(lines: Sequence[Line], market: MarketView) -> float | None:
    """2 sum over pairs of |rho_ij| w_i w_j, w the shares of the absolute net dollars; None without history of one of them."""
    net = _net_by_asset(lines)
    total = sum(abs(value) for value in net.values())
    if any(asset in market.view.missing for asset in net) or not total > 0.0:
        return None if total > 0.0 else 0.0
    shares = np.abs(np.array(list(net.values()))) / total
    matrix = np.abs(_correlations(market, list(net)))
    np.fill_diagonal(matrix, 0.0)
    return float(shares @ matrix @ shares)
