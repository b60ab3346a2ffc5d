"""One position in the full report, in document 003's parts."""

from __future__ import annotations

from decimal import Decimal

from market_analysis.report.layout import note, pairs
from market_analysis.report.names import NO_STOP, full_name
from market_analysis.report.numbers import (
    UNKNOWN,
    money,
    multiple,
    percent,
    plain,
    price,
    probability,
    quantity,
    ratio,
    when,
)
from market_analysis.risk.types import PositionReport

_TOO_LARGE, _SMALL = 1.5, 0.5
"""Document 003's bounds of held over planned size for its two size hints."""


def position_text(row: PositionReport) -> str:
    """Status, volatility, levels, professional analysis, risk management, risk assessment."""
    title = f"{full_name(row)}  {row.side.value.upper()}  {row.position_health.value}  -> {plain(row.action_required)}"
    blocks = [
        ("Current Status", _status(row)),
        ("Volatility Analysis", _volatility(row)),
        ("Recommended Levels", _levels(row)),
        ("Professional Analysis", _professional(row)),
        ("Risk Management", _management(row)),
        ("Risk Assessment", _assessment(row)),
    ]
    return "\n".join([title, *(f" {name}:\n{body}" for name, body in blocks)])


def _tick(row: PositionReport, value: Decimal | None) -> str:
    return price(value, row.tick_size)


def _status(row: PositionReport) -> str:
    leverage = f"{ratio(row.leverage, 1)}x" if row.leverage is not None else "not known"
    return pairs(
        [
            ("Size", f"{quantity(row.position_size)}, {money(row.notional)} USD, leverage {leverage}, {row.margin_mode.value}"),
            ("Entry", f"{_tick(row, row.entry_price)}, opened {when(row.opened_at)}"),
            ("Mark", f"{_tick(row, row.current_price)} ({multiple(row.r_multiple)} R)"),
            ("Unrealised PnL", f"{money(row.current_pnl, sign=True)} USD ({percent(row.current_pnl_frac, sign=True)} of notional)"),
            ("Funding", f"{money(row.funding_per_day_usd, sign=True, digits=1)} USD a day at the present rate"),
            ("ADL rank", UNKNOWN if row.adl_rank is None else f"{row.adl_rank} of 5 (5 is closed first)"),
        ]
    )


def _volatility(row: PositionReport) -> str:
    report = row.volatility
    if report is None:
        return "    not modelled"
    hours = report.horizon_hours
    usd = row.notional * Decimal(str(report.sigma_h)) if row.notional is not None else None
    models = ", ".join(
        f"{model.name} {percent(model.sigma_h, 2)} x {ratio(model.weight)}" if model.weight else f"{model.name} {model.status}"
        for model in report.models
    )
    return pairs(
        [
            (
                f"Sigma {hours}h",
                f"{percent(report.sigma_h, 2)} = {_tick(row, row.sigma_H_abs)} in price = {money(usd)} USD on the position",
            ),
            ("Method", f"{plain(report.method)}: {models}"),
            (
                "Annual",
                f"{percent(report.sigma_ann, 0)} (garch {percent(row.garch_sigma_ann, 0)}, har {percent(row.har_sigma_ann, 0)})",
            ),
            ("ATR", f"{_tick(row, row.atr)} ({percent(row.atr_frac, 2)})"),
        ]
    )


def _levels(row: PositionReport) -> str:
    return pairs(
        [
            ("Stop loss (plan)", f"{_tick(row, row.stop_loss)}, {percent(row.sl_frac, 2)} from the mark, k {ratio(row.k_eff)}"),
            ("Take profit", f"{_tick(row, row.take_profit)}, {percent(row.tp_frac, 2)} from the mark, m {ratio(row.m_eff)}"),
            ("Scale-outs", _scale_outs(row)),
            ("Breakeven, trail", f"{_tick(row, row.breakeven_price)}, {_tick(row, row.trail_stop_suggestion)}"),
            ("Reward to risk", f"{ratio(row.risk_reward_ratio)} in money after costs, from the mark"),
        ]
    )


def _scale_outs(row: PositionReport) -> str:
    parts = [
        f"{name} {_tick(row, level)} x {quantity(size)}"
        for name, level, size in (("tp1", row.tp1, row.tp1_quantity), ("tp2", row.tp2, row.tp2_quantity))
        if level is not None
    ]
    return ", ".join([*parts, f"runner {quantity(row.runner_quantity)}"])


def _professional(row: PositionReport) -> str:
    chance = row.probabilities
    score = UNKNOWN if row.regime_score is None else str(row.regime_score)
    rows = [("Confidence score", f"{score}: {'; '.join(row.confidence_factors) or 'no factor'}")]
    if chance is not None:
        within = f"within {chance.horizon_hours} h"
        target = f"target {probability(chance.p_tp)}, " if row.take_profit is not None else ""
        rows += [
            (
                f"Odds {within}",
                f"{target}stop at a loss {probability(chance.p_sl)}, at breakeven or better "
                f"{probability(chance.p_breakeven)}, still open {probability(chance.p_open)}; {chance.method}, "
                f"calibration {chance.calibration}",
            ),
            ("Noise alone", f"touches the stop with {probability(chance.p_noise_stop)} {within}"),
        ]
    return "\n".join([pairs(rows), *(note(plain(reason), indent=4) for reason in row.dynamic_reasons)])


def _management(row: PositionReport) -> str:
    planned = quantity(row.optimal_position_size) if row.size_refusal is None else f"none ({plain(row.size_refusal)})"
    held = row.risk_deviation_ratio
    hints = []
    if held is not None and held > _TOO_LARGE:
        hints.append(f"POSITION SIZE TOO LARGE: {ratio(held)} times the planned size")
    if held is not None and held < _SMALL:
        hints.append(f"POSITION SIZE SMALL: {ratio(held)} times the planned size; that is no reason to add")
    if row.portfolio_note:
        hints.append(plain(row.portfolio_note))
    body = pairs(
        [
            ("Risk target", f"{percent(row.risk_target_frac, 2)} of the base set in [risk]"),
            ("Planned size", f"{planned}: risks {money(row.dollar_risk)} USD for {money(row.dollar_reward)} USD"),
            ("Size held", f"risks {money(row.current_dollar_risk)} USD at the plan for {money(row.current_dollar_reward)} USD"),
        ]
    )
    return "\n".join([body, *(note(hint, indent=4) for hint in hints)])


def _assessment(row: PositionReport) -> str:
    guard = row.protection
    stop = NO_STOP.get(guard.state) or f"{_tick(row, guard.nearest_stop)} on {guard.nearest_trigger_source}"
    buffer = {True: "safe", False: "TOO THIN", None: "not the test (cross margin dies as one account)"}[row.liquidation_buffer_safe]
    shown = f", stop to liquidation {ratio(row.liquidation_buffer_ratio)} R" if row.liquidation_buffer_ratio is not None else ""
    body = pairs(
        [
            ("Stop at exchange", f"{stop}, {guard.state.value}, covers {percent(guard.covered_frac, 0)} of the size"),
            (
                "Can lose",
                f"{money(guard.can_lose_usd)} USD from the mark ({ratio(guard.can_lose_from_entry_r)} R from entry), "
                f"{money(guard.assumed_usd)} of it by the assumed stress gap",
            ),
            ("Liquidation", f"{_tick(row, row.liquidation_price)}; {buffer}{shown}"),
        ]
    )
    return "\n".join([body, *(note(f"{item.severity.value.upper()}: {plain(item.message)}", indent=4) for item in row.findings)])
