"""The methods' opinions as one size: their mean by stated weights, renormalised over those that have a basis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from market_analysis.risk.sizing_engine.types import Method, cents, exact


def combine(methods: Sequence[Method]) -> tuple[Decimal | None, tuple[Method, ...]]:
    """sum(w_i size_i) / sum(w_i) over the methods with a size; None where no such method has weight. Each with its own part."""
    total = sum((exact(method.weight) for method in methods if method.size_usd is not None), start=Decimal(0))
    if total == 0:
        return None, tuple(methods)
    shown = []
    for method in methods:
        share = Decimal(0) if method.size_usd is None else exact(method.weight) / total
        part = cents((method.size_usd or Decimal(0)) * share)
        shown.append(replace(method, used=float(share), contribution_usd=part))
    return sum((method.contribution_usd for method in shown), start=Decimal(0)), tuple(shown)
