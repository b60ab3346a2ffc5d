"""`[risk]`: how much may be lost."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from market_analysis.settings.section import Section


class RiskSettings(Section):
    """Risk per position and per day. Defaults: rulings 20, 21, 8."""

    base: Literal["equity", "notional"] = Field(
        "equity",
        description="what the risk of a position is a fraction of: account equity, or (document 003) its own notional",
    )
    equity_risk_frac: float = Field(0.005, gt=0, le=0.1, description="fraction of equity risked per position")
    min_equity_risk_frac: float = Field(0.0025, gt=0, le=0.1, description="floor of that fraction after the confidence score")
    max_equity_risk_frac: float = Field(0.0075, gt=0, le=0.1, description="ceiling of that fraction")
    base_target_pct: float = Field(
        0.025, gt=0, le=0.5, description='fraction of notional risked per position; read only with base = "notional"'
    )
    min_target_pct: float = Field(0.020, gt=0, le=0.5, description="floor of base_target_pct after the confidence score")
    max_target_pct: float = Field(0.030, gt=0, le=0.5, description="ceiling of base_target_pct")
    use_dynamic: bool = Field(True, description="let the confidence score lower the risk fraction (it never raises it)")
    daily_loss_limit_frac: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="loss since the reset, as a fraction of equity at the reset, that ends the day; unset: no ROOM",
    )
    liquidation_buffer_multiple: float = Field(
        0.5, ge=0, le=20, description="isolated margin: |stop - liquidation| must be at least this times |entry - stop|"
    )
    risk_deviation_warning_threshold: float = Field(
        1.2, ge=1, le=100, description="warn when the size held exceeds this times the planned size"
    )
    slippage_bps: float = Field(5.0, ge=0, le=500, description="assumed slippage of a stop or market exit, basis points of price")
    exchange_timeout_ms: int = Field(
        10_000, ge=500, le=120_000, description="longest wait for one answer of the venue, milliseconds"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for low, base, high in (
            ("min_equity_risk_frac", "equity_risk_frac", "max_equity_risk_frac"),
            ("min_target_pct", "base_target_pct", "max_target_pct"),
        ):
            if not getattr(self, low) <= getattr(self, base) <= getattr(self, high):
                raise ValueError(
                    f"{low} ({getattr(self, low)}) <= {base} ({getattr(self, base)}) <= {high} ({getattr(self, high)}) must hold"
                )
        return self
