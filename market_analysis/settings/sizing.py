"""`[sizing]`: document 004's sizing engine. Fractions of equity, where the document has percents."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from market_analysis.settings.section import Section


class ClassLimits(Section):
    """The largest position in one asset, by its class, as a fraction of equity (document 004: crypto .08, stable .15, DeFi .05)."""

    stablecoin: float = Field(0.15, gt=0, le=20, description="stable coins")
    major: float = Field(0.08, gt=0, le=20, description="BTC, ETH")
    layer1: float = Field(0.08, gt=0, le=20, description="other base chains")
    layer2: float = Field(0.08, gt=0, le=20, description="chains on chains")
    defi: float = Field(0.05, gt=0, le=20, description="decentralised finance")
    meme: float = Field(0.05, gt=0, le=20, description="memes")
    altcoin: float = Field(0.05, gt=0, le=20, description="everything else")


class SizingSettings(Section):
    """How `recommend` weighs its methods, and what it never exceeds."""

    volatility_weight: float = Field(0.40, ge=0, le=1, description="weight of volatility targeting")
    kelly_weight: float = Field(0.35, ge=0, le=1, description="weight of fractional Kelly; 0 without a record of one's own")
    equal_risk_weight: float = Field(0.25, ge=0, le=1, description="weight of equal risk contribution")
    position_volatility_frac: float = Field(
        0.005, gt=0, le=0.1, description="volatility targeting: what a one-sigma day of the position moves equity by"
    )
    portfolio_volatility_frac: float = Field(
        0.03, gt=0, le=0.2, description="equal risk contribution: what a one-sigma day of the whole book moves equity by"
    )
    kelly_fraction: float = Field(0.25, gt=0, le=0.5, description="fraction of the shrunk Kelly stake; at most one half")
    kelly_min_trades: int = Field(100, ge=100, le=100_000, description="closed trades below which Kelly has no say (ruling 19)")
    max_single_position_frac: float = Field(0.10, gt=0, le=20, description="largest position in one asset, fraction of equity")
    class_limits: ClassLimits = ClassLimits()
    max_class_exposure_frac: float = Field(0.25, gt=0, le=20, description="gross of one asset class, fraction of equity")
    max_leverage: float = Field(3.0, gt=0, le=100, description="gross of the whole book, times equity")
    max_concentration_hhi: float = Field(
        0.50, gt=0, le=100, description="sum of squared positions over squared equity; one position of all equity is 1"
    )
    reserve_frac: float = Field(0.10, ge=0, lt=1, description="equity that stays free of margin")
    min_account_usd: float = Field(1_000.0, ge=0, description="equity below which nothing is recommended")
    min_position_usd: float = Field(10.0, gt=0, description="smallest recommendation")
    max_position_usd: float = Field(100_000.0, gt=0, description="largest position")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.volatility_weight + self.kelly_weight + self.equal_risk_weight <= 0.0:
            raise ValueError("volatility_weight, kelly_weight and equal_risk_weight are all 0; one must be above")
        if self.volatility_weight + self.equal_risk_weight <= 0.0:
            raise ValueError("kelly_weight alone: without a record of 100 trades nothing would be left; give another method weight")
        if self.min_position_usd > self.max_position_usd:
            raise ValueError(f"min_position_usd ({self.min_position_usd:g}) exceeds max_position_usd ({self.max_position_usd:g})")
        return self
