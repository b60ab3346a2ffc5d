"""Entry point of `risk-manager` and `python -m market_analysis`."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line and exit with its verdict."""
    from market_analysis.cli.app import app
    from market_analysis.cli.boundary import internal_error, run

    arguments = sys.argv[1:]
    try:
        status = run(app, arguments)
    except Exception as error:  # noqa: BLE001 - the process boundary: whatever is left must not exit as a verdict
        if os.environ.get("RISK_MANAGER_TRACEBACK"):
            raise
        status = internal_error(error, arguments)
    sys.exit(status)


if __name__ == "__main__":
    main()
