"""Trades that are only thought of, as text: levels, size, the book before and after."""

from __future__ import annotations

from decimal import Decimal

from tabulate import tabulate

from market_analysis.domain import Instrument, Severity
from market_analysis.report.numbers import UNKNOWN, money, percent, price, probability, quantity
from market_analysis.risk.sizing import SizePlan
from market_analysis.risk.types import PositionReport
from market_analysis.risk.what_if import Change, Comparison

_PERCENT_FIELDS = ("_frac",)


def levels_text(row: PositionReport) -> str:
    """Stop, targets, odds and size of an entry now."""
    chance = row.probabilities
    horizon = f"within {chance.horizon_hours} h" if chance else ""
    sigma_hours = row.volatility.horizon_hours if row.volatility else 0
    lines = [
        ("entry now", price(row.entry_price, row.tick_size), "mark"),
        ("sigma", percent(row.sigma_H, 2), f"over {sigma_hours} h = {price(row.sigma_H_abs, row.tick_size)} in price"),
        ("stop", price(row.stop_loss, row.tick_size), f"{percent(row.sl_frac, 2)} away, k {_number(row.k_eff)}"),
        ("target", price(row.take_profit, row.tick_size), f"{percent(row.tp_frac, 2)} away, m {_number(row.m_eff)}"),
        ("scale-outs", f"{price(row.tp1, row.tick_size)}, {price(row.tp2, row.tick_size)}", ""),
        ("breakeven at", price(row.breakeven_price, row.tick_size), "entry plus fees, once 1 R ahead"),
        ("reward to risk", _number(row.risk_reward_ratio), "in money after costs"),
    ]
    if chance is not None:
        lines.append(("target first", probability(chance.p_tp), f"{horizon}, standard error {chance.standard_error:.3f}"))
        lines.append(("noise alone", probability(chance.p_noise_stop), f"takes the stop out {horizon}"))
    size = quantity(row.optimal_position_size) if row.size_refusal is None else f"none: {row.size_refusal}"
    lines.append(("size", size, f"risks {money(row.dollar_risk)} USD"))
    return f"{row.symbol} {row.side.value}\n" + tabulate(lines, tablefmt="plain", disable_numparse=True)


def size_text(plan: SizePlan, instrument: Instrument, entry: Decimal, stop: Decimal, equity_usd: Decimal, risk_frac: float) -> str:
    """A size and the arithmetic behind it."""
    budget = f"{percent(risk_frac, 2)} of {money(equity_usd)} = {money(plan.budget_usd)} USD"
    if plan.refusal is not None:
        return f"{instrument.id.symbol}: no size ({plan.refusal}): {plan.detail}\nbudget  {budget}"
    lines = [
        ("size", quantity(plan.quantity), f"{instrument.id.symbol}, lot {quantity(instrument.quantity_step)}"),
        ("loses", f"{money(plan.loss_usd)} USD", "at the stop, fees and slippage in"),
        ("budget", budget, ""),
        ("entry", price(entry, instrument.tick_size), "mark"),
        ("stop", price(stop, instrument.tick_size), percent(abs(float(stop / entry) - 1), 2) + " away"),
    ]
    return tabulate(lines, tablefmt="plain", disable_numparse=True)


def comparison_text(comparison: Comparison) -> str:
    """The figures of the book that a trade changes, and what it newly finds."""
    rows = [(change.name, _shown(change, change.before), _shown(change, change.after)) for change in comparison.changes]
    table = tabulate(
        rows, headers=("", "before", "after"), tablefmt="plain", disable_numparse=True, colalign=("left", "right", "right")
    )
    known = {(finding.code, finding.subject) for finding in comparison.before.findings}
    new = [
        f"{finding.severity.value.upper():<9}{finding.subject}: {finding.message}"
        for finding in comparison.after.findings
        if (finding.code, finding.subject) not in known and finding.severity is not Severity.INFO
    ]
    verdicts = f"verdict {comparison.before.verdict.value} -> {comparison.after.verdict.value}"
    return "\n".join((table, verdicts, *(("new findings:", *new) if new else ())))


def _shown(change: Change, value: Decimal | float | int | None) -> str:
    if value is None:
        return UNKNOWN
    if change.name.endswith(_PERCENT_FIELDS):
        return percent(float(value), 2)
    if isinstance(value, Decimal):
        return money(value)
    return str(value) if isinstance(value, int) else _number(value)


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.2f}"
