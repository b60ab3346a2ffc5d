"""The sizing engine's answer as text: methods, multipliers, caps, verdict."""

from __future__ import annotations

from tabulate import tabulate

from market_analysis.report.numbers import money, percent, plain, price, quantity, ratio
from market_analysis.risk.sizing_engine.types import Recommendation

__all__ = ["recommendation_text"]


def recommendation_text(answer: Recommendation) -> str:
    """One table from the first opinion to the size, then the refusals."""
    rows: list[tuple[str, str, str, str]] = []
    for method in answer.methods:
        weight = f"x {method.weight:.2f}" if method.position_usd is not None else "no basis"
        rows.append((method.name, money(method.position_usd), weight, plain(method.detail)))
    rows.append(("methods combined", money(answer.combined_usd), "", "the whole position, USD"))
    rows += [(item.name, "", f"x {ratio(item.value)}", plain(item.detail)) for item in answer.multipliers]
    rows.append(("after multipliers", money(answer.adjusted_usd), "", ""))
    for cap in sorted(answer.caps, key=lambda item: item.position_usd):
        rows.append((f"cap {cap.name}", money(cap.position_usd), "BINDS" if cap.binding else "", plain(cap.detail)))
    rows.append(("held already", money(answer.held_usd), "", "in this direction"))
    rows.append(("to add", money(answer.add_usd), "", ""))
    side = "long" if answer.sign > 0 else "short"
    head = f"{plain(answer.asset)} {side}, {answer.asset_class}; entry {price(answer.entry, None)}, stop {price(answer.stop, None)}"
    table = tabulate(rows, tablefmt="plain", disable_numparse=True, colalign=("left", "right", "left", "left"))
    return "\n".join((head, table, _verdict(answer), _factors(answer)))


def _verdict(answer: Recommendation) -> str:
    if answer.refusals:
        return "\n".join(f"no size ({item.code}): {plain(item.detail)}" for item in answer.refusals)
    return (
        f"size {quantity(answer.quantity)} loses {money(answer.max_loss_usd)} USD at the stop, "
        f"{percent(answer.max_loss_frac, 2)} of equity, costs in"
    )


def _factors(answer: Recommendation) -> str:
    scores = "  ".join(f"{name} {score:.1f}" for name, score in answer.risk_factors.items())
    return f"risk factors, 0 to 10: {scores}; confidence {ratio(answer.confidence)}"
