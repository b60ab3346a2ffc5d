"""`risk-manager evaluate`: how good the variance forecasts, or the odds, are on bars of your own."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from market_analysis.cli.common import Common
from market_analysis.cli.trade_options import Leverage

if TYPE_CHECKING:
    from market_analysis.desk.evaluate import EvaluationRequest
    from market_analysis.desk.evaluate_odds import OddsRequest

NAME = "evaluate"
_DATES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M"]
_EVERY_HOURS, _ODDS_EVERY_HOURS = 4, 120

Data = Annotated[Path, typer.Option("--data", help="Folder of SYMBOL-*.parquet: ts, open, high, low, close, volume.")]
Odds = Annotated[bool, typer.Option("--odds", help="Score the odds of target and stop instead of the variance forecasts.")]
Horizon = Annotated[list[int] | None, typer.Option("--horizon", min=1, max=720, help="Hours ahead. Default: 1, 4 and 24.")]
Every = Annotated[
    int | None, typer.Option("--every", min=1, max=720, help="Hours from one forecast to the next. Default: 4; with --odds 120.")
]
Symbols = Annotated[list[str] | None, typer.Option("--symbol", help="Only these symbols. Default: all.")]
First = Annotated[datetime | None, typer.Option("--from", formats=_DATES, help="First forecast, UTC. Earlier bars are history.")]
Last = Annotated[datetime | None, typer.Option("--to", formats=_DATES, help="Last forecast, UTC.")]
Forecasts = Annotated[
    Path | None, typer.Option("--forecasts", help="Write every forecast, or every p and outcome, to this CSV file.")
]
Plots = Annotated[Path | None, typer.Option("--plots", help="With --odds: write reliability diagrams (SVG) into this folder.")]
Coefficients = Annotated[Path | None, typer.Option("--coefficients", help="Pooled model to use instead of the shipped one.")]
ConfidenceSet = Annotated[
    bool, typer.Option("--confidence-set/--no-confidence-set", help="Model Confidence Set (slower: loads arch).")
]


def command(
    common: Common,
    data: Data,
    odds: Odds = False,
    horizon: Horizon = None,
    every: Every = None,
    symbol: Symbols = None,
    first: First = None,
    last: Last = None,
    leverage: Leverage = Decimal(10),
    forecasts: Forecasts = None,
    plots: Plots = None,
    coefficients: Coefficients = None,
    confidence_set: ConfidenceSet = True,
) -> None:
    """Score the variance forecasts on past bars, walking forward: each forecast sees only the bars that had closed.

    The figure to look at is the QLIKE ratio: the model's loss over that of GARCH(1,1) on 1,000 hours, below 1 is better. The
    shipped coefficients have seen public bars to the end of 2024: score later bars, or give --coefficients fitted without yours.

    With --odds every symbol is entered long and short at past closes, with the levels and odds that the product prints at that
    leverage, and later bars say what came. The figure to look at is the Brier ratio to the climatologies, below 1 is better.

    Examples:

      risk-manager evaluate --data bars/

      risk-manager evaluate --data bars/ --from 2024-05-01 --horizon 24 --json

      risk-manager evaluate --odds --data bars/ --every 24 --plots plots/
    """
    since, until = (None if moment is None else moment.replace(tzinfo=UTC) for moment in (first, last))
    symbols = frozenset(symbol) if symbol else None
    if odds:
        from market_analysis.cli.sessions import configuration_of
        from market_analysis.desk.evaluate_odds import OddsRequest

        if horizon:
            raise typer.BadParameter("--horizon is not for --odds: the horizon is [prob] horizon_hours of the settings")
        hours, settings = every or _ODDS_EVERY_HOURS, configuration_of(common).settings
        _odds(common, OddsRequest(data, settings, hours, leverage, symbols, since, until, coefficients, forecasts, plots))
        return
    from market_analysis.desk.evaluate import EvaluationRequest

    if plots is not None:
        raise typer.BadParameter("--plots needs --odds")
    horizons, hours = tuple(horizon or (1, 4, 24)), every or _EVERY_HOURS
    _variances(common, EvaluationRequest(data, horizons, hours, symbols, since, until, coefficients, forecasts, confidence_set))


def _variances(common: Common, request: EvaluationRequest) -> None:
    from market_analysis.cli.evaluation_table import variance_text
    from market_analysis.cli.json_view import print_json
    from market_analysis.cli.view import Console
    from market_analysis.desk.evaluate import evaluate_folder

    console = Console()
    evaluation = evaluate_folder(request, lambda share: console.progress(f"forecasting {share:.0%}"))
    console.progress(None)
    if common.json:
        print_json(evaluation)
    else:
        console.text(variance_text(evaluation))


def _odds(common: Common, request: OddsRequest) -> None:
    from market_analysis.cli.evaluation_table import odds_text
    from market_analysis.cli.json_view import print_json
    from market_analysis.cli.view import Console
    from market_analysis.desk.evaluate_odds import evaluate_odds

    console = Console()
    evaluation = evaluate_odds(request, lambda share: console.progress(f"entering {share:.0%}"))
    console.progress(None)
    if common.json:
        print_json(evaluation)
    else:
        console.text(odds_text(evaluation))
