"""Frozen, bounded settings sections. Loading, merging and origins are `market_analysis.config`'s."""

from market_analysis.settings.credentials import Credentials
from market_analysis.settings.daemon import DaemonSettings
from market_analysis.settings.guard import GuardSettings
from market_analysis.settings.portfolio import DrawdownStep, PortfolioSettings, StressScenario
from market_analysis.settings.prob import ProbSettings
from market_analysis.settings.risk import RiskSettings
from market_analysis.settings.root import Settings
from market_analysis.settings.run import DataSettings, MonitorSettings, OutputSettings
from market_analysis.settings.section import Section
from market_analysis.settings.sizing import SizingSettings
from market_analysis.settings.stops import StopsSettings
from market_analysis.settings.venue import AccountSettings, BybitSettings
from market_analysis.settings.vol import VolSettings

__all__ = [
    "AccountSettings",
    "BybitSettings",
    "Credentials",
    "DaemonSettings",
    "DataSettings",
    "DrawdownStep",
    "GuardSettings",
    "MonitorSettings",
    "OutputSettings",
    "PortfolioSettings",
    "ProbSettings",
    "RiskSettings",
    "Section",
    "Settings",
    "SizingSettings",
    "StopsSettings",
    "StressScenario",
    "VolSettings",
]
