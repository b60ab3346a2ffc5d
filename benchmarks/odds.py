"""How well the simulated odds of target and stop are calibrated, by the variance recursion inside the paths; on real hours.

    python -m benchmarks.odds --hours 24 --stop 3 --target 6 --every 5
    python -m benchmarks.odds --hours 72 --stop 4 --target 8 --every 5 --symbols ETHUSDT_long,LTCUSDT_long --level .82

At each origin every symbol is entered long and short with a stop and a target that never move, given in ATR(14, 1h); what came
first within the horizon is read off the hours after it, the stop where one hour holds both. Compared are the recursions that the
paths may follow, all with the same forecast path and the same draws, beside the closed form and the climatology of the very
sample (which knows the answer on average, so a ratio below one is hard). Data: `../shared/data`, years before 2024.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from benchmarks.panel_data import DATA
from market_analysis.desk.evaluation.parquet_bars import HOUR_MS, MarketSeries, read_market_folder
from market_analysis.domain import Bars, to_milliseconds
from market_analysis.quant.arrays import Float1D, Float2D
from market_analysis.quant.average_true_range import average_true_range
from market_analysis.quant.barrier import static_stop_probability
from market_analysis.quant.forecast import VarianceForecast, forecast_variances
from market_analysis.quant.garch import GarchFit, filter_variance, fit_garch_batch
from market_analysis.quant.policy import simulate
from market_analysis.quant.policy_inputs import GarchRecursion, PolicyInputs
from market_analysis.quant.residuals import standardised_bar_residuals

BARS, PATHS, NEVER = 4000, 2000, 1e6
SHARES = (1.0, 0.5, 0.25, 0.125, 0.0)
OUTCOMES = ("target", "stop", "neither")
BINS = 10
TARGET, STOP, NEITHER = range(3)


@dataclass(frozen=True)
class Trade:
    """A virtual position: prices of entry, stop and target, and the bars that followed."""

    side: int
    price: float
    stop: float
    target: float
    atr: float
    seed: int


def main() -> None:
    """Read the arguments, score, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--stop", type=float, default=3.0, help="in ATR")
    parser.add_argument("--target", type=float, default=6.0, help="in ATR")
    parser.add_argument("--every", type=int, default=5, help="days between origins")
    parser.add_argument("--level", type=float, default=1.0, help="factor on the forecast variance")
    parser.add_argument("--symbols", default="", help="comma-separated, all ten without")
    parser.add_argument("--first", default="2022-01-01")
    parser.add_argument("--last", default="2023-12-28")
    arguments = parser.parse_args()
    wanted = frozenset(arguments.symbols.split(",")) if arguments.symbols else None
    market = read_market_folder(DATA / "binance_spot_1h_long", wanted)
    begin, end = (to_milliseconds(datetime.fromisoformat(day).replace(tzinfo=UTC)) for day in (arguments.first, arguments.last))
    outcomes: list[int] = []
    said: dict[str, list[Float1D]] = {}
    for origin in range(begin, end, arguments.every * 24 * HOUR_MS):
        for outcome, answers in cases(market, origin, arguments.hours, arguments.stop, arguments.target, arguments.level):
            outcomes.append(outcome)
            for name, answer in answers.items():
                said.setdefault(name, []).append(answer)
    report(np.eye(3)[outcomes], {name: np.array(rows) for name, rows in said.items()})


