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
    """Document 004's stop types side by side: fixed, trailing, volatility, ATR, support or resistance, breakeven, time decay.

    For the position held on that side, from its entry and best price; without one, for an entry now. The tightest that is possible
    moves the planned stop, and none ever loosens it. A comparison: the report keeps its own stop.

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

    rows = [
        (
            item.name,
            price(item.level, answer.tick_size),
            "" if item.level is None else percent(float(item.level / answer.price) - 1.0, 2, sign=True),
            item.standing.value.replace("_", " "),
        )
        for item in answer.types
    ]
    state = "held" if answer.held else "an entry now"
    age = "" if answer.hours_held is None else f", {answer.hours_held:.0f} h old"
    entry, now = price(answer.entry, answer.tick_size), price(answer.price, answer.tick_size)
    head = f"{plain(answer.symbol)} {answer.side.value}, {state}{age}: entry {entry}, price {now}"
    table = tabulate(rows, headers=("type", "level", "from price", ""), tablefmt="plain", disable_numparse=True)
    level = price(answer.level, answer.tick_size)
    by = f"moved by {answer.moved_by}" if answer.moved_by else "the one that stands"
    last = f"stop {level}, {by}" if answer.level is not None else "no stop is possible"
    return "\n".join((head, table, last + ("; the price has REACHED it" if answer.triggered else "")))
