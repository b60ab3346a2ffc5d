"""Where sigma comes from: models, weights, fallbacks."""

from __future__ import annotations

from decimal import Decimal

from market_analysis.report.layout import note, pairs
from market_analysis.report.numbers import UNKNOWN, money, percent, plain, price, ratio, when
from market_analysis.risk.types import ModelReport, PositionReport, VolatilityReport
from market_analysis.settings import Settings


def volatility_section(row: PositionReport, settings: Settings) -> str:
    """The mixture as a formula that can be checked, each model with sample and diagnostics, the term structure."""
    report = row.volatility
    if report is None:
        return "  Not modelled; the findings say why. There are no levels, no odds and no planned size without it."
    hours = report.horizon_hours
    usd = row.notional * Decimal(str(report.sigma_h)) if row.notional is not None else None
    spans = ", ".join(f"{span} h {percent(sigma, 2)}" for span, sigma in sorted(report.term_structure.items()))
    lines = [
        ("Sample", f"{report.bars} closed 1h bars, {report.gaps} missing, the last closed {when(report.last_bar_close)}"),
        (f"sigma_{hours}h", f"= {_mixture(report)} = {percent(report.sigma_h, 3)}"),
        ("  in price", f"= sigma x mark = {price(row.sigma_H_abs, None)}, in money = sigma x notional = {money(usd)} USD"),
        ("  a year", f"= sigma x sqrt(8760 / {hours}) = {percent(report.sigma_ann, 1)} (365 days)"),
        ("Term structure", spans),
        ("Fallback chain", " -> ".join(plain(name) for name in report.fallback_chain)),
        ("ATR", _atr(row, settings)),
    ]
    return "\n".join([pairs(lines), *(note(_model(model)) for model in report.models), *_guard(report, settings)])


def _mixture(report: VolatilityReport) -> str:
    """The blend is a weighted sum, the combined forecast a weighted geometric mean times the root of its recalibration."""
    used = [model for model in report.models if model.weight > 0 and model.sigma_h is not None]
    if not report.method.startswith("VOL_COMBINED"):
        terms = (f"{model.weight:.3f} x {percent(model.sigma_h, 3)} ({model.name})" for model in used)
        return "sum of weight x sigma = " + " + ".join(terms)
    factor = next((model.parameters["recalibration"] for model in used if "recalibration" in model.parameters), 1.0)
    terms = (f"{percent(model.sigma_h, 3)} ({model.name}) ^ {model.weight:.3f}" for model in used)
    return f"root of recalibration x product of sigma ^ weight = {factor:.3f} ^ 0.5 x " + " x ".join(terms)


def _atr(row: PositionReport, settings: Settings) -> str:
    stops = settings.stops
    return f"{price(row.atr, None)} ({percent(row.atr_frac, 2)} of the mark), Wilder, {stops.atr_period} x {stops.atr_timeframe}"


def _model(model: ModelReport) -> str:
    parameters = ", ".join(f"{plain(name)} {value:.4g}" for name, value in model.parameters.items())
    issues = f"; issues: {', '.join(plain(issue) for issue in model.issues)}" if model.issues else ""
    sigma = percent(model.sigma_h, 3) if model.sigma_h is not None else UNKNOWN
    weight = ratio(model.weight, 3)
    return f"{model.name}: {model.status}, sigma {sigma}, weight {weight}, {model.observations} observations; {parameters}{issues}"


def _guard(report: VolatilityReport, settings: Settings) -> list[str]:
    if "garch_har_outlier_guard" not in report.fallback_chain:
        return []
    bound = settings.vol.garch_har_outlier_ratio
    return [note(f"GARCH is above {bound:g} times HAR ([vol] garch_har_outlier_ratio): its weight was cut to 30 %")]
