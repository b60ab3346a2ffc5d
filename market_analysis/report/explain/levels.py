"""Where E, R0, the stop and the target come from, and what may still move them."""

from __future__ import annotations

import math
from decimal import Decimal

from market_analysis.report.layout import note, pairs
from market_analysis.report.numbers import multiple, percent, plain, price, quantity, ratio, when
from market_analysis.risk.types import PositionReport
from market_analysis.settings import Settings

_R0_SOURCES = {
    "first_protective_stop": "distance of the first protective stop that rested on the loss side of E (order history)",
    "planned_stop": "distance of the planned stop: no protective stop is known from the order history",
}


def levels_section(row: PositionReport, settings: Settings) -> str:
    """Anchor, multiples, the stop and its ratchet, the target and how it was chosen, scale-outs."""
    if row.anchor_entry is None or row.r0 is None:
        return "  No plan; the findings say why."
    lines = [*_anchor(row), *_stop(row, settings), *_target(row, settings), *_scale_outs(row, settings)]
    return "\n".join([pairs(lines), "  Why they lie there:", *(note(plain(reason)) for reason in row.dynamic_reasons)])


def _at(row: PositionReport, value: Decimal | None) -> str:
    return price(value, row.tick_size)


def _anchor(row: PositionReport) -> list[tuple[str, str]]:
    how = "ESTIMATED: fills or bars do not reach back to the entry" if row.anchor_estimated else "from the fills"
    source = _R0_SOURCES.get(row.r0_source or "", plain(row.r0_source or "not known"))
    sign = row.side.sign
    now = f"({_at(row, row.current_price)} - {_at(row, row.entry_price)}) x {sign:+d} / {price(row.r0, None)}"
    return [
        ("E, the anchor", f"{price(row.anchor_entry, None)}, {how}; opened {when(row.opened_at)}"),
        ("R0, one R", f"{price(row.r0, None)} in price: {source}"),
        ("R now", f"= (mark - entry) x side / R0 = {now} = {multiple(row.r_multiple, 2)} R"),
    ]


def _stop(row: PositionReport, settings: Settings) -> list[tuple[str, str]]:
    stops, hours = settings.stops, settings.vol.horizon_hours
    raised = (
        f", raised to {ratio(row.k_eff, 3)}: at least {stops.min_stop_atr_multiple:g} ATR or "
        f"{stops.min_stop_cost_multiple:g} times the costs away"
        if row.k_eff is not None and row.k_multiplier is not None and row.k_eff > row.k_multiplier
        else ""
    )
    leverage = "not known" if row.leverage is None else f"{ratio(row.leverage, 1)}x"
    today = _log_level(row, -1, row.k_eff)
    moved = (
        f"SL0 = E x exp(-side x k x sigma_{hours}h) with sigma as of the last bar closed before the entry, then it only tightens: "
        f"from a peak of {stops.breakeven_after_R:g} R to breakeven ({_at(row, row.breakeven_price)} = E and both fees), then "
        f"peak - side x mu x ATR, mu from {stops.atr_trail_mult_initial:g} to {stops.atr_trail_mult_late:g} at 2 R"
    )
    return [
        ("k", f"{ratio(row.k_multiplier, 2)} from [stops] for leverage {leverage}{raised}"),
        ("Stop, the plan", f"{_at(row, row.stop_loss)}, {percent(row.sl_frac, 2)} from the mark"),
        ("  its rule", moved),
        (
            "  fresh today",
            f"E x exp(-side x k x sigma_{hours}h) at today's sigma would be {today}; advice is never looser than what rests",
        ),
        ("  trail now", f"{_at(row, row.trail_stop_suggestion)}"),
    ]


def _target(row: PositionReport, settings: Settings) -> list[tuple[str, str]]:
    prob, hours = settings.prob, settings.vol.horizon_hours
    grid = f"{prob.m_min:g} to {prob.m_max:g} by {prob.m_step:g}"
    rule = (
        f"the largest m of {grid} with P(target) >= {prob.prob_target:g} within {prob.horizon_hours} h and reward to risk >= "
        f"{prob.min_reward_risk:g}, as of the entry; if none, m stays {ratio(row.m_multiplier, 2)}"
    )
    today = _log_level(row, 1, row.m_eff)
    return [
        ("m", f"{ratio(row.m_eff, 2)}: {rule}"),
        ("Target", f"{_at(row, row.take_profit)}, {percent(row.tp_frac, 2)} from the mark"),
        ("  its rule", f"the nearer of the old target and E x exp(side x m x sigma_{hours}h), today {today}: it never recedes"),
        (
            "Static levels",
            f"entry -/+ k, m x entry x sigma: stop {_at(row, row.static_stop_loss)}, target {_at(row, row.static_take_profit)}",
        ),
        (
            "Reward to risk",
            f"{ratio(row.risk_reward_ratio)} = money to the target, scale-outs in, over money to the stop, after costs",
        ),
    ]


def _log_level(row: PositionReport, direction: int, times: float | None) -> str:
    """E * exp(direction * side * times * sigma_H) at today's sigma."""
    if times is None or row.sigma_H is None or row.anchor_entry is None:
        return "not known"
    level = float(row.anchor_entry) * math.exp(direction * row.side.sign * times * row.sigma_H)
    return price(level, row.tick_size)


def _scale_outs(row: PositionReport, settings: Settings) -> list[tuple[str, str]]:
    stops = settings.stops
    void = "void: made, behind the mark, or at or beyond the target"
    lines = [
        (
            name,
            f"E + side x {r:g} x R0 = {_at(row, level)}, closes {quantity(size)} ({percent(share, 0)})"
            if level is not None
            else f"E + side x {r:g} x R0: {void}",
        )
        for name, level, r, size, share in (
            ("tp1", row.tp1, stops.scaleout_r1, row.tp1_quantity, row.scaleout_frac1),
            ("tp2", row.tp2, stops.scaleout_r2, row.tp2_quantity, row.scaleout_frac2),
        )
    ]
    return [*lines, ("Runner", f"{quantity(row.runner_quantity)} to the target, or to the trail")]
