"""The equity bridge: does what the account did explain what its equity did (rulings 16 and 36)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from market_analysis.domain import DayActivity, Finding, Memory, Severity, Unknown
from market_analysis.risk.day_marks import marks_of

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class EquityBridge:
    """The day since the account's reset, USD.

    equity_at_reset_usd, source: `recorded` | `rebuilt` | `estimated` (what is not known of that moment, the
    unrealised profit of what was closed since or the collateral's revaluation, is taken as zero) | None unknown.
    day_pnl_usd: equity change net of flows. unexplained_usd: the residual, None where there is nothing independent to check
    against (a rebuilt anchor balances by construction).
    """

    equity_at_reset_usd: Decimal | None
    source: str | None
    day_pnl_usd: Decimal | None
    unexplained_usd: Decimal | None
    findings: tuple[Finding, ...]


def equity_bridge(
    equity_usd: Decimal,
    unrealized_usd: Decimal | None,
    day: DayActivity | Unknown[DayActivity],
    memory: Memory,
    tolerance_frac: float,
    change_from_bars: Decimal | None = None,
) -> EquityBridge:
    """equity now - equity at reset = pnl + costs + flows + collateral revaluation + change of unrealised profit + residual.

    costs = fees + funding (negative when paid). The change of unrealised profit needs the unrealised profit at the reset,
    remembered if an analysis ran at the boundary; a residual is only stated when that and the collateral's revaluation are
    known. `change_from_bars` (see `mark_changes`) stands in for it when the anchor itself must be worked out. Neutral entries
    move money within the account and explain nothing. Residual above `tolerance_frac` of equity: `unexplained_equity_change`.
    """
    if isinstance(day, Unknown):
        return EquityBridge(None, None, None, None, ())
    findings = _unknown_types(day)
    marks = marks_of(memory, day.since)
    logged = day.realized_pnl_usd + day.fees_usd + day.funding_usd + day.flows_usd
    unrealized_change = None if unrealized_usd is None or marks.unrealized_usd is None else unrealized_usd - marks.unrealized_usd
    anchor, source = _anchor(day, marks.equity_usd, equity_usd, unrealized_usd, unrealized_change, change_from_bars, logged)
    if anchor is None:
        return EquityBridge(None, None, None, None, findings)
    residual = None
    if source == "recorded" and unrealized_change is not None and day.collateral_revaluation_usd is not None:
        residual = equity_usd - anchor - (logged + unrealized_change + day.collateral_revaluation_usd)
        findings += _unexplained(residual, equity_usd, tolerance_frac)
    return EquityBridge(anchor, source, equity_usd - anchor - day.flows_usd, residual, findings)


def _anchor(
    day: DayActivity,
    remembered: Decimal | None,
    equity: Decimal,
    unrealized: Decimal | None,
    change: Decimal | None,
    change_from_bars: Decimal | None,
    logged: Decimal,
) -> tuple[Decimal | None, str | None]:
    """Equity at the reset and how it is known; read late it is equity now less log entries and mark changes since."""
    if day.equity_at_reset_usd is not None:
        return day.equity_at_reset_usd, day.equity_at_reset_source
    if remembered is not None:
        return remembered, "recorded"
    if unrealized is None:
        return None, None
    # Bars tell the change of what is still open; with profit realised since, something open at the reset may be gone.
    whole = change is not None or (change_from_bars is not None and day.realized_pnl_usd == 0)
    moved = next(value for value in (change, change_from_bars, unrealized) if value is not None)
    provable = whole and day.collateral_revaluation_usd is not None and not day.unknown_types
    anchor = equity - logged - moved - (day.collateral_revaluation_usd or ZERO)
    return anchor, "rebuilt" if provable else "estimated"


def _unknown_types(day: DayActivity) -> tuple[Finding, ...]:
    if not day.unknown_types:
        return ()
    return (
        Finding(
            code="unknown_log_type",
            severity=Severity.UNKNOWN,
            subject="account",
            message=f"the transaction log holds types this version cannot place: {', '.join(sorted(day.unknown_types))}",
            rule="every transaction-log type is profit, cost, flow or neutral",
            action="the day's figures are incomplete; report the type",
        ),
    )


def _unexplained(residual: Decimal, equity: Decimal, tolerance_frac: float) -> tuple[Finding, ...]:
    tolerance = abs(equity) * Decimal(str(tolerance_frac))
    if abs(residual) <= tolerance:
        return ()
    return (
        Finding(
            code="unexplained_equity_change",
            severity=Severity.WARNING,
            subject="account",
            message=f"{residual:,.2f} USD of today's equity change is not explained by profit, costs, flows or prices",
            rule="|equity change - (pnl + costs + flows + revaluation + unrealised change)| <= tolerance x equity",
            inputs={"unexplained_usd": str(residual)},
            threshold=str(tolerance),
            action="check transfers and the transaction log; no equity-based rule acts until it is explained",
        ),
    )
