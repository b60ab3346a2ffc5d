"""The report as one versioned JSON document: the contract with everything that reads it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from market_analysis.domain import Finding, MarginMode
from market_analysis.report.text import full_text
from market_analysis.risk.book_structure import BookStructure
from market_analysis.risk.types import (
    Analysis,
    BookReport,
    ClusterReport,
    DataQuality,
    HoldingReport,
    PositionReport,
    Verdict,
)
from market_analysis.risk.value_at_risk_report import ValueAtRiskReport
from market_analysis.risk.verdict import exit_status
from market_analysis.settings import Settings

SCHEMA_VERSION = "1.1"
"""Raised in its first part when a field is removed or changes meaning, in its second when one is added."""
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class AccountSection:
    """Whose report this is, and document 003's account figures in USD under its names; null: not known.

    todays_total_pnl is the equity change since the reset net of deposits and withdrawals. todays_fees and todays_funding are
    negative when paid.
    """

    name: str
    venue: str
    margin_mode: MarginMode
    total_equity: Decimal | None
    total_wallet_balance: Decimal | None
    total_margin_balance: Decimal | None
    total_initial_margin: Decimal | None
    available_balance: Decimal | None
    total_unrealized_pnl: Decimal | None
    todays_total_pnl: Decimal | None
    todays_realized_pnl: Decimal | None
    todays_fees: Decimal | None
    todays_funding: Decimal | None
    todays_flows: Decimal | None


@dataclass(frozen=True, slots=True)
class CorrelationSection:
    """Shrunk correlations of closed 4h log returns, rows and columns in the order of `symbols`."""

    symbols: tuple[str, ...]
    matrix: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """What made the numbers: seed, settings (hash of their canonical JSON) and versions of what computed them."""

    seed: int
    settings_hash: str
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Document:
    """`risk_analysis.json`. positions null: they could not be read, which is not an empty book. exit_status: of a one-shot
    run. report: the same for people, as text. Money and prices are strings of decimal numbers, fractions are numbers."""

    schema_version: str
    as_of: datetime
    verdict: Verdict
    exit_status: int
    account: AccountSection
    portfolio: BookReport
    positions: tuple[PositionReport, ...] | None
    clusters: tuple[ClusterReport, ...]
    holdings: tuple[HoldingReport, ...]
    correlation: CorrelationSection
    value_at_risk: ValueAtRiskReport
    structure: BookStructure
    findings: tuple[Finding, ...]
    data_quality: DataQuality
    diagnostics: Diagnostics
    report: str


def build_document(analysis: Analysis, settings: Settings, versions: Mapping[str, str]) -> Document:
    """The document of an analysis."""
    quality = analysis.data
    return Document(
        schema_version=SCHEMA_VERSION,
        as_of=analysis.as_of,
        verdict=analysis.verdict,
        exit_status=exit_status(analysis),
        account=_account(analysis),
        portfolio=analysis.book,
        positions=analysis.positions,
        clusters=analysis.clusters,
        holdings=analysis.holdings,
        correlation=CorrelationSection(analysis.correlation_symbols, analysis.correlation),
        value_at_risk=analysis.value_at_risk,
        structure=analysis.structure,
        findings=analysis.findings,
        data_quality=replace(
            quality,
            parts=_by_name(quality.parts),
            details=_by_name(quality.details),
            bars=_by_name(quality.bars),
            gaps=_by_name(quality.gaps),
        ),
        diagnostics=Diagnostics(analysis.seed, settings_hash(settings), _by_name(versions)),
        report=full_text(analysis),
    )


def settings_hash(settings: Settings) -> str:
    """SHA-256 of the settings as JSON with sorted keys."""
    return hashlib.sha256(msgspec.json.encode(settings.model_dump(mode="json"), order="sorted")).hexdigest()


def encode(document: Document, *, pretty: bool = True) -> bytes:
    """JSON bytes, UTF-8, in the order of the fields, one line unless `pretty`. Decimals are strings without exponents.

    Raises:
        ValueError: a number is NaN or infinite, which JSON cannot say and nobody should read as null.
    """
    return _json(document, "document", pretty=pretty)


def encode_value(value: object, *, pretty: bool = True) -> bytes:
    """Any result of the desk as JSON by the same rules, one line unless `pretty`.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    return _json(value, "result", pretty=pretty)


def _json(value: object, name: str, *, pretty: bool) -> bytes:
    built = msgspec.to_builtins(value, builtin_types=(Decimal,), str_keys=True)
    compact = msgspec.json.encode(_plain(built, name))
    return (msgspec.json.format(compact, indent=2) if pretty else compact) + b"\n"


def _account(analysis: Analysis) -> AccountSection:
    book = analysis.book
    return AccountSection(
        name=analysis.account_name,
        venue=analysis.venue,
        margin_mode=book.margin_mode,
        total_equity=book.equity_usd,
        total_wallet_balance=book.wallet_balance_usd,
        total_margin_balance=book.margin_balance_usd,
        total_initial_margin=book.initial_margin_usd,
        available_balance=book.available_usd,
        total_unrealized_pnl=book.total_unrealized_pnl,
        todays_total_pnl=book.day_pnl_usd,
        todays_realized_pnl=book.day_realized_usd,
        todays_fees=book.day_fees_usd,
        todays_funding=book.day_funding_usd,
        todays_flows=book.day_flows_usd,
    )


def _by_name(mapping: Mapping[str, _Value]) -> dict[str, _Value]:
    """Sorted, so that the order in which answers came in leaves no trace."""
    return dict(sorted(mapping.items()))


def _plain(value: Any, path: str) -> Any:
    """Builtins that JSON can say, decimals written out; what is not finite is refused with its path."""
    if isinstance(value, Mapping):
        return {key: _plain(inner, f"{path}.{key}") for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, f"{path}[{index}]") for index, inner in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{path} is {value}; unknown must be None with a reason")
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{path} is {value}; unknown must be None with a reason")
        return f"{abs(value) if value == 0 else value:f}"
    return value
