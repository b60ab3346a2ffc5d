"""The day's rhythm by UTC hour: quiet in the small hours, busiest when America opens."""

from __future__ import annotations

import numpy as np

from market_analysis.venues.simulated.market.streams import HOURS_PER_BLOCK, HOURS_PER_CHUNK, HOURS_PER_DAY

# Volatility by UTC hour relative to the day's mean, shaped like the mean absolute hourly return of large crypto pairs.
_VOLATILITY_SHAPE = np.array(
    (
        (1.02, 0.95, 0.88, 0.82, 0.78, 0.77, 0.80, 0.88, 0.93, 0.92, 0.90, 0.92),
        (1.04, 1.32, 1.46, 1.42, 1.28, 1.14, 1.05, 1.00, 0.97, 0.92, 0.87, 0.94),
    )
).ravel()
_DAY_VARIANCE = _VOLATILITY_SHAPE**2 / np.mean(_VOLATILITY_SHAPE**2)
_DAY_VOLUME = _VOLATILITY_SHAPE**1.5 / np.mean(_VOLATILITY_SHAPE**1.5)

# The rhythm of one chunk of variance and one block of volume, hour by hour from midnight UTC.
HOURLY_VARIANCE = np.tile(_DAY_VARIANCE, HOURS_PER_CHUNK // HOURS_PER_DAY)
HOURLY_VOLUME = np.tile(_DAY_VOLUME, HOURS_PER_BLOCK // HOURS_PER_DAY)
