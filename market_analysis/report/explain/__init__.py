"""Every number of one position back to its inputs and its formula."""

from market_analysis.report.explain.lookup import find_position
from market_analysis.report.explain.page import explain

__all__ = ["explain", "find_position"]
