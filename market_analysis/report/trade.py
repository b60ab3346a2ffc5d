"""A trade that is only thought of, as text: its levels, its size, the book before and after it."""

from __future__ import annotations

from decimal import Decimal

from tabulate import tabulate

from market_analysis.domain import Instrument
from market_analysis.report.comparison import comparison_text
from market_analysis.report.names import full_name
from market_analysis.report.numbers import money, percent, plain, price, probability, quantity, ratio
from market_analysis.risk.sizing import SizePlan
from market_analysis.risk.types import PositionReport

__all__ = ["comparison_text", "levels_text", "size_text"]


def levels_text(row: PositionReport) -> str:
    """Stop, targets, odds and size of an entry now."""
    chance = row.probabilities
    horizon = f"within {chance.horizon_hours} h" if chance else ""
    sigma_hours = row.volatility.horizon_hours if row.volatility else 0
    lines = [
        ("entry now", price(row.entry_price, row.tick_size), "mark"),
        ("sigma", percent(row.sigma_H, 2), f"over {sigma_hours} h = {price(row.sigma_H_abs, row.tick_size)} in price"),
        ("stop", price(row.stop_loss, row.tick_size), f"{percent(row.sl_frac, 2)} away, k {ratio(row.k_eff)}"),
        ("target", price(row.take_profit, row.tick_size), f"{percent(row.tp_frac, 2)} away, m {ratio(row.m_eff)}"),
        ("scale-outs", f"{price(row.tp1, row.tick_size)}, {price(row.tp2, row.tick_size)}", ""),
        ("breakeven at", price(row.breakeven_price, row.tick_size), "entry plus fees, once 1 R ahead"),
        ("reward to risk", ratio(row.risk_reward_ratio), "in money after costs"),
    ]
    if chance is not None:
        lines.append(("target first", probability(chance.p_tp), f"{horizon}, standard error {chance.standard_error:.3f}"))
        lines.append(("noise alone", probability(chance.p_noise_stop), f"takes the stop out {horizon}"))
    size = quantity(row.optimal_position_size) if row.size_refusal is None else f"none: {row.size_refusal}"
    lines.append(("size", size, f"risks {money(row.dollar_risk)} USD"))
    return f"{full_name(row)} {row.side.value}\n" + tabulate(lines, tablefmt="plain", disable_numparse=True)


def size_text(plan: SizePlan, instrument: Instrument, entry: Decimal, stop: Decimal, equity_usd: Decimal, risk_frac: float) -> str:
    """A size and the arithmetic behind it."""
    budget = f"{percent(risk_frac, 2)} of {money(equity_usd)} = {money(plan.budget_usd)} USD"
    if plan.refusal is not None:
        return f"{plain(instrument.id.symbol)}: no size ({plan.refusal}): {plain(plan.detail)}\nbudget  {budget}"
    lines = [
        ("size", quantity(plan.quantity), f"{plain(instrument.id.symbol)}, lot {quantity(instrument.quantity_step)}"),
        ("loses", f"{money(plan.loss_usd)} USD", "at the stop, fees and slippage in"),
        ("budget", budget, ""),
        ("entry", price(entry, instrument.tick_size), "mark"),
        ("stop", price(stop, instrument.tick_size), percent(abs(float(stop / entry) - 1), 2) + " away"),
    ]
    return tabulate(lines, tablefmt="plain", disable_numparse=True)
