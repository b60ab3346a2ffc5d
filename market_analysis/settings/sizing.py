"""`[sizing]`: document 004's position sizing, in fractions."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from market_analysis.settings.section import Section


class SizingSettings(Section):
    """The sizing engine (docs/sizing.md). Defaults: document 004's; its names in percent are read too."""

    weight_volatility: float = Field(
        0.40, ge=0, le=1, description="weight of the volatility method, renormalised over what has a basis"
    )
    weight_kelly: float = Field(0.35, ge=0, le=1, description="weight of fractional Kelly (none below kelly_min_trades)")
    weight_equal_risk: float = Field(0.25, ge=0, le=1, description="weight of equal risk contribution")
    risk_per_trade_frac: float = Field(0.02, gt=0, le=0.1, description="fraction of equity that one trade may lose at its stop")
    reference_sigma_day: float = Field(0.02, gt=0, le=1, description="one-day sigma of an ordinary asset")
    largest_volatility_ratio: float = Field(
        2.0, ge=1, le=10, description="a calmer asset is sized up to at most this many times the ordinary one"
    )
    high_volatility_sigma_day: float = Field(0.05, gt=0, le=1, description="one-day sigma from which a market counts as wild")
    high_volatility_multiplier: float = Field(
        0.6, gt=0, le=1, description="factor on the volatility method's size in a wild market"
    )
    kelly_fraction: float = Field(0.25, gt=0, le=0.5, description="fraction of the shrunken Kelly size")
    kelly_min_trades: int = Field(
        100, ge=100, le=100_000, description="closed trades of the account below which Kelly has no basis"
    )
    book_sigma_day_frac: float = Field(
        0.03, gt=0, le=0.5, description="one-day sigma of a book of equal risk contributions, fraction of equity"
    )
    stop_sigmas: float = Field(2.0, gt=0, le=20, description="stop distance in one-day sigmas where you name none")
    min_stop_frac: float = Field(0.005, gt=0, lt=1, description="nearest stop accepted, fraction of the entry price")
    max_stop_frac: float = Field(0.15, gt=0, lt=1, description="farthest stop accepted")
    default_stop_frac: float = Field(0.03, gt=0, lt=1, description="stop distance where neither you nor a volatility names one")
    off_hours_multiplier: float = Field(
        1.0, gt=0, le=1, description="factor on the size before 06:00 and from 23:00 UTC; document 004 had 0.8, never measured"
    )
    max_position_frac: float = Field(0.10, gt=0, le=20, description="largest exposure to one asset, fraction of equity")
    crypto_max_position_frac: float = Field(0.08, gt=0, le=20, description="the same for a coin that is neither stable nor DeFi")
    stablecoin_max_position_frac: float = Field(0.15, gt=0, le=20, description="the same for a stablecoin")
    defi_max_position_frac: float = Field(0.05, gt=0, le=20, description="the same for a DeFi token")
    max_class_exposure_frac: float = Field(
        0.25, gt=0, le=20, description="largest exposure to all assets of one class, fraction of equity"
    )
    max_leverage: float = Field(3.0, gt=0, le=50, description="largest gross exposure of the book over equity")
    max_hhi: float = Field(
        0.5, gt=0, le=1, description="largest sum of squared shares of equity (or of gross exposure, if that is more)"
    )
    reserve_frac: float = Field(0.10, ge=0, lt=1, description="fraction of equity that stays free of margin")
    min_order_usd: float = Field(10.0, ge=0, le=1e9, description="smallest order")
    max_order_usd: float = Field(100_000.0, gt=0, le=1e12, description="largest order")
    min_account_usd: float = Field(1_000.0, ge=0, le=1e12, description="equity below which nothing is sized")
    risk_score_threshold: float = Field(
        7.0, gt=0, le=10, description="mean of the risk factors (0 to 10) above which nothing is sized"
    )
    low_liquidity_usd: float = Field(
        100_000.0, gt=0, le=1e12, description="turnover in 24 h that takes one point of liquidity risk away"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.min_stop_frac <= self.default_stop_frac <= self.max_stop_frac:
            raise ValueError(
                f"min_stop_frac ({self.min_stop_frac}) <= default_stop_frac ({self.default_stop_frac}) <= "
                f"max_stop_frac ({self.max_stop_frac}) must hold"
            )
        if self.weight_volatility + self.weight_kelly + self.weight_equal_risk <= 0:
            raise ValueError("weight_volatility, weight_kelly and weight_equal_risk are all 0; give at least one a weight")
        if self.min_order_usd > self.max_order_usd:
            raise ValueError(f"min_order_usd ({self.min_order_usd}) must not exceed max_order_usd ({self.max_order_usd})")
        return self
