"""Sums over bars of GARCH(1,1), LANES series at a time: one pass that value, score and expected information are made of.

The lanes of a block go through the same arithmetic side by side, in one flat state array with constant offsets, so that the
compiler turns them into vector instructions; logarithms are taken of running products, once in many bars.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from market_analysis.quant.arrays import Float1D, Float2D, Int1D
from market_analysis.quant.compiled import APART, compiled
from market_analysis.quant.garch_likelihood import SUMS

__all__ = ["LANES", "normal_blocks", "student_blocks"]

LANES: Final = 16
TILE_BARS: Final = 32
"""Bars copied side by side at a time, so that they stay in the first cache, and between two logarithms: h is within [1e-8, about
the number of bars] mean squares, d down to 5e-10, so that products of so many stay in range."""
TOGETHER: Final = 4
Kernel = Callable[[Float2D, Float1D, Float2D, Int1D, int, int, Float2D], None]

# Places of the state: each holds one number per lane, a multiple of LANES from the start.
(_OMEGA, _ALPHA, _BETA, _M, _H, _DW, _DA, _DB, _PRODUCT_H, _PRODUCT_D) = (LANES * place for place in range(10))
(_LOG_H, _LOG_D, _SHOCK, _S0, _S1, _S2, _G0, _G1, _G2, _G00, _G01, _G02, _G11, _G12, _G22) = (
    LANES * place for place in range(10, 25)
)
_STATE: Final = 25 * LANES


def _steps_of(student: bool, together: int) -> Callable[[Float1D, Float1D, int], None]:
    """The recursion over `together` bars; between them a lane's numbers stay in registers, which halves the time.

    Student-t: tail = 1 + z / m = d / (m h) and weighted shock = (nu + 1) z / (m tail) = (m + 3) x / d, with z = x / h and
    m = nu - 2, so that one division gives both.
    """

    def steps(s: Float1D, tile: Float1D, at: int) -> None:
        for k in range(LANES):
            omega, alpha, beta, m = s[_OMEGA + k], s[_ALPHA + k], s[_BETA + k], s[_M + k]
            h, dw, da, db = s[_H + k], s[_DW + k], s[_DA + k], s[_DB + k]
            product_h = product_d = 1.0
            shocks = s0 = s1 = s2 = g0 = g1 = g2 = g00 = g01 = g02 = g11 = g12 = g22 = 0.0
            for bar in range(together):
                x = tile[at + bar * LANES + k]
                if student:
                    d = h * m + x
                    inverse = 1.0 / (h * d)
                    over_h = d * inverse
                    shock = (m + 3.0) * x * (h * inverse)
                    product_d *= d
                else:
                    over_h = 1.0 / h
                    shock = x * over_h
                slope = 0.5 * (shock - 1.0)
                w, a, b = dw * over_h, da * over_h, db * over_h
                product_h *= h
                shocks += shock
                s0, s1, s2 = s0 + slope * w, s1 + slope * a, s2 + slope * b
                if student:
                    g0, g1, g2 = g0 + w, g1 + a, g2 + b
                g00, g01, g02 = g00 + w * w, g01 + w * a, g02 + w * b
                g11, g12, g22 = g11 + a * a, g12 + a * b, g22 + b * b
                dw, da, db = 1.0 + beta * dw, x + beta * da, h + beta * db
                h = omega + alpha * x + beta * h
            s[_H + k], s[_DW + k], s[_DA + k], s[_DB + k] = h, dw, da, db
            s[_PRODUCT_H + k] *= product_h
            s[_PRODUCT_D + k] *= product_d
            s[_SHOCK + k] += shocks
            s[_S0 + k] += s0
            s[_S1 + k] += s1
            s[_S2 + k] += s2
            if student:
                s[_G0 + k] += g0
                s[_G1 + k] += g1
                s[_G2 + k] += g2
            s[_G00 + k] += g00
            s[_G01 + k] += g01
            s[_G02 + k] += g02
            s[_G11 + k] += g11
            s[_G12 + k] += g12
            s[_G22 + k] += g22

    return steps


_normal_one, _normal_several = compiled(_steps_of(False, 1)), compiled(_steps_of(False, TOGETHER))
_student_one, _student_several = compiled(_steps_of(True, 1)), compiled(_steps_of(True, TOGETHER))


def _blocks_of(student: bool) -> Kernel:
    def blocks(squared: Float2D, backcast: Float1D, natural: Float2D, rows: Int1D, first: int, last: int, result: Float2D) -> None:
        bars, points = squared.shape[1], natural.shape[0]
        tile = np.empty(TILE_BARS * LANES + 2 * APART)[APART:]
        s = np.empty(_STATE + 2 * APART)[APART:]
        for block in range(first, last):
            s[:] = 0.0
            for k in range(LANES):
                point = min(block * LANES + k, points - 1)  # the last block repeats its last point
                before = backcast[rows[point]]
                s[_OMEGA + k], s[_ALPHA + k], s[_BETA + k] = natural[point, 0], natural[point, 1], natural[point, 2]
                s[_M + k] = natural[point, 3] - 2.0 if student else 1.0
                s[_H + k] = natural[point, 0] + (natural[point, 1] + natural[point, 2]) * before
                s[_DW + k], s[_DA + k], s[_DB + k] = 1.0, before, before
                s[_PRODUCT_H + k] = s[_PRODUCT_D + k] = 1.0
            for begin in range(0, bars, TILE_BARS):
                count = min(TILE_BARS, bars - begin)
                for k in range(LANES):
                    row = rows[min(block * LANES + k, points - 1)]
                    for bar in range(count):
                        tile[bar * LANES + k] = squared[row, begin + bar]
                whole = count - count % TOGETHER
                for bar in range(0, whole, TOGETHER):
                    if student:
                        _student_several(s, tile, bar * LANES)
                    else:
                        _normal_several(s, tile, bar * LANES)
                for bar in range(whole, count):
                    if student:
                        _student_one(s, tile, bar * LANES)
                    else:
                        _normal_one(s, tile, bar * LANES)
                for k in range(LANES):
                    s[_LOG_H + k] += np.log(s[_PRODUCT_H + k])
                    s[_LOG_D + k] += np.log(s[_PRODUCT_D + k])
                    s[_PRODUCT_H + k] = s[_PRODUCT_D + k] = 1.0
            for k in range(min(LANES, points - block * LANES)):
                for place in range(SUMS - 1):
                    result[block * LANES + k, place] = s[_LOG_H + place * LANES + k]
                result[block * LANES + k, SUMS - 1] = s[_H + k]

    return blocks


normal_blocks: Kernel = compiled(_blocks_of(False), cached=True)
student_blocks: Kernel = compiled(_blocks_of(True), cached=True)
"""(squared, backcast, natural, rows, first, last, result): fills rows of `result` for the points of blocks [first, last)."""
