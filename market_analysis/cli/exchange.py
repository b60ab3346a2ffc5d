"""`risk-manager exchange`: the embedded exchange, for other programs to speak to."""

from __future__ import annotations

from typing import Annotated

import typer

from market_analysis.cli.common import Common

NAME = "exchange"


def command(
    common: Common,
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="Port on 127.0.0.1; 0 picks a free one.")] = 0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of its market.")] = 20_260_917,
) -> None:
    """Serve a Bybit v5 exchange of its own making on loopback until stopped, and print how to reach it.

    Examples:

      risk-manager exchange --port 8800

      then, in another shell:  BYBIT_BASE_URL=http://127.0.0.1:8800 BYBIT_API_KEY=... BYBIT_API_SECRET=... risk-manager
    """
    import asyncio

    from market_analysis.cli.view import Console
    from market_analysis.desk.demo import serve_until_stopped

    del common
    console = Console()
    asyncio.run(serve_until_stopped(port=port, seed=seed, say=console.text))
