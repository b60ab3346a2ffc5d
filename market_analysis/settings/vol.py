"""`[vol]`: how volatility is forecast."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from market_analysis.settings.section import Section


class VolSettings(Section):
    """Forecast settings. Defaults: rulings 1, 9, 22; document 003's blend weights; docs/evaluation.md."""

    method: Literal["combined", "blend"] = Field(
        "combined", description="combined: pooled model, GARCH and HAR, the best measured; blend: document 003's weighted mean"
    )
    timeframe: Literal["1h"] = Field("1h", description="bar length of the forecasts")
    bars: int = Field(4000, ge=500, le=20_000, description="closed bars to fit on, where the venue has them")
    min_bars: int = Field(500, ge=100, le=20_000, description="fewer closed bars than this: GARCH falls back to EWMA")
    horizon_hours: int = Field(4, ge=1, le=168, description="horizon H of sigma_H, the unit of k and m; no probability uses it")
    garch_distribution: Literal["normal", "t"] = Field("t", description="innovations of the GARCH likelihood")
    ewma_decay: float = Field(0.94, gt=0.5, lt=1, description="decay per bar of the EWMA fallback")
    blend_w_garch: float = Field(0.30, ge=0, le=1, description="weight of GARCH in the blend, renormalised over what is present")
    blend_w_har: float = Field(0.40, ge=0, le=1, description="weight of HAR")
    blend_w_atr: float = Field(0.30, ge=0, le=1, description="weight of the ATR proxy")
    garch_har_outlier_ratio: float = Field(
        2.0, gt=1, le=20, description="GARCH above this many times HAR has its weight cut to 30 %"
    )
    atr_to_sigma_factor: float = Field(0.627, gt=0, le=2, description="ATR over price to sigma of a bar; sqrt(pi/8) in theory")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.blend_w_garch + self.blend_w_har + self.blend_w_atr <= 0:
            raise ValueError("blend_w_garch, blend_w_har and blend_w_atr are all 0; give at least one a weight")
        if self.min_bars > self.bars:
            raise ValueError(f"min_bars ({self.min_bars}) must not exceed bars ({self.bars})")
        return self
