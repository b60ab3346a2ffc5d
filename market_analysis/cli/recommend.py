"""`risk-manager recommend`: how large a position should be, by several methods at once."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from market_analysis.cli.common import Common
from market_analysis.cli.trade_options import Leverage, SideChoice, SideOption, Symbol, parse_amount

if TYPE_CHECKING:
    from market_analysis.risk.sizing_engine.types import TradeRecord

NAME = "recommend"


def command(
    common: Common,
    symbol: Symbol,
    side: SideOption = SideChoice.LONG,
    signal: Annotated[float, typer.Option("--signal", min=0, max=1, help="How strong your reason is, 0 to 1.")] = 1.0,
    stop: Annotated[
        Decimal | None,
        typer.Option(
            "--stop", parser=parse_amount, metavar="PRICE", help="Your stop. Default: the dynamic one.", show_default=False
        ),
    ] = None,
    trades: Annotated[int | None, typer.Option("--trades", min=1, help="Your closed trades; with --wins and --payoff.")] = None,
    wins: Annotated[int | None, typer.Option("--wins", min=0, help="How many of them won.")] = None,
    payoff: Annotated[float | None, typer.Option("--payoff", min=0.01, max=100, help="Mean win over mean loss.")] = None,
    leverage: Leverage = Decimal(10),
) -> None:
    """How large a position should be: three methods weighed, multipliers, caps, every factor shown.

    Volatility targeting, fractional Kelly and equal risk contribution (document 004). Kelly needs a record of your own, 100 closed
    trades or more: --trades, --wins, --payoff. Without one it has no say. Settings: [sizing].

    Examples:

      risk-manager recommend SOLUSDT --demo

      risk-manager recommend SOLUSDT --side short --signal 0.6 --demo

      risk-manager recommend BTCUSDT --stop 76000 --trades 240 --wins 118 --payoff 1.5 --json
    """
    from market_analysis.cli.json_view import print_json
    from market_analysis.cli.sessions import with_session
    from market_analysis.desk.instruments import parse_instrument
    from market_analysis.desk.recommend import SizingQuestion, recommend_size
    from market_analysis.domain import Side
    from market_analysis.errors import EXIT_WARNING
    from market_analysis.report.text_recommendation import recommendation_text

    record = _record(trades, wins, payoff)
    question = SizingQuestion(parse_instrument(symbol), Side(side.value), stop, signal, leverage, record)
    answer = with_session(common, lambda session: recommend_size(session, question))
    if common.json:
        print_json(answer)
    else:
        typer.echo(recommendation_text(answer))
    if not answer.approved and not common.exit_zero:
        raise typer.Exit(EXIT_WARNING)


def _record(trades: int | None, wins: int | None, payoff: float | None) -> TradeRecord | None:
    """The record that the flags describe. UsageError when only a part of it is given."""
    from market_analysis.errors import UsageError
    from market_analysis.risk.sizing_engine.types import TradeRecord

    if trades is None and wins is None and payoff is None:
        return None
    if trades is None or wins is None or payoff is None:
        raise UsageError("a record needs --trades, --wins and --payoff", remedy="give all three, or none")
    if wins > trades:
        raise UsageError(f"--wins is {wins}, more than --trades {trades}", remedy="count wins among the trades")
    return TradeRecord(trades, wins, payoff)
