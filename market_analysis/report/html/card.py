"""One position's card: its chart and the figures behind it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from market_analysis.domain import History, Unknown
from market_analysis.report.cells import can_lose_cell, level_cell, stop_cell
from market_analysis.report.html.markup import Markup, element, join
from market_analysis.report.html.price_chart import price_chart
from market_analysis.report.names import full_name
from market_analysis.report.numbers import money, multiple, percent, price, probability, quantity, ratio
from market_analysis.risk.types import PositionReport

_NO_ODDS_HOURS = 72


def position_card(row: PositionReport, history: History, now: datetime) -> Markup:
    """Heading, chart, figures."""
    verdict = row.position_health.value
    facts = [*_facts(row)]
    return element(
        "section",
        element(
            "div",
            element("h3", full_name(row)),
            element("span", f"{row.side.value.upper()} {quantity(row.position_size)}"),
            element("span", verdict, class_=f"badge {verdict}"),
            element("span", row.action_required, class_="act"),
            class_="head",
        ),
        _chart(row, history, now),
        element("dl", *(join(element("dt", name), element("dd", value)) for name, value in facts)),
        class_="card",
    )


def _chart(row: PositionReport, history: History, now: datetime) -> Markup:
    bars = history.hourly.get(row.key.instrument)
    if bars is None or isinstance(bars, Unknown):
        reason = "no bars were read" if bars is None else f"{bars.reason}: {bars.detail}"
        return element("p", f"No chart: {reason}", class_="unknown")
    return price_chart(row, bars, now, row.probabilities.horizon_hours if row.probabilities else _NO_ODDS_HOURS)


def _facts(row: PositionReport) -> list[tuple[str, str]]:
    guard = row.protection
    profit = f"{money(row.current_pnl, sign=True)} USD, {multiple(row.r_multiple)} R of {price(row.r0, row.tick_size)}"
    assumed = f", {money(guard.assumed_usd)} of it by the assumed stress gap" if guard.assumed_usd > 0 else ""
    facts = [
        ("Profit now", profit),
        ("Stop at exchange", f"{stop_cell(row)} ({guard.state.value}); can lose {can_lose_cell(row)} USD{assumed}"),
        ("Plan", _plan(row)),
    ]
    report, chance = row.volatility, row.probabilities
    if report is not None:
        usd = None if row.notional is None else row.notional * Decimal(str(report.sigma_h))
        facts.append((f"Sigma {report.horizon_hours} h", f"{percent(report.sigma_h, 2)} = {money(usd)} USD; {report.method}"))
    if chance is not None:
        target = f"target {probability(chance.p_tp)}, " if row.take_profit is not None else ""
        facts.append(
            (
                f"Odds in {chance.horizon_hours} h",
                f"{target}stop {probability(chance.p_sl)}, breakeven or better {probability(chance.p_breakeven)}, "
                f"open {probability(chance.p_open)}; noise alone takes the stop {probability(chance.p_noise_stop)}",
            )
        )
    planned = f"{quantity(row.optimal_position_size)} planned, which risks {money(row.dollar_risk)} USD"
    facts.append(
        ("Size", f"{quantity(row.position_size)} held, {planned if row.size_refusal is None else f'no plan: {row.size_refusal}'}")
    )
    if row.liquidation_price is not None:
        facts.append(("Liquidation", f"{price(row.liquidation_price, row.tick_size)} ({row.margin_mode.value} margin)"))
    return facts


def _plan(row: PositionReport) -> str:
    stop, target = level_cell(row, row.stop_loss, "stop_passed"), level_cell(row, row.take_profit, "target_passed")
    return f"stop {stop}, target {target}, reward to risk {ratio(row.risk_reward_ratio)} after costs"
