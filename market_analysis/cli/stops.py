"""`risk-manager stops`: where each type of stop would lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from market_analysis.cli.common import Common
from market_analysis.cli.trade_options import SideChoice, SideOption, Symbol

if TYPE_CHECKING:
    from market_analysis.desk.stops import StopsAnswer

NAME = "stops"


def command(common: Common, symbol: Symbol, side: SideOption = SideChoice.LONG) -> None:
    """Seven types of stop side by side: fixed, trailing, volatility, ATR, support or resistance, breakeven, time decay.

    For the position held on that side, from its entry and best price; without one, for an entry now. The tightest that is possible
    would move the planned stop, and none ever loosens it. A comparison (document 004): the report keeps its own stop.

    Examples:

      risk-manager stops ETHUSDT --demo

      risk-manager stops BTCUSDT --side short --json
    """
    from market_analysis.cli.json_view import print_json
    from market_analysis.cli.sessions import with_session
    from market_analysis.desk.instruments import parse_instrument
    from market_analysis.desk.stops import stops
    from market_analysis.domain import Side

    instrument = parse_instrument(symbol)
    answer = with_session(common, lambda session: stops(session, instrument, Side(side.value)))
    if common.json:
        print_json(answer)
    else:
        typer.echo(_text(answer))


def _text(answer: StopsAnswer) -> str:
    from tabulate import tabulate

    from market_analysis.report.numbers import percent, plain, price

    decision = answer.decision
    rows = [
        (
            item.rule,
            price(item.level, answer.tick_size),
            "" if item.level is None else percent(float(item.level / answer.price) - 1.0, 2, sign=True),
            item.status.replace("_", " "),
            item.reason,
        )
        for item in decision.proposals
    ]
    state = "an entry now" if answer.hours_held is None else f"held {answer.hours_held:.0f} h"
    entry, now = price(answer.entry, answer.tick_size), price(answer.price, answer.tick_size)
    head = f"{plain(answer.symbol)} {answer.side.value}, {state}: entry {entry}, price {now}"
    table = tabulate(rows, headers=("type", "level", "from price", "", ""), tablefmt="plain", disable_numparse=True)
    return "\n".join((head, table, _verdict(answer)))


def _verdict(answer: StopsAnswer) -> str:
    from market_analysis.report.numbers import price

    decision = answer.decision
    if decision.stop is None:
        return "no stop is possible"
    level = price(decision.stop, answer.tick_size)
    if decision.triggered:
        return f"stop {level} stands, and the price has REACHED it: exit, or set your own"
    if not decision.moved:
        return f"stop {level} stands: nothing tighter is possible"
    return f"stop {level}" if answer.present is None else f"stop {level}, tighter than {price(answer.present, answer.tick_size)}"
