"""The report as one versioned JSON document: the contract with everything that reads it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from market_analysis.domain import Finding
from market_analysis.report.text import full_text
from market_analysis.risk.types import (
    Analysis,
    BookReport,
    ClusterReport,
    DataQuality,
    HoldingReport,
    PositionReport,
    Verdict,
)
from market_analysis.risk.verdict import exit_status
from market_analysis.settings import Settings

SCHEMA_VERSION = "1.0"
"""Raised in its first part when a field is removed or changes meaning, in its second when one is added."""


@dataclass(frozen=True, slots=True)
class AccountSection:
    """Whose report this is."""

    name: str
    venue: str


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
    findings: tuple[Finding, ...]
    data_quality: DataQuality
    diagnostics: Diagnostics
    report: str


def build_document(analysis: Analysis, settings: Settings, versions: Mapping[str, str]) -> Document:
    """The document of an analysis."""
    return Document(
        schema_version=SCHEMA_VERSION,
        as_of=analysis.as_of,
        verdict=analysis.verdict,
        exit_status=exit_status(analysis),
        account=AccountSection(analysis.account_name, analysis.venue),
        portfolio=analysis.book,
        positions=analysis.positions,
        clusters=analysis.clusters,
        holdings=analysis.holdings,
        correlation=CorrelationSection(analysis.correlation_symbols, analysis.correlation),
        findings=analysis.findings,
        data_quality=analysis.data,
        diagnostics=Diagnostics(analysis.seed, settings_hash(settings), dict(sorted(versions.items()))),
        report=full_text(analysis),
    )


def settings_hash(settings: Settings) -> str:
    """SHA-256 of the settings as JSON with sorted keys."""
    return hashlib.sha256(msgspec.json.encode(settings.model_dump(mode="json"), order="sorted")).hexdigest()


def encode(document: Document, *, pretty: bool = True) -> bytes:
    """JSON bytes, UTF-8, in the order of the fields.

    Raises:
        ValueError: a number is NaN or infinite, which JSON cannot say and nobody should read as null.
    """
    plain = msgspec.to_builtins(document, builtin_types=(), str_keys=True)
    _refuse_not_finite(plain, "document")
    compact = msgspec.json.encode(plain)
    return msgspec.json.format(compact, indent=2) + b"\n" if pretty else compact + b"\n"


def _refuse_not_finite(value: Any, path: str) -> None:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        raise ValueError(f"{path} is {value}; unknown must be None with a reason")
    if isinstance(value, str) and value in ("NaN", "sNaN", "Infinity", "-Infinity"):
        raise ValueError(f"{path} is {value}; unknown must be None with a reason")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _refuse_not_finite(inner, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            _refuse_not_finite(inner, f"{path}[{index}]")
