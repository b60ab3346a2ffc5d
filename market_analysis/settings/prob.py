"""`[prob]`: the probability of target before stop and the choice of the target."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from market_analysis.settings.section import Section


class ProbSettings(Section):
    """Probability settings. Defaults: rulings 1, 5, 6, 7."""

    horizon_hours: int = Field(72, ge=1, le=720, description="horizon of every probability, hours")
    prob_alpha: float = Field(
        1.0, gt=0, le=10, description="softness of the choice only; the printed probability is never softened"
    )
    prob_target: float = Field(0.25, gt=0, lt=1, description="least probability of target before stop within the horizon")
    min_reward_risk: float = Field(1.5, gt=0, le=20, description="least reward to risk in money after costs")
    m_min: float = Field(2.0, gt=0, le=40, description="smallest target multiple searched")
    m_max: float = Field(6.0, gt=0, le=40, description="largest target multiple searched")
    m_step: float = Field(0.25, ge=0.01, le=5, description="step of the search")
    paths: int = Field(10_000, ge=1_000, le=200_000, description="simulated paths per position")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.m_min > self.m_max:
            raise ValueError(f"m_min ({self.m_min}) must not exceed m_max ({self.m_max})")
        return self
