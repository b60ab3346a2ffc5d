"""Entry point of `risk-manager` and `python -m market_analysis`."""

from __future__ import annotations

import gc
import os
import sys

_YOUNG_OBJECTS = 100_000
"""New objects between two looks for garbage. Python's 700 makes it walk, again and again, through the hundred thousands of
lasting objects that ccxt, SciPy and aiohttp make while they load: a tenth of a report's processor time."""


def main() -> None:
    """Run the command line and exit with its verdict."""
    from market_analysis.cli.app import app
    from market_analysis.cli.boundary import internal_error, run

    gc.set_threshold(_YOUNG_OBJECTS, 20, 20)
    arguments = sys.argv[1:]
    try:
        status = run(app, arguments)
    except Exception as error:
        if os.environ.get("RISK_MANAGER_TRACEBACK"):
            raise
        status = internal_error(error, arguments)
    sys.exit(status)


if __name__ == "__main__":
    main()
