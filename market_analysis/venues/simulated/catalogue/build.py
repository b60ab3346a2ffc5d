"""Making the catalogue: the listed instruments, and as many synthetic ones as a benchmark wants."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from market_analysis.venues.simulated.catalogue import tiers
from market_analysis.venues.simulated.catalogue.bases import BASES, BaseProfile
from market_analysis.venues.simulated.catalogue.instrument import InstrumentSpec
from market_analysis.venues.simulated.catalogue.listings import LISTINGS, Listing, usdt_perpetual

_FEES = {  # taker, maker: Bybit's non-VIP rates
    "spot": (Decimal("0.001"), Decimal("0.001")),
    "linear": (Decimal("0.00055"), Decimal("0.0002")),
    "inverse": (Decimal("0.00055"), Decimal("0.0002")),
}
_MIN_NOTIONAL = {"spot": Decimal(5), "linear": Decimal(5), "inverse": Decimal(1)}
_PRICE_LIMIT = {"spot": ("0.005", "0.01"), "linear": ("0.01", "0.02"), "inverse": ("0.01", "0.02")}
_CONTRACT = {"linear": "LinearPerpetual", "inverse": "InversePerpetual"}
_ALT_SECTORS = 6
_ALT_FUNDING_MINUTES = (480, 240, 240, 60)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The instruments an exchange lists, and how their coins move (by base coin)."""

    instruments: tuple[InstrumentSpec, ...]
    bases: Mapping[str, BaseProfile]


def make_catalogue(extra_symbols: int = 0) -> Catalogue:
    """The standard listing, widened by `extra_symbols` synthetic USDT perpetuals ALT001USDT, ALT002USDT, ...

    Deterministic; the first n synthetic symbols are the same whatever the count.
    """
    alts = [_synthetic(number) for number in range(1, extra_symbols + 1)]
    listings = (*LISTINGS, *(listing for listing, _ in alts))
    bases = {profile.base: profile for profile in (*BASES, *(profile for _, profile in alts))}
    return Catalogue(tuple(make_spec(row, number) for number, row in enumerate(listings, start=1)), bases)


def make_spec(row: Listing, symbol_id: int) -> InstrumentSpec:
    """The full instrument of one listing row."""
    tick = Decimal(row.tick)
    taker, maker = _FEES[row.category]
    ratio_x, ratio_y = _PRICE_LIMIT[row.category]
    risk_tiers = tiers.make_tiers(row.tier_rows)
    cap = Decimal(row.funding_cap)
    scale = row.price_scale if row.price_scale is not None else -int(tick.normalize().as_tuple().exponent)
    return InstrumentSpec(
        category=row.category,
        symbol=row.symbol,
        symbol_id=symbol_id,
        base=row.base,
        quote=row.quote,
        settle=row.settle,
        contract_type="" if row.category == "spot" else _CONTRACT[row.category],  # type: ignore[arg-type]
        status="Trading",
        tick_size=tick,
        price_scale=scale,
        min_price=tick,
        max_price=tick * 19999998,
        qty_step=Decimal(row.qty_step),
        quote_step=Decimal("0.0000001"),
        min_order_qty=Decimal(row.min_qty),
        max_order_qty=Decimal(row.max_qty),
        max_mkt_order_qty=Decimal(row.max_market_qty),
        min_notional=_MIN_NOTIONAL[row.category],
        min_leverage=Decimal(1),
        max_leverage=risk_tiers[0].max_leverage if risk_tiers else Decimal(1),
        leverage_step=Decimal("0.01"),
        funding_interval_minutes=row.funding_minutes,
        upper_funding_rate=cap,
        lower_funding_rate=-cap,
        launch_time=datetime.fromisoformat(row.launched).replace(tzinfo=UTC),
        taker_fee_rate=taker,
        maker_fee_rate=maker,
        price_limit_ratio_x=Decimal(ratio_x),
        price_limit_ratio_y=Decimal(ratio_y),
        risk_tiers=risk_tiers,
    )


def _synthetic(number: int) -> tuple[Listing, BaseProfile]:
    """A made-up alt coin: every property is drawn from a hash of its name."""
    base = f"ALT{number:03d}"
    unit = [byte / 255.0 for byte in hashlib.blake2b(base.encode(), digest_size=6).digest()]
    price = float(f"{10.0 ** (-2.0 + 3.5 * unit[0]):.4g}")
    decimals = 4 - math.floor(math.log10(price))
    step = Decimal(1).scaleb(1 - max(0, math.floor(math.log10(price)) + 1))
    qty_step, maximum, market = (format(n * step, "f") for n in (1, _lots(10**6, price, step), _lots(2 * 10**5, price, step)))
    tick = format(Decimal(1).scaleb(-decimals), "f")
    minutes = _ALT_FUNDING_MINUTES[int(unit[1] * 3.99)]
    listing = usdt_perpetual(base, tick, qty_step, maximum, market, "2023-09-01", minutes, "0.02", tiers.SMALL_LINEAR)
    profile = BaseProfile(
        base=base,
        sector=f"alt{number % _ALT_SECTORS}",
        start_price=price,
        beta=1.0 + 0.6 * unit[2],
        sector_vol_frac=0.012 + 0.016 * unit[3],
        own_vol_frac=0.016 + 0.02 * unit[4],
        daily_turnover_usd=10.0 ** (6.5 + 1.5 * unit[5]),
    )
    return listing, profile


def _lots(value_usd: int, price: float, step: Decimal) -> int:
    """How many whole lots are worth `value_usd`."""
    return int(value_usd / (Decimal(str(price)) * step))
