"""`[monitor]`, `[data]`, `[output]`: the loop, the age of data, what is written."""

from __future__ import annotations

from pydantic import Field

from market_analysis.settings.section import Section


class MonitorSettings(Section):
    """The monitor loop."""

    interval_seconds: float = Field(10.0, ge=0.2, le=86_400, description="seconds from the start of one loop to the next")


class DataSettings(Section):
    """When data is too old to be believed."""

    max_age_seconds: float = Field(30.0, gt=0, le=3_600, description="older quotes, positions or balances are stale")
    max_bar_age_bars: float = Field(2.0, ge=1, le=48, description="last closed bar older than this many bar lengths: stale history")
    max_gap_frac: float = Field(0.02, ge=0, le=0.5, description="share of missing bars above which a history is not modelled")


class OutputSettings(Section):
    """Files written each loop."""

    path: str = Field(
        "risk_analysis.json", min_length=1, description="where the report is written, relative to the current directory"
    )
