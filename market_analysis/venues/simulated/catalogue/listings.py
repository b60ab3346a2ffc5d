"""The instruments listed: one row each, in the exchange's own terms."""

from __future__ import annotations

from dataclasses import dataclass

from market_analysis.venues.simulated.catalogue import tiers
from market_analysis.venues.simulated.catalogue.instrument import Category
from market_analysis.venues.simulated.catalogue.tiers import TierRow


@dataclass(frozen=True, slots=True)
class Listing:
    """One row of the listing table; an `InstrumentSpec` is built from it. `funding_minutes` 0 means spot."""

    category: Category
    symbol: str
    base: str
    quote: str
    settle: str
    tick: str
    qty_step: str
    min_qty: str
    max_qty: str
    max_market_qty: str
    launched: str
    funding_minutes: int = 0
    funding_cap: str = "0"
    tier_rows: tuple[TierRow, ...] = ()
    price_scale: int | None = None


def usdt_perpetual(
    base: str,
    tick: str,
    qty_step: str,
    max_qty: str,
    max_market_qty: str,
    launched: str,
    funding_minutes: int,
    funding_cap: str,
    tier_rows: tuple[TierRow, ...],
    price_scale: int | None = None,
) -> Listing:
    """A USDT perpetual; its smallest order is one step."""
    return Listing(
        "linear", f"{base}USDT", base, "USDT", "USDT", tick, qty_step, qty_step, max_qty, max_market_qty, launched,
        funding_minutes, funding_cap, tier_rows, price_scale,
    )  # fmt: skip


_MIDDLE, _SMALL = tiers.MIDDLE_LINEAR, tiers.SMALL_LINEAR

# BTCUSDT linear and spot, and BTCUSD's limits, follow the vendor's documented answers; the rest follows their pattern.
LISTINGS: tuple[Listing, ...] = (
    usdt_perpetual("BTC", "0.10", "0.001", "1190.000", "500.000", "2020-03-30", 480, "0.00375", tiers.BTC_LINEAR, 2),
    usdt_perpetual("ETH", "0.01", "0.01", "8000.00", "3500.00", "2021-03-15", 480, "0.00375", tiers.LARGE_LINEAR),
    usdt_perpetual("SOL", "0.010", "0.1", "80000.0", "16000.0", "2021-10-15", 480, "0.01", tiers.LARGE_LINEAR, 3),
    usdt_perpetual("XRP", "0.0001", "0.1", "2500000.0", "1000000.0", "2021-05-13", 480, "0.01", _MIDDLE),
    usdt_perpetual("DOGE", "0.00001", "1", "14000000", "3500000", "2021-06-02", 480, "0.01", _MIDDLE),
    usdt_perpetual("LINK", "0.001", "0.1", "160000.0", "20000.0", "2021-02-26", 480, "0.01", _MIDDLE),
    usdt_perpetual("AVAX", "0.0010", "0.1", "60000.0", "12000.0", "2021-09-08", 480, "0.01", _MIDDLE, 4),
    usdt_perpetual("ADA", "0.0001", "1", "2700000", "520000", "2021-01-14", 480, "0.01", _MIDDLE),
    usdt_perpetual("LTC", "0.01", "0.1", "30000.0", "8000.0", "2021-01-19", 480, "0.01", _MIDDLE),
    usdt_perpetual("1000PEPE", "0.0000001", "100", "120000000", "30000000", "2023-05-04", 240, "0.02", _SMALL),
    usdt_perpetual("ARB", "0.0001", "0.1", "850000.0", "190000.0", "2023-03-23", 240, "0.02", _SMALL),
    usdt_perpetual("SUI", "0.00010", "10", "330000", "100000", "2023-05-03", 60, "0.02", _SMALL, 5),
    Listing(
        "linear", "BTCPERP", "BTC", "USDC", "USDC", "0.10", "0.001", "0.001", "500.000", "100.000", "2022-02-25",
        480, "0.00375", tiers.BTC_LINEAR, 2,
    ),
    Listing(
        "linear", "ETHPERP", "ETH", "USDC", "USDC", "0.01", "0.01", "0.01", "4000.00", "800.00", "2022-06-15",
        480, "0.00375", tiers.LARGE_LINEAR,
    ),
    Listing(
        "inverse", "BTCUSD", "BTC", "USD", "BTC", "0.10", "1", "1", "25000000", "5000000", "2018-11-14",
        480, "0.005", tiers.BTC_INVERSE, 2,
    ),
    Listing(
        "inverse", "ETHUSD", "ETH", "USD", "ETH", "0.01", "1", "1", "8000000", "1600000", "2019-01-25",
        480, "0.005", tiers.ETH_INVERSE,
    ),
    Listing("spot", "BTCUSDT", "BTC", "USDT", "", "0.1", "0.000001", "0.000011", "83", "41.5", "2021-07-05"),
    Listing("spot", "ETHUSDT", "ETH", "USDT", "", "0.01", "0.00001", "0.00025", "2100", "1050", "2021-07-05"),
    Listing("spot", "SOLUSDT", "SOL", "USDT", "", "0.01", "0.001", "0.01", "25000", "12500", "2021-10-15"),
    Listing("spot", "USDCUSDT", "USDC", "USDT", "", "0.0001", "0.01", "1", "4000000", "2000000", "2021-11-10"),
)  # fmt: skip
