"""`[portfolio]`: correlation clusters, caps, stress."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from market_analysis.settings.section import Section


class DrawdownStep(Section):
    """From a day's loss of `pnl_frac` of equity on, planned risk is multiplied by `multiplier`."""

    pnl_frac: float = Field(lt=0, gt=-1, description="today's profit over equity, negative")
    multiplier: float = Field(gt=0, le=1, description="factor on planned risk, cumulative with milder steps")


class StressScenario(Section):
    """A day of the user's own: simple returns of coins; the rest follows BTC by beta if BTC is named, or moves by `other`."""

    name: str = Field(min_length=1, max_length=60, description="what it is called")
    moves: dict[str, Annotated[float, Field(gt=-1, le=10)]] = Field(description="coin -> return, -0.2 is a fall of 20 %")
    other: float | None = Field(None, gt=-1, le=10, description="return of every coin that is not named")


class PortfolioSettings(Section):
    """Book-wide settings. Defaults: rulings 11, 12, 14, 20."""

    corr_lookback_days: int = Field(60, ge=10, le=365, description="days of closed 4h returns behind the correlations")
    corr_threshold: float = Field(0.7, gt=0, lt=1, description="correlation from which positions join one cluster")
    corr_release: float = Field(0.6, gt=0, lt=1, description="mean correlation below which a cluster falls apart")
    cluster_risk_cap_pct: float = Field(
        0.5, gt=0, le=1, description="a cluster may hold this fraction of max_portfolio_risk_frac x equity"
    )
    max_portfolio_risk_frac: float = Field(0.03, gt=0, le=0.5, description="planned risk of the whole book, fraction of equity")
    min_portfolio_risk_frac: float = Field(0.01, ge=0, le=0.5, description="the drawdown throttle never goes below this")
    drawdown_multipliers: tuple[DrawdownStep, ...] = Field(
        (DrawdownStep(pnl_frac=-0.02, multiplier=0.75), DrawdownStep(pnl_frac=-0.04, multiplier=0.5)),
        description="steps of the drawdown throttle",
    )
    stress_gap_frac: float = Field(0.15, gt=0, lt=1, description="adverse move assumed for size without a resting stop")
    exit_participation_frac: float = Field(
        0.10, gt=0, le=1, description="share of the daily volume that leaving a position may be, for the days to exit"
    )
    stress_scenarios: tuple[StressScenario, ...] = Field(
        (), description='scenarios beside the shipped ones: [{ name = "my day", moves = { BTC = -0.2, SOL = -0.4 }, other = -0.3 }]'
    )
    unexplained_equity_tolerance_frac: float = Field(
        0.002,
        gt=0,
        le=0.1,
        description="residual of the day's equity bridge, fraction of equity, that is left unremarked",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.corr_release > self.corr_threshold:
            raise ValueError(f"corr_release ({self.corr_release}) must not exceed corr_threshold ({self.corr_threshold})")
        if self.min_portfolio_risk_frac > self.max_portfolio_risk_frac:
            raise ValueError(
                f"min_portfolio_risk_frac ({self.min_portfolio_risk_frac}) must not exceed "
                f"max_portfolio_risk_frac ({self.max_portfolio_risk_frac})"
            )
        losses = [step.pnl_frac for step in self.drawdown_multipliers]
        if losses != sorted(losses, reverse=True) or len(set(losses)) != len(losses):
            raise ValueError("drawdown_multipliers must go from the mildest loss to the worst, each pnl_frac once")
        return self
