"""Bounds on the exposure to the trade's asset after the trade: alone, within its class, within the book.

Each is a limit L on |net| of the asset, net the signed dollars of everything that moves with it; the trade of sign s has the room
L - s net. A trade against what is held has more room, and may always take it back to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from market_analysis.risk.asset_classes import AssetClass, asset_class
from market_analysis.risk.sizing_engine.types import Cap, cents, exact
from market_analysis.settings import SizingSettings

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Exposure:
    """The trade's asset and sign in the book: net_usd of every asset, None when one line has no value in dollars."""

    asset: str
    sign: int
    equity_usd: Decimal
    net_usd: Mapping[str, Decimal] | None

    @property
    def held_usd(self) -> Decimal:
        """Signed dollars of the asset now."""
        return (self.net_usd or {}).get(self.asset, ZERO)

    def others(self, kind: AssetClass | None = None) -> list[Decimal]:
        """Absolute dollars of the other assets, of one class or of all."""
        return [
            abs(net) for asset, net in (self.net_usd or {}).items() if asset != self.asset and kind in (None, asset_class(asset))
        ]


def exposure_caps(exposure: Exposure, settings: SizingSettings) -> tuple[Cap, ...]:
    """position, class_position, class_exposure, leverage, concentration."""
    equity, kind = exposure.equity_usd, asset_class(exposure.asset)
    of_kind = class_position_frac(kind, settings)
    in_class, in_book = sum(exposure.others(kind), start=ZERO), sum(exposure.others(), start=ZERO)
    whole = exact(settings.max_class_exposure_frac) * equity
    geared = exact(settings.max_leverage) * equity
    return (
        _cap(
            "position",
            exposure,
            exact(settings.max_position_frac) * equity,
            f"{settings.max_position_frac:.3g} of equity in one asset",
        ),
        _cap("class_position", exposure, exact(of_kind) * equity, f"{of_kind:.3g} of equity in one {kind.value} asset"),
        _cap(
            "class_exposure",
            exposure,
            whole - in_class,
            f"{settings.max_class_exposure_frac:.3g} of equity in all of {kind.value}, others hold {in_class:,.0f}",
            whole,
        ),
        _cap(
            "leverage", exposure, geared - in_book, f"gross {settings.max_leverage:g} x equity, others hold {in_book:,.0f}", geared
        ),
        _concentration(exposure, settings),
    )


def class_position_frac(kind: AssetClass, settings: SizingSettings) -> float:
    """Document 004's limit for one asset of a class: stablecoins and DeFi have their own, everything else is crypto."""
    own = {AssetClass.STABLECOIN: settings.stablecoin_max_position_frac, AssetClass.DEFI: settings.defi_max_position_frac}
    return own.get(kind, settings.crypto_max_position_frac)


def _concentration(exposure: Exposure, settings: SizingSettings) -> Cap:
    """Sum of squared shares <= max_hhi. A share is of equity, or of the gross exposure before the trade if that is more: cash is
    part of an account, and a first trade is not a concentration of one."""
    others = exposure.others()
    base = max(exposure.equity_usd, sum(others, start=abs(exposure.held_usd)))
    left = exact(settings.max_hhi) * base * base - sum((other * other for other in others), start=ZERO)
    limit = left.sqrt() if left > 0 else ZERO
    return _cap("concentration", exposure, limit, f"sum of squared shares of {base:,.0f} at most {settings.max_hhi:g}")


def _cap(name: str, exposure: Exposure, limit: Decimal, basis: str, bound: Decimal | None = None) -> Cap:
    shown = cents(limit if bound is None else bound)
    if exposure.net_usd is None:
        return Cap(name, shown, None, f"{basis}; a line of the book has no value in dollars")
    room = max(limit, ZERO) - exposure.sign * exposure.held_usd
    return Cap(name, shown, max(cents(room), ZERO), basis)
