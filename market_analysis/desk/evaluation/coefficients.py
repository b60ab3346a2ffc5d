"""Coefficients of the pooled model from a file, in place of the shipped ones."""

from __future__ import annotations

from pathlib import Path

import msgspec

from market_analysis.errors import DataUnknownError
from market_analysis.quant.forecast.panel import PanelModel, panel_from_document

__all__ = ["read_coefficients"]


def read_coefficients(path: Path) -> PanelModel:
    """The pooled model of a file that `benchmarks.fit_panel` wrote. Raises DataUnknownError when it is no such file."""
    try:
        return panel_from_document(msgspec.json.decode(path.read_bytes()))
    except (OSError, msgspec.DecodeError, KeyError, TypeError) as error:
        raise DataUnknownError(
            f"{path.name} is no coefficient file: {error}", remedy="python -m benchmarks.fit_panel makes one"
        ) from error
