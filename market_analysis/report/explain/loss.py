"""What can still be lost, stop by stop, and what the position is now."""

from __future__ import annotations

from decimal import Decimal

from market_analysis.domain import MarginMode
from market_analysis.report.layout import note, pairs
from market_analysis.report.names import NO_STOP
from market_analysis.report.numbers import UNKNOWN, money, percent, plain, price, quantity, ratio
from market_analysis.risk.types import PositionReport, RestingStop
from market_analysis.settings import Settings


def money_now_section(row: PositionReport, settings: Settings) -> str:
    """Size, notional, profit, funding, as the venue states them."""
    leverage = "not known" if row.leverage is None else f"{ratio(row.leverage, 1)}x"
    where = f"{quantity(row.position_size)} at {price(row.entry_price, row.tick_size)}"
    return pairs(
        [
            (
                "Held",
                f"{where}, mark {price(row.current_price, row.tick_size)}, leverage {leverage}, {row.margin_mode.value} margin",
            ),
            ("Notional", f"{money(row.notional)} USD at the mark"),
            ("Unrealised PnL", f"{money(row.current_pnl, sign=True)} USD = {percent(row.current_pnl_frac, sign=True)} of notional"),
            (
                "Funding",
                f"{money(row.funding_per_day_usd, sign=True, digits=1)} USD a day = -side x rate x payments a day x notional",
            ),
            ("Liquidation", _liquidation(row, settings)),
        ]
    )


def _liquidation(row: PositionReport, settings: Settings) -> str:
    level = price(row.liquidation_price, row.tick_size)
    if row.margin_mode is not MarginMode.ISOLATED:
        return f"{level}: an estimate under {row.margin_mode.value} margin, where the account is liquidated as one; never the test"
    verdict = {True: "safe", False: "TOO THIN", None: "not known"}[row.liquidation_buffer_safe]
    least = settings.risk.liquidation_buffer_multiple
    shown = ratio(row.liquidation_buffer_ratio)
    return f"{level}: |stop - liquidation| / |E - stop| = {shown}, at least {least:g} wanted: {verdict}"


def loss_section(row: PositionReport, settings: Settings) -> str:
    """Each resting stop with its part of the loss; the rest of the size at the stress gap; costs; the sum."""
    guard = row.protection
    legs, left = _legs(row)
    lines = [note(_stop_text(row, stop, used)) for stop, used in legs]
    known = Decimal(0)
    for stop, used in legs:
        part = _gross(row, stop.trigger_price, used)
        known += part if part is not None else Decimal(0)
    gap = percent(settings.portfolio.stress_gap_frac, 0)
    total = guard.can_lose_usd
    costs = None if total is None else total - known - guard.assumed_usd
    state = NO_STOP.get(guard.state, guard.state.value)
    rows = [
        ("State", f"{state}: {percent(guard.covered_frac, 0)} of the size is covered by stops that count"),
        (
            "Uncovered",
            f"{quantity(left)}, counted at a {gap} gap (isolated: not beyond liquidation): {money(guard.assumed_usd)} USD",
        ),
        ("Costs", f"{money(costs)} USD of fees and {settings.risk.slippage_bps:g} bps slippage where stops fill"),
        ("Can lose", f"{money(known)} + {money(guard.assumed_usd)} + {money(costs)} = {money(total)} USD from the mark"),
        ("  from entry", f"{ratio(guard.can_lose_from_entry_r)} R"),
        ("Resting targets", ", ".join(price(level, row.tick_size) for level in guard.resting_take_profits) or "none"),
    ]
    return "\n".join([*(lines or ["  No stop rests at the exchange."]), pairs(rows)])


def _legs(row: PositionReport) -> tuple[list[tuple[RestingStop, Decimal]], Decimal]:
    """Every stop with the contracts it closes, nearest first; the size that is left."""
    left, legs = row.position_size, []
    for stop in row.protection.stops:
        used = min(stop.quantity, left) if stop.counts else Decimal(0)
        left -= used
        legs.append((stop, used))
    return legs, left


def _stop_text(row: PositionReport, stop: RestingStop, used: Decimal) -> str:
    level = price(stop.trigger_price, row.tick_size)
    head = f"stop {level} on {plain(stop.trigger_source)} price, {quantity(stop.quantity)} (order {plain(stop.order_id)})"
    if not stop.counts:
        return f"{head}: does NOT count, {plain(stop.why_not or 'not known')}"
    part = _gross(row, stop.trigger_price, used)
    distance = abs(row.current_price - stop.trigger_price)
    amount = UNKNOWN if part is None else money(part)
    return f"{head}: counts, {quantity(used)} x {price(distance, row.tick_size)} from the mark = {amount} USD before costs"


def _gross(row: PositionReport, level: Decimal, size: Decimal) -> Decimal | None:
    """USD lost by `size` from the mark to `level`, before costs; an inverse contract's coins count at what they are worth there."""
    if row.notional is None:
        return None
    share = row.notional * size / row.position_size
    away = row.side.sign * (row.current_price - level)
    return share * away / row.current_price
