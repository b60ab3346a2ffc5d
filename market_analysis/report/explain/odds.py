"""The probabilities, always with their horizon and never finer than 1 %."""

from __future__ import annotations

from market_analysis.report.layout import pairs
from market_analysis.report.numbers import probability
from market_analysis.risk.types import PositionReport
from market_analysis.settings import Settings

_HALF_WIDTH = 1.96
_CALIBRATION = {
    "past windows": "past windows: half of each figure is the policy lived through what followed past forecasts, scaled to today",
    "none": "none: the simulation alone, for the past is too short to learn from",
}


def odds_section(row: PositionReport, settings: Settings) -> str:
    """Outcomes of the policy, their sum, precision, and the two checks."""
    chance = row.probabilities
    if chance is None:
        return "  No odds without a stop that is possible."
    hours = chance.horizon_hours
    within = f"within {hours} h"
    simulated = (
        f"{chance.method}: {chance.paths} paths of {hours} hourly bars from filtered residuals, flat expected price, "
        f"seed {settings.seed}"
    )
    closed = f"{chance.method}: closed form, for too few residuals to simulate; it knows no breakeven"
    band = max(_HALF_WIDTH * chance.standard_error, 0.005)
    rows = [
        ("Target first", f"{probability(chance.p_tp)} {within}" if row.take_profit is not None else f"no target, so none {within}"),
        ("Stop at a loss", f"{probability(chance.p_sl)} {within}"),
        ("Stop at or above E", f"{probability(chance.p_breakeven)} {within} (breakeven and both fees, or better)"),
        ("Still open", f"{probability(chance.p_open)} after {hours} h"),
        ("Together", "1: the four outcomes exclude each other"),
        ("How", simulated if chance.paths else closed),
        (
            "Precision",
            f"standard error of the target's at most {_error(chance.standard_error)}; good to about +-{band:.2f} {within}",
        ),
        ("Calibration", _CALIBRATION.get(chance.calibration, chance.calibration)),
        ("Noise alone", f"touches the stop as it stands with {probability(chance.p_noise_stop)} {within}"),
    ]
    if chance.static_stop_p_tp is not None:
        text = f"{probability(chance.static_stop_p_tp)} {within}: static stop, closed form, no trail and no scale-outs"
        rows.append(("Check", text))
    return pairs(rows)


def _error(value: float) -> str:
    """Rounded up to a half per cent, which is as fine as the probabilities are printed."""
    return ".005" if value <= 0.005 else f"{value:.2f}".removeprefix("0")
