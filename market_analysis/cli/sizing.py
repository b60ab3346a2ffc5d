"""`risk-manager sizing`: how large a trade should be, and everything that made it so."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from market_analysis.cli.common import Common
from market_analysis.cli.trade_options import Symbol, parse_amount

if TYPE_CHECKING:
    from market_analysis.risk.sizing_engine.types import TradeRecord

NAME = "sizing"


class OrderChoice(StrEnum):
    """buy or sell, or what that makes."""

    BUY = "buy"
    SELL = "sell"
    LONG = "long"
    SHORT = "short"


SideOption = Annotated[OrderChoice, typer.Option("--side", help="Direction of the trade.")]
Signal = Annotated[float, typer.Option("--signal", min=0.0, max=1.0, help="Strength of the signal; 1 takes nothing away.")]
StopPercent = Annotated[
    float | None,
    typer.Option("--stop-pct", min=0.0, help="Your stop, percent from the mark. Default: sigmas of a day.", show_default=False),
]
OwnLeverage = Annotated[
    Decimal | None,
    typer.Option("--leverage", parser=parse_amount, metavar="X", help="Leverage. Default: that of the position held, else 1."),
]
ClosedTrades = Annotated[
    int | None, typer.Option("--closed-trades", min=0, help="Closed trades of this account, for Kelly.", show_default=False)
]
WinRate = Annotated[
    float | None, typer.Option("--win-rate", min=0.0, max=1.0, help="Fraction of them that won.", show_default=False)
]
Payoff = Annotated[float | None, typer.Option("--payoff", min=0.0, help="Their mean win over their mean loss.", show_default=False)]
RecordDays = Annotated[
    int | None,
    typer.Option(
        "--record-days", min=1, max=730, help="Read the closed trades of so many days from the account.", show_default=False
    ),
]
Alone = Annotated[bool, typer.Option("--alone", help="As if nothing were held: what the account could carry.")]


def command(
    common: Common,
    symbol: Symbol,
    side: SideOption = OrderChoice.BUY,
    signal: Signal = 1.0,
    stop_pct: StopPercent = None,
    leverage: OwnLeverage = None,
    closed_trades: ClosedTrades = None,
    win_rate: WinRate = None,
    payoff: Payoff = None,
    record_days: RecordDays = None,
    alone: Alone = False,
) -> None:
    """The size of a trade by volatility, Kelly and equal risk, its multipliers and caps in money; or refused, with every reason.

    Settings: [sizing], and the risk limits of [portfolio]. The formulas are in docs/sizing.md. `size` answers the smaller question:
    how much one risk budget buys at a stop of yours.

    Examples:

      risk-manager sizing BTC --side buy --signal 0.8 --stop-pct 3 --demo

      risk-manager sizing XRP --side sell --signal 0.7 --leverage 3 --alone --demo --json

      risk-manager sizing SOL --record-days 30 --alone --demo

      risk-manager sizing ETH --side sell --closed-trades 240 --win-rate 0.45 --payoff 1.8 --alone --demo
    """
    from market_analysis.cli.json_view import print_json
    from market_analysis.cli.sessions import with_session
    from market_analysis.desk.instruments import parse_instrument
    from market_analysis.desk.sizing import TradeIdea, size_idea
    from market_analysis.domain import Side
    from market_analysis.errors import EXIT_UNKNOWN, EXIT_WARNING
    from market_analysis.report.sizing import sizing_text

    idea = TradeIdea(
        instrument=parse_instrument(symbol),
        side=Side.LONG if side in (OrderChoice.BUY, OrderChoice.LONG) else Side.SHORT,
        signal=signal,
        stop_frac=None if stop_pct is None else stop_pct / 100.0,
        leverage=leverage,
        record=_record(closed_trades, win_rate, payoff, record_days),
        record_days=record_days,
        alone=alone,
    )
    sized = with_session(common, lambda session: size_idea(session, idea))
    if common.json:
        print_json(sized)
    else:
        typer.echo(sizing_text(sized.result, alone=alone))
    if sized.result.rests_on_unknown:
        raise typer.Exit(EXIT_UNKNOWN)
    if not sized.result.approved and not common.exit_zero:
        raise typer.Exit(EXIT_WARNING)


def _record(closed_trades: int | None, win_rate: float | None, payoff: float | None, record_days: int | None) -> TradeRecord | None:
    """The record that the flags state: all three or none, and none where it is to be read."""
    from market_analysis.risk.sizing_engine.types import TradeRecord

    if closed_trades is None and win_rate is None and payoff is None:
        return None
    if record_days is not None:
        raise typer.BadParameter("give --record-days, or --closed-trades, --win-rate and --payoff, not both")
    if closed_trades is None or win_rate is None or payoff is None:
        raise typer.BadParameter("give --closed-trades, --win-rate and --payoff together")
    return TradeRecord(closed_trades, win_rate, payoff, "stated by you")
