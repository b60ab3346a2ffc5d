"""Bounds on what the trade may lose at its stop, costs in: of equity, of the book's risk, of the day's room, of its cluster."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from market_analysis.risk.correlation import CorrelationView
from market_analysis.risk.exposure import Line, correlated_risk
from market_analysis.risk.sizing_engine.types import Cap, SizingBook, cents, exact
from market_analysis.settings import SizingSettings

ZERO = Decimal(0)


def risk_caps(
    equity_usd: Decimal, asset: str, sign: int, loss_frac: Decimal, book: SizingBook, settings: SizingSettings
) -> tuple[Cap, ...]:
    """risk_per_trade, portfolio_risk, day_room (with a daily limit only), cluster_risk."""
    caps = [
        _of_loss(
            "risk_per_trade",
            exact(settings.risk_per_trade_frac) * equity_usd,
            ZERO,
            loss_frac,
            f"{settings.risk_per_trade_frac:.3g} of equity lost at the stop",
        ),
        _of_loss("portfolio_risk", book.risk_cap_usd, book.loss_usd, loss_frac, "the book's loss if all entries and stops fill"),
    ]
    if book.day_limited:
        caps.append(
            _of_loss(
                "day_room", book.day_left_usd, book.loss_usd, loss_frac, "what the day's limit leaves if all entries and stops fill"
            )
        )
    return (*caps, _cluster(asset, sign, loss_frac, book))


def cluster_room_usd(asset: str, sign: int, members: Sequence[Line], view: CorrelationView, cap_usd: float) -> float | None:
    """Largest loss q >= 0 of the trade at its stop with sqrt(r' C r) of the cluster within the cap; None if a member's is unknown.

    With h = s (C r)_asset and R^2 = r' C r of what is held, the cluster is at q^2 + 2 q h + R^2, so q = -h + sqrt(h^2 + c^2 - R^2),
    c the cap or, above it, R itself: then only a hedge (h < 0) has room, and only as far as the risk does not rise. Without
    history the trade counts at correlation one: q = cap - R.
    """
    if any(line.risk_usd is None for line in members):
        return None
    signed = [line.risk_usd or 0.0 for line in members]
    now = correlated_risk(members, signed, view)
    if asset in view.missing:
        return max(cap_usd - now, 0.0)
    pull = 0.0
    if members:
        rows = view.rows([line.asset for line in members])
        pull = sign * float(view.matrix[view.rows([asset])[0], rows] @ np.array(signed))
    bound = max(cap_usd, now)
    return max(-pull + math.sqrt(max(pull * pull + bound * bound - now * now, 0.0)), 0.0)


def _cluster(asset: str, sign: int, loss_frac: Decimal, book: SizingBook) -> Cap:
    name, basis = "cluster_risk", f"sqrt(r' C r) of cluster {book.cluster_name}"
    if book.cluster_cap_usd is None:
        return Cap(name, None, None, f"{basis}; its cap is not known")
    left = cluster_room_usd(asset, sign, book.cluster, book.view, float(book.cluster_cap_usd))
    if left is None:
        return Cap(name, book.cluster_cap_usd, None, f"{basis}; what a member can lose is not known")
    return Cap(name, book.cluster_cap_usd, cents(cents(left) / loss_frac), basis)


def _of_loss(name: str, bound: Decimal | None, taken: Decimal | None, loss_frac: Decimal, basis: str) -> Cap:
    if bound is None or taken is None:
        return Cap(name, bound, None, f"{basis}; not known")
    left = max(bound - taken, ZERO)
    shown = basis if taken == 0 else f"{basis}, {taken:,.0f} of it taken"
    return Cap(name, cents(bound), cents(cents(left) / loss_frac), shown)
