"""The whole of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import Field, model_validator

from market_analysis.settings.daemon import DaemonSettings
from market_analysis.settings.guard import GuardSettings
from market_analysis.settings.portfolio import PortfolioSettings
from market_analysis.settings.prob import ProbSettings
from market_analysis.settings.risk import RiskSettings
from market_analysis.settings.run import DataSettings, MonitorSettings, OutputSettings
from market_analysis.settings.section import Section
from market_analysis.settings.sizing import SizingSettings
from market_analysis.settings.stops import StopsSettings
from market_analysis.settings.venue import AccountSettings, BybitSettings
from market_analysis.settings.vol import VolSettings


class Settings(Section):
    """Every setting, merged. The account `main` is implied where none is named."""

    seed: int = Field(20_250_920, ge=0, lt=2**63, description="seed of every simulation; same input and seed, same bytes")
    risk: RiskSettings = RiskSettings()
    stops: StopsSettings = StopsSettings()
    vol: VolSettings = VolSettings()
    prob: ProbSettings = ProbSettings()
    portfolio: PortfolioSettings = PortfolioSettings()
    sizing: SizingSettings = SizingSettings()
    bybit: BybitSettings = BybitSettings()
    monitor: MonitorSettings = MonitorSettings()
    guard: GuardSettings = GuardSettings()
    data: DataSettings = DataSettings()
    output: OutputSettings = OutputSettings()
    daemon: DaemonSettings = DaemonSettings()
    accounts: Mapping[str, AccountSettings] = Field({"main": AccountSettings()}, min_length=1)

    @model_validator(mode="after")
    def _horizons(self) -> Self:
        if self.vol.horizon_hours > self.prob.horizon_hours:
            raise ValueError(
                f"vol.horizon_hours ({self.vol.horizon_hours}) must not exceed prob.horizon_hours ({self.prob.horizon_hours}): "
                "sigma_H is the unit of distance, the probability horizon is how long the position may live"
            )
        return self
