"""The full report for people, in document 003's order of sections. ASCII, aligned, every figure with its unit."""

from __future__ import annotations

from market_analysis.domain import Finding, Severity
from market_analysis.report.cells import joint_liquidation_cell
from market_analysis.report.layout import WIDTH, note, pairs, titled
from market_analysis.report.names import fresh_parts, full_name, subject_name, worst_first
from market_analysis.report.numbers import UNKNOWN, clipped, money, percent, plain, ratio, when
from market_analysis.report.screen import screen_text
from market_analysis.report.table import position_table
from market_analysis.report.text_position import position_text
from market_analysis.report.text_structure import structure_text
from market_analysis.report.text_tail import tail_text
from market_analysis.risk.data_quality import OK
from market_analysis.risk.types import Analysis, BookReport

_GUIDELINES = (
    "A stop protects only when it rests at the exchange: market type, reduce-only, for the whole size. A plan protects nothing.",
    "Move stops towards profit only. A stop that is moved away is a larger bet than the one that was sized.",
    "Positions of one cluster are one bet: judge their loss together, and cut the largest line first, never the hedge.",
    "Reward to risk and every probability hold for the policy and the horizon printed beside them, before costs of waiting.",
)


def full_text(analysis: Analysis) -> str:
    """The report: screen, portfolio, account, positions, recommendations, data quality."""
    sections = [
        _header(analysis),
        screen_text(analysis),
        titled("PORTFOLIO SUMMARY", f"{_portfolio(analysis)}\n\n{position_table(analysis)}"),
        titled("TAIL RISK", tail_text(analysis.value_at_risk)),
        titled("STRUCTURE AND STRESS", structure_text(analysis.structure)),
        titled("ACCOUNT OVERVIEW", _account(analysis.book)),
        titled("INDIVIDUAL POSITION ANALYSIS", "\n\n".join(_positions(analysis))),
        titled("RECOMMENDATIONS", _recommendations(analysis)),
        titled("DATA QUALITY", _data(analysis)),
    ]
    return "\n\n".join(sections) + "\n"


def _header(analysis: Analysis) -> str:
    account, venue = plain(analysis.account_name), plain(analysis.venue)
    title = f"RISK REPORT  account {account} at {venue}  {analysis.verdict.value}"
    return f"{title}\nGenerated: {when(analysis.as_of)}\n{'=' * WIDTH}"


def _portfolio(analysis: Analysis) -> str:
    book = analysis.book
    factor = plain(book.joint_liquidation_factor or "")
    peak = percent(book.drawdown_from_peak_frac)
    cap = f"cap {money(book.risk_cap_usd)} USD = {percent(book.risk_cap_frac, 2)} of equity"
    return pairs(
        [
            ("Total positions", "not known" if book.total_positions is None else str(book.total_positions)),
            ("Total notional", f"{money(book.total_notional)} USD, net {money(book.net_notional, sign=True)} USD"),
            ("Total unrealised PnL", f"{money(book.total_unrealized_pnl, sign=True)} USD"),
            (
                "Loss if all stops fill",
                f"{money(book.loss_if_all_stops_fill_usd)} USD from the mark ({percent(book.risk_of_equity_frac, 2)} of equity); "
                f"{ratio(book.loss_if_all_stops_fill_r)} R from entry",
            ),
            ("  with correlations", f"{money(book.correlated_loss_usd)} USD = sqrt(r' C r)"),
            ("  resting entries add", f"{money(book.resting_entries_usd)} USD if filled and stopped"),
            ("  holdings lose", f"{money(book.holdings_stress_usd)} USD at the stress gap"),
            ("Planned risk after caps", f"{money(book.total_risk_if_all_sl_hit)} USD; {cap}"),
            (
                "Drawdown throttle",
                f"x {ratio(book.throttle_multiplier)}; {'peak not known' if peak == UNKNOWN else f'{peak} below the peak'}",
            ),
            ("Planned reward", f"{money(book.total_reward_if_all_tp_hit)} USD if all targets are hit"),
            ("Reward to risk", ratio(book.portfolio_risk_reward_ratio)),
            ("Expected shortfall", f"{money(book.es_99_1d_usd)} USD, 99 %, 1 day, normal"),
            ("Joint liquidation", f"{joint_liquidation_cell(book)}{f' (move of {factor}, the rest by beta)' if factor else ''}"),
            ("Margin rate at stops", f"{percent(book.mmr_at_stops_frac, 0)} (liquidation at 100%)"),
            ("Funding", f"{money(book.funding_per_day_usd, sign=True)} USD a day at today's rates"),
        ],
        indent=0,
    )


