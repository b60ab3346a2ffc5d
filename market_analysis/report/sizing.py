"""A size and everything that made it, as aligned tables."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from tabulate import tabulate

from market_analysis.report.layout import note
from market_analysis.report.numbers import UNKNOWN, money, percent, plain, price, quantity, ratio
from market_analysis.risk.sizing_engine.types import Cap, Method, RiskFactor, SizingResult


def sizing_text(result: SizingResult, *, alone: bool) -> str:
    """The verdict first, then methods, multipliers, caps, risk factors."""
    parts = [_verdict(result, alone)]
    if result.methods:
        parts += [_methods(result.methods), _chain(result), _caps(result.caps), _factors(result.risk_factors, result.confidence)]
    return "\n\n".join(parts)


def _verdict(result: SizingResult, alone: bool) -> str:
    book = " as if nothing were held" if alone else ""
    head = f"{plain(result.symbol)} {result.side.value}{book}: {'APPROVED' if result.approved else 'REFUSED'}"
    reasons = [note(f"{refusal.code}: {plain(refusal.message)}") for refusal in result.refusals]
    lines = [
        ("size", f"{money(result.size_usd)} USD", f"{quantity(result.quantity)} contracts at {price(result.price, None)}"),
        (
            "loss at stop",
            f"{money(result.max_loss_usd)} USD",
            f"{percent(result.risk_frac, 2)} of equity {money(result.equity_usd)}",
        ),
        ("of it costs", f"{money(result.fees_usd)} USD", "both fees, slippage at the stop"),
    ]
    if result.stop is not None:
        away = f"{percent(result.stop.frac, 2)} away ({result.stop.source})"
        lines.append(("stop", price(result.stop.price, None), f"{away}; {result.stop.note}" if result.stop.note else away))
    return "\n".join([head, *reasons, tabulate(lines, tablefmt="plain", disable_numparse=True)])


def _methods(methods: Sequence[Method]) -> str:
    rows = [
        (
            item.name,
            UNKNOWN if item.size_usd is None else money(item.size_usd),
            f"{item.weight:.2f}",
            f"{item.used:.2f}",
            money(item.contribution_usd),
            plain(item.basis),
        )
        for item in methods
    ]
    return _table(("Method", "says USD", "weight", "used", "gives USD", "basis"), rows, ("left", *["right"] * 4, "left"))


def _chain(result: SizingResult) -> str:
    rows = [("combined", "", "", money(result.combined_usd), "weighted mean of the methods with a basis")]
    left = result.combined_usd or Decimal(0)
    for item in result.multipliers:
        left += item.effect_usd
        rows.append((item.name, f"x {item.value:.3g}", money(item.effect_usd, sign=True), money(left), plain(item.basis)))
    return _table(("Multiplier", "value", "effect", "left USD", ""), rows, ("left", "right", "right", "right", "left"))


def _caps(caps: Sequence[Cap]) -> str:
    rows = [
        (
            item.name,
            money(item.bound_usd),
            money(item.room_usd),
            money(item.effect_usd, sign=True),
            "<- decides" if item.binding else "",
            plain(item.basis),
        )
        for item in caps
    ]
    return _table(("Cap", "bound USD", "room USD", "effect", "", ""), rows, ("left", "right", "right", "right", "left", "left"))


def _factors(factors: Sequence[RiskFactor], confidence: float | None) -> str:
    shown = ", ".join(f"{item.name} {ratio(item.value, 1)} x {item.weight:.2f}" for item in factors)
    return note(f"risk factors, 0 to 10: {shown}; confidence {ratio(confidence)}")


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]], align: Sequence[str]) -> str:
    return tabulate([headers, *rows], tablefmt="plain", colalign=align, disable_numparse=True)
