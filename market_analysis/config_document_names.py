"""Document 004's names for settings, in its units, as the house's keys in fractions.

They may stand in `[sizing]` (or `[portfolio]`, where the house keeps that limit there) or, as the document wrote them, in capitals
in the environment or `.env`: `MAX_SINGLE_POSITION_PERCENT=10` is `[sizing] max_position_frac = 0.1`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from market_analysis.errors import SettingsError

PERCENT, SAME = Decimal("0.01"), Decimal(1)

DOCUMENT_KEYS: Final[Mapping[tuple[str, str], tuple[str, Decimal]]] = {
    ("sizing", "default_risk_per_trade"): ("risk_per_trade_frac", PERCENT),
    ("sizing", "min_position_size_usd"): ("min_order_usd", SAME),
    ("sizing", "max_position_size_usd"): ("max_order_usd", SAME),
    ("sizing", "max_single_position_percent"): ("max_position_frac", PERCENT),
    ("sizing", "crypto_max_position_percent"): ("crypto_max_position_frac", PERCENT),
    ("sizing", "stablecoin_max_position_percent"): ("stablecoin_max_position_frac", PERCENT),
    ("sizing", "defi_max_position_percent"): ("defi_max_position_frac", PERCENT),
    ("sizing", "max_sector_exposure_percent"): ("max_class_exposure_frac", PERCENT),
    ("sizing", "max_leverage_ratio"): ("max_leverage", SAME),
    ("sizing", "min_stop_loss_percent"): ("min_stop_frac", PERCENT),
    ("sizing", "max_stop_loss_percent"): ("max_stop_frac", PERCENT),
    ("sizing", "default_stop_loss_percent"): ("default_stop_frac", PERCENT),
    ("sizing", "reserve_balance_percent"): ("reserve_frac", PERCENT),
    ("sizing", "min_account_balance"): ("min_account_usd", SAME),
    ("sizing", "high_volatility_threshold"): ("high_volatility_sigma_day", SAME),
    ("sizing", "low_liquidity_threshold"): ("low_liquidity_usd", SAME),
    ("sizing", "market_hours_risk_reduction"): ("off_hours_multiplier", SAME),
    ("portfolio", "max_portfolio_risk_percent"): ("max_portfolio_risk_frac", PERCENT),
    ("portfolio", "max_correlation_exposure"): ("corr_threshold", SAME),
}
"""(section, the document's name in small letters) -> (the house's key, factor on the value). `risk_score_threshold` is the same."""

DOCUMENT_VARIABLES: Final[Mapping[str, tuple[str, str]]] = {
    **{name.upper(): (section, name) for section, name in DOCUMENT_KEYS},
    "RISK_SCORE_THRESHOLD": ("sizing", "risk_score_threshold"),
}
"""Environment names of the document, and the keys that they set."""


def with_house_names(values: Mapping[str, Any], origins: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """One source's values and origins with the document's names turned into the house's, and its percent into fractions.

    Raises:
        SettingsError: a source sets one limit under both names.
    """
    renamed: dict[str, Any] = dict(values)
    places = dict(origins)
    for (section, name), (key, factor) in DOCUMENT_KEYS.items():
        table = renamed.get(section)
        if not isinstance(table, Mapping) or name not in table:
            continue
        origin = places.pop(f"{section}.{name}", section)
        if key in table:
            raise SettingsError(
                f"{origin}: {section}.{name} and {section}.{key} are the same setting", remedy="keep one; the second is a fraction"
            )
        renamed[section] = {other: value for other, value in table.items() if other != name} | {key: _scaled(table[name], factor)}
        places[f"{section}.{key}"] = f"{origin} ({name})"
    return renamed, places


def _scaled(value: Any, factor: Decimal) -> Any:
    """The value in the house's unit; what is no number stays, for the typed section to refuse."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return value
    try:
        return float(Decimal(str(value)) * factor)
    except InvalidOperation:
        return value