def _account(book: BookReport) -> str:
    source = f" ({plain(book.equity_at_reset_source)})" if book.equity_at_reset_source else ""
    return pairs(
        [
            ("Total equity", f"{money(book.equity_usd)} USD"),
            ("Wallet balance", f"{money(book.wallet_balance_usd)} USD"),
            ("Available balance", f"{money(book.available_usd)} USD"),
            ("Total unrealised PnL", f"{money(book.total_unrealized_pnl, sign=True)} USD"),
            ("Margin mode", book.margin_mode.value),
            ("Margin rate", f"{percent(book.maintenance_margin_frac, 1)} (liquidation at 100%)"),
            ("Equity at reset", f"{money(book.equity_at_reset_usd)} USD{source}"),
            ("Today's combined PnL", f"{money(book.day_pnl_usd, sign=True)} USD: change of equity since the reset, flows left out"),
            ("Today's realised PnL", f"{money(book.day_realized_usd, sign=True)} USD"),
            ("Today's fees", f"{money(book.day_fees_usd, sign=True)} USD"),
            ("Today's funding", f"{money(book.day_funding_usd, sign=True)} USD"),
            ("Today's flows", f"{money(book.day_flows_usd, sign=True)} USD"),
            ("Unexplained", f"{money(book.unexplained_usd, sign=True)} USD"),
            ("Next reset", when(book.next_reset)),
        ],
        indent=0,
    )


def _positions(analysis: Analysis) -> list[str]:
    if analysis.positions is None:
        return ["Positions could not be read. This is not an empty book."]
    ordered = worst_first(analysis.positions)
    return [position_text(row) for row in ordered] or ["No open positions (read and proven)."]


def _recommendations(analysis: Analysis) -> str:
    loud = [finding for finding in analysis.findings if finding.severity is not Severity.INFO]
    quiet = [finding for finding in analysis.findings if finding.severity is Severity.INFO]
    pointer = _pointer(analysis, loud)
    return "\n".join(
        [
            "Immediate attention:",
            *(_grouped(loud) or ["  Nothing needs attention."]),
            *(["To know:", *_grouped(quiet)] if quiet else []),
            *([pointer] if pointer else []),
            "General guidelines:",
            *(note(text, bullet="-") for text in _GUIDELINES),
        ]
    )


def _pointer(analysis: Analysis, loud: list[Finding]) -> str:
    """The next command, for the first position that a finding is about."""
    by_subject = {str(row.key): row for row in analysis.positions or ()}
    asked = next((by_subject[finding.subject] for finding in loud if finding.subject in by_subject), None)
    return "" if asked is None else f"  Why, number by number: risk-manager explain {full_name(asked)}"


def _grouped(findings: list[Finding]) -> list[str]:
    """One note per finding; those that say the same of several subjects are said once."""
    groups: dict[tuple[Severity, str, str], list[str]] = {}
    for finding in findings:
        groups.setdefault((finding.severity, finding.message, finding.action), []).append(subject_name(finding.subject))
    return [
        note(
            f"{', '.join(subjects)}: {plain(message)}" + (f" -> {plain(action)}" if action else ""),
            bullet=f"{severity.value.upper():<8}",
        )
        for (severity, message, action), subjects in groups.items()
    ]


def _data(analysis: Analysis) -> str:
    quality = analysis.data
    bad = [
        (clipped(subject_name(name), 22), f"{plain(state).upper()}  {plain(quality.details.get(name, ''))}".rstrip())
        for name, state in sorted(quality.parts.items())
        if state != OK
    ]
    fresh = [
        (kind, f"ok  {', '.join(shown for shown in members if shown)}".rstrip()) for kind, members in fresh_parts(quality).items()
    ]
    oldest = UNKNOWN if quality.oldest_age_seconds is None else f"{quality.oldest_age_seconds:.0f} s"
    return pairs([*bad, *fresh, ("Oldest", oldest), ("Seed", str(analysis.seed))], indent=0)
