"""The planned size: budget over what one contract loses at the stop."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from market_analysis.domain import Category
from market_analysis.report.layout import note, pairs
from market_analysis.report.numbers import money, percent, plain, price, quantity, ratio
from market_analysis.risk.types import BookReport, PositionReport
from market_analysis.settings import Settings


def size_section(row: PositionReport, book: BookReport, settings: Settings) -> str:
    """Budget, distance, costs, lot; then the caps, and what is held against it."""
    lines = [_budget(row, book, settings), _score(row, settings)]
    if row.size_refusal is not None:
        lines.append(("Planned size", f"none: {plain(row.size_refusal)}. A size that does not fit is refused, never clipped"))
    lines += _arithmetic(row)
    if row.risk_deviation_ratio is not None:
        bound = settings.risk.risk_deviation_warning_threshold
        held = f"{quantity(row.position_size)} = {ratio(row.risk_deviation_ratio)} times the plan; a warning above {bound:g}"
        lines.append(("Held", f"{held}. Less than planned is no reason to add"))
    lines.append(("Caps", f"planned sizes scaled by {ratio(row.portfolio_scale, 3)} (cluster cap, drawdown throttle)"))
    return "\n".join([pairs(lines), *([note(plain(row.portfolio_note))] if row.portfolio_note else [])])


def _budget(row: PositionReport, book: BookReport, settings: Settings) -> tuple[str, str]:
    is_equity = settings.risk.base == "equity"
    base = book.equity_usd if is_equity else row.notional
    budget = None if base is None or row.risk_target_frac is None else base * Decimal(str(row.risk_target_frac))
    name = "equity" if is_equity else "notional"
    share = percent(row.risk_target_frac, 3)
    return "Budget", f"= risk fraction x {name} = {share} x {money(base)} = {money(budget, digits=2)} USD at most, costs in"


def _score(row: PositionReport, settings: Settings) -> tuple[str, str]:
    risk = settings.risk
    base = risk.equity_risk_frac if risk.base == "equity" else risk.base_target_pct
    score = "not known" if row.regime_score is None else str(row.regime_score)
    factors = "; ".join(plain(factor) for factor in row.confidence_factors) or "no vote"
    use = "may only lower it" if risk.use_dynamic else "not used ([risk] use_dynamic)"
    return "Risk fraction", f"{percent(base, 3)} base; confidence score {score} ({factors}), which {use}"


def _arithmetic(row: PositionReport) -> list[tuple[str, str]]:
    size = row.optimal_position_size
    if not size or row.dollar_risk is None or row.r0 is None or row.anchor_entry is None:
        return []
    distance = _sizing_distance(row)
    lost = row.dollar_risk / size
    gross = _gross_per_contract(row, distance)
    costs = "" if gross is None else f" = {_fine(gross)} by distance + {_fine(lost - gross)} by fees, slippage and funding"
    return [
        ("Distance", f"{price(distance, None)} in price: the wider of R0 and E to the planned stop, so a raised stop buys no size"),
        ("Loss per contract", f"{_fine(lost)} USD at that stop{costs}"),
        ("Planned size", f"= budget / loss per contract, down to the lot, after caps = {quantity(size)}"),
        ("  it loses", f"{quantity(size)} x {_fine(lost)} = {money(row.dollar_risk, digits=2)} USD at its stop"),
    ]


def _sizing_distance(row: PositionReport) -> Decimal:
    r0, entry = row.r0 or Decimal(0), row.anchor_entry or Decimal(0)
    if row.dynamic_stop_loss is None:
        return r0
    return max(r0, row.side.sign * (entry - row.dynamic_stop_loss))


def _gross_per_contract(row: PositionReport, distance: Decimal) -> Decimal | None:
    """USD lost by one contract over the distance before costs: linear d x rate, inverse (1/E - 1/stop) in coins x stop."""
    if row.notional is None or row.anchor_entry is None:
        return None
    if row.key.instrument.category is not Category.INVERSE:
        return distance * row.notional / (row.position_size * row.current_price)
    stop = row.anchor_entry - row.side.sign * distance
    if stop <= 0:
        return None
    coins = abs(1 / stop - 1 / row.anchor_entry)
    return coins * stop * row.notional / row.position_size


def _fine(value: Decimal) -> str:
    """A small amount per contract with four significant digits."""
    return "0" if value == 0 else f"{value.quantize(Decimal(1).scaleb(min(value.adjusted() - 3, 0)), ROUND_HALF_EVEN):f}"
