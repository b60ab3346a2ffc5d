"""Options of commands about a trade that is only thought of."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated

import typer

_LEAST, _MOST = Decimal("1e-12"), Decimal("1e12")


class SideChoice(StrEnum):
    """long or short."""

    LONG = "long"
    SHORT = "short"


def parse_amount(text: str | Decimal) -> Decimal:
    """A positive decimal number of a size that money, prices and quantities have."""
    try:
        value = Decimal(str(text).replace(",", ""))
    except InvalidOperation:
        raise typer.BadParameter(f"{text!r} is not a number") from None
    if not value.is_finite() or value <= 0:
        raise typer.BadParameter(f"{text!r} must be a finite number above 0")
    if not _LEAST <= value <= _MOST:
        raise typer.BadParameter(f"{text!r} must lie between {_LEAST} and {_MOST}")
    return value


Symbol = Annotated[str, typer.Argument(help="Instrument: BTCUSDT, BTC, BTCPERP, BTCUSD, or ccxt's BTC/USDT:USDT.")]
SideOption = Annotated[SideChoice, typer.Option("--side", help="Direction of the trade.")]
Leverage = Annotated[Decimal, typer.Option("--leverage", parser=parse_amount, metavar="X", help="Leverage of the position.")]
Amount = Annotated[Decimal | None, typer.Option(parser=parse_amount, metavar="NUMBER")]
