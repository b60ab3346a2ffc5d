"""The equity bridge: does what the account did explain what its equity did (rulings 16 and 36)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from market_analysis.domain import DayActivity, Finding, Memory, Severity, Unknown
from market_analysis.risk.collateral_change import Revaluation
from market_analysis.risk.day_marks import marks_of
from market_analysis.risk.valuation import dollars, rounded

REBUILT, ESTIMATED = "rebuilt", "estimated"
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
    collateral_from_bars: Revaluation | None = None,
) -> EquityBridge:
    """equity now - equity at reset = pnl + costs + flows + collateral revaluation + change of unrealised profit + residual.

    costs = fees + funding (negative when paid). The change of unrealised profit needs the unrealised profit at the reset,
    remembered if an analysis ran at the boundary; a residual is only stated when that and the collateral's revaluation are
    known. `change_from_bars` (see `mark_changes`) stands in for it when the anchor itself must be worked out, and
    `collateral_from_bars` (see `collateral_change`) for the revaluation where the venue does not state it. Neutral entries move
    money within the account and explain nothing. Residual above `tolerance_frac` of equity: `unexplained_equity_change`.
    """
    if isinstance(day, Unknown):
        return EquityBridge(None, None, None, None, ())
    findings = _unknown_types(day)
    marks = marks_of(memory, day.since)
    logged = day.realized_pnl_usd + day.fees_usd + day.funding_usd + day.flows_usd
    unrealized_change = None if unrealized_usd is None or marks.unrealized_usd is None else unrealized_usd - marks.unrealized_usd
    revalued = collateral_from_bars if day.collateral_revaluation_usd is None else Revaluation(day.collateral_revaluation_usd, True)
    moved = next((change for change in (unrealized_change, change_from_bars, unrealized_usd) if change is not None), None)
    # Bars tell the change of what is still open; with profit realised since, something open at the reset may be gone.
    whole = unrealized_change is not None or (change_from_bars is not None and day.realized_pnl_usd == 0)
    anchor, source = _anchor(day, marks.equity_usd, equity_usd - logged, None if unrealized_usd is None else moved, whole, revalued)
    if anchor is None:
        return EquityBridge(None, None, None, None, findings)
    residual = None
    if source == "recorded" and unrealized_change is not None and revalued is not None and revalued.is_certain:
        residual = equity_usd - anchor - (logged + unrealized_change + revalued.usd)
        findings += _unexplained(rounded(residual), equity_usd, tolerance_frac)
    pnl = rounded(equity_usd - anchor - day.flows_usd)
    return EquityBridge(rounded(anchor), source, pnl, dollars(residual), findings)


def _anchor(
    day: DayActivity,
    remembered: Decimal | None,
    unlogged: Decimal,
    moved: Decimal | None,
    whole: bool,
    revalued: Revaluation | None,
) -> tuple[Decimal | None, str | None]:
    """Equity at the reset and how it is known; read late it is equity now less log entries (`unlogged`) and mark changes since.

    moved: change of unrealised profit, the best that is known of it; whole: whether it is that of all that was open at the reset.
    """
    if day.equity_at_reset_usd is not None:
        return day.equity_at_reset_usd, day.equity_at_reset_source
    if remembered is not None:
        return remembered, "recorded"
    if moved is None:
        return None, None
    provable = whole and revalued is not None and revalued.is_certain and not day.unknown_types
    return unlogged - moved - (ZERO if revalued is None else revalued.usd), REBUILT if provable else ESTIMATED


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
            threshold=str(rounded(tolerance)),
            action="check transfers and the transaction log; no equity-based rule acts until it is explained",
        ),
    )
