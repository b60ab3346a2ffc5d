"""The report as one self-contained page: inline style, inline SVG, no script, nothing fetched."""

from market_analysis.report.html.page import render_html

__all__ = ["render_html"]
