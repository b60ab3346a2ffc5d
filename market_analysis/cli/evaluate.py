"""`risk-manager evaluate`: how good the variance forecasts are, on bars of your own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from market_analysis.cli.common import Common

if TYPE_CHECKING:
    from market_analysis.desk.evaluate import Evaluation

NAME = "evaluate"
_DATES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M"]


def command(
    common: Common,
    data: Annotated[Path, typer.Option("--data", help="Folder of SYMBOL-*.parquet: ts, open, high, low, close, volume.")],
    horizon: Annotated[
        list[int] | None, typer.Option("--horizon", min=1, max=720, help="Hours ahead. Default: 1, 4 and 24.")
    ] = None,
    every: Annotated[int, typer.Option("--every", min=1, max=168, help="Hours from one forecast to the next.")] = 4,
    symbol: Annotated[list[str] | None, typer.Option("--symbol", help="Only these symbols. Default: all.")] = None,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=_DATES, help="First forecast, UTC. Earlier bars are history.")
    ] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=_DATES, help="Last forecast, UTC.")] = None,
    forecasts: Annotated[Path | None, typer.Option("--forecasts", help="Write every forecast to this CSV file.")] = None,
    coefficients: Annotated[
        Path | None, typer.Option("--coefficients", help="Pooled model to score instead of the shipped one.")
    ] = None,
    confidence_set: Annotated[
        bool, typer.Option("--confidence-set/--no-confidence-set", help="Model Confidence Set (slower: loads arch).")
    ] = True,
) -> None:
    """Score the variance forecasts on past bars, walking forward: each forecast sees only the bars that had closed.

    The figure to look at is the QLIKE ratio: the model's loss over that of GARCH(1,1) on 1,000 hours, below 1 is better. The
    shipped coefficients have seen public bars to the end of 2024: score later bars, or give --coefficients fitted without yours.

    Examples:

      risk-manager evaluate --data bars/

      risk-manager evaluate --data bars/ --from 2024-05-01 --horizon 24 --json
    """
    from market_analysis.cli.json_view import print_json
    from market_analysis.cli.view import Console
    from market_analysis.desk.evaluate import EvaluationRequest, evaluate_folder

    console = Console()
    request = EvaluationRequest(
        folder=data,
        horizons=tuple(horizon or (1, 4, 24)),
        every_hours=every,
        symbols=frozenset(symbol) if symbol else None,
        first=None if first is None else first.replace(tzinfo=UTC),
        last=None if last is None else last.replace(tzinfo=UTC),
        coefficients=coefficients,
        forecasts_file=forecasts,
        confidence_set=confidence_set,
    )
    evaluation = evaluate_folder(request, lambda share: console.progress(f"forecasting {share:.0%}"))
    console.progress(None)
    if common.json:
        print_json(evaluation)
    else:
        console.text(_text(evaluation))


def _text(evaluation: Evaluation) -> str:
    from tabulate import tabulate

    proxies = {
        "realised_variance": f"{evaluation.fine_minutes}-minute realised variance",
        "squared_returns": "squared hourly returns",
    }
    head = (
        f"{len(evaluation.symbols)} symbols, {evaluation.first_origin:%Y-%m-%d %H:%M} to "
        f"{evaluation.last_origin:%Y-%m-%d %H:%M} UTC, every {evaluation.every_hours} h, against {evaluation.baseline}; "
        f"pooled model: split {evaluation.coefficients['split']}"
    )
    titles = (
        "hours",
        "model",
        "QLIKE",
        "ratio",
        "of means",
        "MSE ratio",
        "better",
        "DM",
        "DM all",
        "GW",
        "slope 1",
        "deciles 1",
        "MCS",
    )
    parts = [head]
    for proxy, name in proxies.items():
        rows = [
            (
                item.horizon_hours,
                item.model,
                item.qlike_mean,
                item.qlike_ratio_median,
                item.qlike_ratio_of_means,
                item.mse_ratio_median,
                item.better_share,
                item.dm_median,
                item.dm_pooled,
                item.gw_rejected_share,
                item.slope_covers_one_share,
                item.decile_covers_one_share,
                item.confidence_set_share,
            )
            for item in evaluation.scores
            if item.proxy == proxy
        ]
        if rows:
            parts.append(f"\nOn {name}\n" + tabulate(rows, headers=titles, tablefmt="plain", floatfmt=".3f", missingval="-"))
    parts.append(
        "\nratio: median over symbols of the QLIKE over the baseline's; of means: all cases. better, GW, slope 1, MCS: shares of\n"
        "symbols. DM: median Diebold-Mariano t against the baseline, DM all: of the mean over symbols; below -1.96 is better.\n"
        "deciles 1: share of tenths of the forecast whose mean realised/forecast has an interval that holds 1."
    )
    return "\n".join(parts)
