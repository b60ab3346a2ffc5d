"""`[stops]`: where stops, targets and scale-outs lie."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from market_analysis.settings.section import Section


class StopsSettings(Section):
    """Multiples of the horizon sigma (unit of k and m) and of R, document 003's names. Defaults: rulings 3, 6."""

    k_sl_lev20: float = Field(1.5, gt=0, le=20, description="stop distance in horizon sigmas at leverage >= 20")
    k_sl_lev15: float = Field(1.8, gt=0, le=20, description="the same at leverage >= 15")
    k_sl_lev10: float = Field(2.2, gt=0, le=20, description="the same at leverage >= 10")
    k_sl_low: float = Field(2.5, gt=0, le=20, description="the same at lower leverage")
    m_tp_lev20: float = Field(3.0, gt=0, le=40, description="base target distance in horizon sigmas at leverage >= 20")
    m_tp_lev15: float = Field(3.5, gt=0, le=40, description="the same at leverage >= 15")
    m_tp_lev10: float = Field(4.0, gt=0, le=40, description="the same at leverage >= 10")
    m_tp_low: float = Field(4.5, gt=0, le=40, description="the same at lower leverage")
    min_stop_atr_multiple: float = Field(1.0, ge=0, le=10, description="a planned stop is at least this many ATR away")
    min_stop_cost_multiple: float = Field(3.0, ge=0, le=50, description="and at least this many times spread plus fees")
    breakeven_after_R: float = Field(1.0, gt=0, le=20, description="peak profit in R from which the stop is at entry plus fees")
    atr_timeframe: Literal["1h", "2h", "4h", "6h", "12h", "1d"] = Field("4h", description="bar length of the trailing ATR")
    atr_period: int = Field(20, ge=2, le=200, description="bars of the trailing ATR (Wilder)")
    atr_trail_mult_initial: float = Field(2.0, gt=0, le=20, description="trail distance in ATR when breakeven is reached")
    atr_trail_mult_late: float = Field(1.5, gt=0, le=20, description="trail distance in ATR from 2 R on")
    scaleout_r1: float = Field(1.5, gt=0, le=50, description="first scale-out, in R")
    scaleout_r2: float = Field(3.0, gt=0, le=50, description="second scale-out, in R")
    scaleout_frac1: float = Field(0.4, ge=0, le=1, description="fraction of the position closed at the first scale-out")
    scaleout_frac2: float = Field(0.3, ge=0, le=1, description="fraction closed at the second")
    leave_runner_frac: float = Field(0.3, ge=0, le=1, description="fraction left to run to the target; the three sum to 1")
    use_state_anchored: bool = Field(
        True, description="report the dynamic levels as stop_loss/take_profit (false: the static ones)"
    )
    tp_anchor: Literal["entry", "price"] = Field("entry", description="where targets are measured from; price is advice only")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        total = self.scaleout_frac1 + self.scaleout_frac2 + self.leave_runner_frac
        if abs(total - 1) > 1e-9:
            raise ValueError(f"scaleout_frac1 + scaleout_frac2 + leave_runner_frac must be 1, is {total:.6g}")
        if self.scaleout_r1 >= self.scaleout_r2:
            raise ValueError(f"scaleout_r1 ({self.scaleout_r1}) must be less than scaleout_r2 ({self.scaleout_r2})")
        if self.atr_trail_mult_late > self.atr_trail_mult_initial:
            raise ValueError(
                f"atr_trail_mult_late ({self.atr_trail_mult_late}) must not exceed "
                f"atr_trail_mult_initial ({self.atr_trail_mult_initial})"
            )
        return self
