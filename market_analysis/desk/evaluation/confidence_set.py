"""The Model Confidence Set of Hansen, Lunde and Nason (2011), through arch, which is imported only here."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from market_analysis.quant.arrays import Float1D

__all__ = ["CONFIDENCE", "model_confidence_set"]

CONFIDENCE = 0.9
REPLICATIONS = 500


def model_confidence_set(losses: Mapping[str, Float1D], block: int, seed: int) -> frozenset[str]:
    """The models that hold the best one with 90 % confidence; losses (cases,) on the same cases in order of time.

    Range statistic, stationary bootstrap with mean block length `block`, REPLICATIONS draws from `seed`. Models with identical
    losses stand or fall together.
    """
    import pandas
    from arch.bootstrap import MCS

    twins: dict[bytes, list[str]] = {}
    for name, values in losses.items():
        twins.setdefault(values.tobytes(), []).append(name)
    if len(twins) == 1:
        return frozenset(losses)
    table = pandas.DataFrame({names[0]: losses[names[0]] for names in twins.values()})
    test = MCS(table, size=1.0 - CONFIDENCE, reps=REPLICATIONS, block_size=block, method="R", seed=seed)
    # arch divides each model's difference with itself, zero, by its deviation, zero.
    with np.errstate(invalid="ignore", divide="ignore"):
        test.compute()
    return frozenset(name for names in twins.values() if names[0] in test.included for name in names)
