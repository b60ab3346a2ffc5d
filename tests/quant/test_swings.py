"""Swing lows by hand and by the obvious loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market_analysis.errors import QuantError
from market_analysis.quant.swings import swing_lows


def test_by_hand() -> None:
    assert swing_lows([5, 4, 3, 4, 5, 2, 6, 1], 1).tolist() == [3, 2]  # type: ignore[arg-type]  # the last low is not known yet
    assert swing_lows([5, 4, 3, 4, 5, 2, 6, 1], 2).tolist() == [3]  # type: ignore[arg-type]
    assert swing_lows([5, 3, 3, 4], 1).tolist() == [3]  # type: ignore[arg-type]
    assert swing_lows([1, 2], 1).size == 0  # type: ignore[arg-type]
    assert swing_lows([], 1).size == 0  # type: ignore[arg-type]
    with pytest.raises(QuantError, match="width"):
        swing_lows(np.ones(5), 0)


@given(st.lists(st.integers(1, 6), max_size=30), st.integers(1, 4))
def test_the_obvious_loop_agrees(lows: list[int], width: int) -> None:
    found = [
        float(lows[i])
        for i in range(width, len(lows) - width)
        if all(lows[i] < lows[i - k] and lows[i] <= lows[i + k] for k in range(1, width + 1))
    ]
    assert swing_lows(np.array(lows, dtype=float), width).tolist() == found
