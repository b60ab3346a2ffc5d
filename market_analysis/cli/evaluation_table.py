"""What `evaluate` found, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from market_analysis.desk.evaluate import Evaluation
    from market_analysis.desk.evaluate_odds import OddsEvaluation
    from market_analysis.desk.evaluation.odds.scores import Figure, KindScore, OddsScore

_REFERENCES = ("climatology_past", "climatology_sample", "brownian_garch")


def variance_text(evaluation: Evaluation) -> str:
    """One row per proxy, horizon and model."""
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


def odds_text(evaluation: OddsEvaluation) -> str:
    """One table per kind of entry, one row per model."""
    head = (
        f"{len(evaluation.symbols)} symbols long and short, {evaluation.first_origin:%Y-%m-%d %H:%M} to "
        f"{evaluation.last_origin:%Y-%m-%d %H:%M} UTC, every {evaluation.every_hours} h, leverage {evaluation.leverage}, "
        f"{evaluation.paths} paths; pooled model: split {evaluation.coefficients['split']}"
    )
    foot = (
        "\nBrier ratios: mean score over that of the reference, below 1 is better; of P(target) alone, in columns `all` of all\n"
        "outcomes. past: frequencies of the outcomes known by then. sample: of these very cases, which nobody could have known.\n"
        "printed: simulated, pooled with the market's own past windows. Brownian: levels that never move, variance of\n"
        "GARCH(1,1)-normal. ECE: calibration error of P(target); worst: of any outcome. Brackets: 90 % intervals by blocks of\n"
        "time. No direction is forecast: each entry is made long and short."
    )
    return "\n".join([head, *(kind_text(score) for score in evaluation.scores), foot])


def kind_text(score: KindScore) -> str:
    """One row per model."""
    from tabulate import tabulate

    came = ", ".join(f"{name.replace('_', ' ')} {share:.3f}" for name, share in score.frequency.items())
    head = (
        f"\n{score.kind}, {score.horizon_hours} h: {score.cases} cases of {score.origins} origins in {score.blocks} blocks; "
        f"came: {came} (target long {score.target_frequency_long:.3f}, short {score.target_frequency_short:.3f})"
    )
    titles = (
        "model",
        "p",
        "past",
        "",
        "sample",
        "",
        "Brownian",
        "",
        "past all",
        "sample all",
        "Brownian all",
        "log score",
        "ECE",
        "",
        "worst",
    )
    return head + "\n" + tabulate([_odds_row(item) for item in score.models], headers=titles, tablefmt="plain", floatfmt=".3f")


def _odds_row(item: OddsScore) -> tuple[object, ...]:
    against = {comparison.reference: comparison for comparison in item.versus}
    ratios: list[object] = []
    for reference in _REFERENCES:
        found = against.get(reference)
        ratios += [None, None] if found is None else [found.brier_target_ratio.value, _interval(found.brier_target_ratio)]
    outcomes = [
        None if (found := against.get(reference)) is None else found.brier_outcomes_ratio.value for reference in _REFERENCES
    ]
    worst = max(item.ece_by_outcome.values())
    ece = (item.ece_target.value, _interval(item.ece_target), worst)
    return item.model, item.mean_probability["target"], *ratios, *outcomes, item.log_score, *ece


def _interval(figure: Figure) -> str:
    return f"[{figure.low:.3f} {figure.high:.3f}]"
