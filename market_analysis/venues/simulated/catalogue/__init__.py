"""What the embedded exchange lists: instruments, risk tiers, and the coins behind them."""

from __future__ import annotations

from market_analysis.venues.simulated.catalogue.bases import BaseProfile
from market_analysis.venues.simulated.catalogue.build import Catalogue, make_catalogue
from market_analysis.venues.simulated.catalogue.instrument import Category, ContractType, InstrumentSpec, RiskTier

__all__ = ["BaseProfile", "Catalogue", "Category", "ContractType", "InstrumentSpec", "RiskTier", "make_catalogue"]
