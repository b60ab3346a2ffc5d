"""`risk-manager exchange` serves a market at our own time, so that a client with a clock finds nothing stale."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from market_analysis.config import load
from market_analysis.desk.demo import demo_exchange
from market_analysis.desk.session import open_session


async def test_a_client_of_the_served_exchange_reads_everything_fresh(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    now = datetime.now(UTC).replace(microsecond=0)
    async with demo_exchange(running=True, speed=1.0, now=now) as exchange:
        environment = {
            "BYBIT_BASE_URL": exchange.base_url,
            "BYBIT_API_KEY": exchange.credentials.key,
            "BYBIT_API_SECRET": exchange.credentials.secret,
            "RISK_MANAGER__VOL__BARS": "700",
            "RISK_MANAGER__PROB__PATHS": "1000",
        }
        configuration = load(directory=tmp_path, environment=environment)
        async with open_session(configuration, "main", demo=False, state_directory=tmp_path / "state") as session:
            look = await session.look()
    assert set(look.analysis.data.parts.values()) == {"ok"}, look.analysis.data
    assert abs(look.snapshot.as_of - now) < timedelta(minutes=1)
