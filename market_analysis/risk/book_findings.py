"""What is wrong with the book's figures themselves."""

from __future__ import annotations

from market_analysis.domain import Finding, Severity
from market_analysis.risk.margin_health import MarginHealth
from market_analysis.risk.types import BookReport


def incomplete_findings(book: BookReport, margin: MarginHealth) -> tuple[Finding, ...]:
    """UNKNOWN when a figure that a verdict rests on could not be told, whatever the reason."""
    figures = {
        "equity_usd": book.equity_usd,
        "day_pnl_usd": book.day_pnl_usd,
        "total_notional": book.total_notional,
        "loss_if_all_stops_fill_usd": book.loss_if_all_stops_fill_usd,
        "resting_entries_usd": book.resting_entries_usd,
        "es_99_1d_usd": book.es_99_1d_usd,
        "mmr_at_stops_frac": 0.0 if margin.model is None else margin.rate_at_stops,
    }
    missing = [name for name, value in figures.items() if value is None]
    if not missing:
        return ()
    return (
        Finding(
            code="incomplete_figures",
            severity=Severity.UNKNOWN,
            subject="book",
            message=f"could not be told: {', '.join(missing)}",
            rule="no verdict is better than UNKNOWN while a figure it rests on is missing",
        ),
    )


def equity_findings(book: BookReport) -> tuple[Finding, ...]:
    """WARNING without equity above zero: no size, cap or limit has anything to be a fraction of."""
    if book.equity_usd is None or book.equity_usd > 0:
        return ()
    return (
        Finding(
            code="no_equity",
            severity=Severity.WARNING,
            subject="account",
            message=f"the account's equity is {book.equity_usd:,.2f} USD: sizes, caps and limits cannot be told",
            rule="equity > 0",
            inputs={"equity_usd": str(book.equity_usd)},
            threshold="0",
            action="add funds or close positions" if book.total_positions else "",
        ),
    )