def cases(
    market: dict[str, MarketSeries], origin: int, hours: int, stop: float, target: float, level: float
) -> Iterator[tuple[int, dict[str, Float1D]]]:
    """(outcome, what each model said of the three outcomes) of every symbol and side at one origin."""
    seen = {name: series.hourly.closed_before(origin)[-BARS:] for name, series in market.items()}
    seen = {name: bars for name, bars in seen.items() if len(bars) == BARS}
    if not seen:
        return
    returns = {name: np.diff(np.log(bars.close)) for name, bars in seen.items()}
    fits = dict(zip(seen, fit_garch_batch(np.stack(list(returns.values())), "t"), strict=True))
    forecasts = forecast_variances(seen, (hours,), garch_fits=fits)
    for name, bars in seen.items():
        hourly = market[name].hourly
        first = len(hourly.closed_before(origin))
        future = hourly[first : first + hours]
        atr = float(average_true_range(bars.high, bars.low, bars.close, 14)[-1])
        price = float(bars.close[-1])
        for side in (1, -1):
            trade = Trade(side, price, price - side * stop * atr, price + side * target * atr, atr, origin // 1000 + side)
            if len(future) == hours and min(trade.stop, trade.target) > 0.0:
                yield outcome_of(trade, future), answers_of(trade, bars, returns[name], fits[name], forecasts[name], hours, level)


def outcome_of(trade: Trade, future: Bars) -> int:
    """What the bars touched first."""
    worst, best = (future.low, future.high) if trade.side > 0 else (future.high, future.low)
    stopped = np.flatnonzero(trade.side * (worst - trade.stop) <= 0.0)
    reached = np.flatnonzero(trade.side * (best - trade.target) >= 0.0)
    stop_at = stopped[0] if stopped.size else len(future)
    if reached.size and reached[0] < stop_at:
        return TARGET
    return STOP if stopped.size else NEITHER


def answers_of(
    trade: Trade, bars: Bars, returns: Float1D, fit: GarchFit, forecast: VarianceForecast, hours: int, level: float
) -> dict[str, Float1D]:
    """The closed form and the simulation with each share of alpha."""
    path = level * forecast.path(hours)
    variance = filter_variance(returns, fit)
    sigma = np.sqrt(np.concatenate([variance[:1], variance[:-1]]))
    residuals = standardised_bar_residuals(bars.close, bars.high, bars.low, sigma)
    static = static_stop_probability(trade.price, trade.target, trade.stop, trade.side, float(np.sqrt(path.sum())))
    answers = {"closed form": np.array([float(static.p_tp), float(static.p_sl), float(static.p_open)])}
    for share in SHARES:
        kept = share * fit.alpha
        recursion = GarchRecursion(fit.omega, kept, fit.beta + fit.alpha - kept, float(variance[-1]))
        answers[f"{share:g} of alpha"] = simulated(trade, path, residuals, recursion)
    answers["no recursion"] = simulated(trade, path, residuals, None)
    return answers


def simulated(trade: Trade, path: Float1D, residuals: Float2D, recursion: GarchRecursion | None) -> Float1D:
    """Target, stop, neither, with a stop that never moves."""
    inputs = PolicyInputs(
        side=trade.side,
        price=trade.price,
        entry=trade.price,
        stop=trade.stop,
        initial_risk=abs(trade.price - trade.stop),
        peak=trade.price,
        atr=trade.atr,
        trail_mult_initial=NEVER,
        trail_mult_late=NEVER,
        breakeven_after_r=NEVER,
        fee_frac=0.0,
        scale_outs=(),
        runner_frac=1.0,
        target_grid=np.array([trade.target]),
        variance_path=path,
        residuals=residuals,
        seed=trade.seed,
        garch=recursion,
        paths=PATHS,
    )
    at = simulate(inputs).outcome_at(trade.target)
    return np.array([at.p_tp, at.p_sl + at.p_breakeven, at.p_open])


def report(came: Float2D, said: dict[str, Float2D]) -> None:
    """Mean probabilities, three-outcome Brier score over that of the sample's own frequencies, worst calibration error."""
    frequency = came.mean(axis=0)
    climatology = float(((came - frequency) ** 2).sum(axis=1).mean())
    print(f"{len(came)} cases; came: " + ", ".join(f"{name} {share:.3f}" for name, share in zip(OUTCOMES, frequency, strict=True)))
    print(f"Brier score of these frequencies {climatology:.4f}")
    for name, answers in said.items():
        brier = float(((came - answers) ** 2).sum(axis=1).mean())
        worst = max(calibration_error(answers[:, place], came[:, place]) for place in range(3))
        means = " ".join(f"{mean:.3f}" for mean in answers.mean(axis=0))
        print(f"{name:14s} mean {means}  Brier {brier:.4f}, ratio {brier / climatology:.3f}, worst ECE {worst:.3f}")


def calibration_error(said: Float1D, came: Float1D) -> float:
    """Expected calibration error over ten bins of equal width."""
    place = np.minimum((said * BINS).astype(int), BINS - 1)
    gaps = [
        np.mean(place == at) * abs(said[place == at].mean() - came[place == at].mean()) for at in range(BINS) if (place == at).any()
    ]
    return float(sum(gaps))


if __name__ == "__main__":
    main()
