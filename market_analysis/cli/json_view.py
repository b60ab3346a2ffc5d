"""Any result of the desk as JSON: Decimal as strings, the same rules as the report."""

from __future__ import annotations

import sys

from market_analysis.report.document import encode_value


def print_json(value: object) -> None:
    """One JSON object on stdout."""
    sys.stdout.buffer.write(encode_value(value))
    sys.stdout.buffer.flush()
