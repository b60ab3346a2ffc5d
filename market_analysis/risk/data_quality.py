"""How old and how whole the data was (law 1): what could not be read or is too old is named, part by part."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from market_analysis.domain import Bars, Finding, History, Instrument, Severity, Snapshot, Unknown
from market_analysis.risk.types import DataQuality
from market_analysis.settings import DataSettings

OK = "ok"
STALE = "stale"
MISSING = "missing"
_CLOCK_SLACK_SECONDS = 5.0


def assess_data(snapshot: Snapshot, history: History, settings: DataSettings) -> DataQuality:
    """State of every part: `ok`, `stale`, `missing`, or the reason why it is Unknown.

    Quotes and balances are stale beyond max_age_seconds, or when they claim to come from the future; bars when the last close is
    older than max_bar_age_bars, `gaps` when more than max_gap_frac of them is missing. Positions and orders carry the time of
    their last change, not of the reading: they are as old as the snapshot.
    """
    states: dict[str, tuple[str, str]] = {}
    ages: list[float] = []

    def dated(name: str, part: object, moment: datetime | None) -> None:
        if isinstance(part, Unknown) or moment is None:
            states[name] = _plain(part)
            return
        age = (snapshot.as_of - moment).total_seconds()
        ages.append(age)
        states[name] = _aged(age, settings.max_age_seconds)

    dated("account", snapshot.account, getattr(snapshot.account, "as_of", None))
    for name in ("positions", "orders", "day"):
        states[name] = _plain(getattr(snapshot, name))
    for instrument, terms in snapshot.instruments.items():
        states[f"instrument {instrument}"] = _plain(terms)
    for instrument, quote in snapshot.quotes.items():
        dated(f"quote {instrument}", quote, getattr(quote, "time", None))
    for key, entry in snapshot.entries.items():
        states[f"entry {key}"] = _plain(entry)
    for coin, rate in snapshot.usd_rates.items():
        states[f"rate {coin}"] = _plain(rate)
    for instrument, bars in history.hourly.items():
        states[f"bars {instrument}"] = _bars_state(bars, snapshot.as_of, settings)
    for name in _absent(snapshot, history):
        states.setdefault(name, (MISSING, "was not read"))
    readable = {str(instrument): bars for instrument, bars in history.hourly.items() if isinstance(bars, Bars)}
    return DataQuality(
        as_of=snapshot.as_of,
        parts={name: state for name, (state, _) in states.items()},
        details={name: detail for name, (_, detail) in states.items() if detail},
        oldest_age_seconds=max(ages, default=None),
        bars={name: len(bars) for name, bars in readable.items()},
        gaps={name: bars.gaps for name, bars in readable.items()},
    )


def unreliable(quality: DataQuality) -> tuple[str, ...]:
    """Names of the parts that are not `ok`."""
    return tuple(name for name, state in quality.parts.items() if state != OK)


def data_findings(quality: DataQuality) -> tuple[Finding, ...]:
    """One UNKNOWN finding per part that may not be believed."""
    return tuple(
        Finding(
            code="stale_data" if quality.parts[name] == STALE else "unreadable_data",
            severity=Severity.UNKNOWN,
            subject=name,
            message=f"{name}: {quality.parts[name]}" + (f" ({quality.details[name]})" if name in quality.details else ""),
            rule="every part was read and is recent",
            action="figures that rest on it are not to be relied on",
        )
        for name in unreliable(quality)
    )


def _plain(part: object) -> tuple[str, str]:
    return (part.reason, part.detail) if isinstance(part, Unknown) else (OK, "")


def _aged(age: float, limit: float) -> tuple[str, str]:
    if age > limit:
        return STALE, f"{age:.0f} s old, at most {limit:g} s"
    if age < -max(limit, _CLOCK_SLACK_SECONDS):
        return STALE, f"dated {-age:.0f} s after the snapshot; check the clocks"
    return OK, ""


def _bars_state(bars: Bars | Unknown[Any], as_of: datetime, settings: DataSettings) -> tuple[str, str]:
    if isinstance(bars, Unknown):
        return bars.reason, bars.detail
    if not len(bars):
        return MISSING, "no bars"
    length = bars.bar_minutes * 60.0
    age = (as_of - bars.last_close_time).total_seconds()
    if age > settings.max_bar_age_bars * length:
        return STALE, f"the last bar closed {age / length:.1f} bars ago, at most {settings.max_bar_age_bars:g}"
    share = bars.gaps / (bars.gaps + len(bars))
    if share > settings.max_gap_frac:
        return "gaps", f"{share:.1%} of the bars are missing, at most {settings.max_gap_frac:.1%}"
    return OK, ""


def _absent(snapshot: Snapshot, history: History) -> Iterable[str]:
    """Parts that every open position needs and that the snapshot does not even mention."""
    if isinstance(snapshot.positions, Unknown):
        return
    for held in snapshot.positions:
        if held.instrument not in snapshot.instruments:
            yield f"instrument {held.instrument}"
        if held.instrument not in snapshot.quotes:
            yield f"quote {held.instrument}"
        if held.instrument not in history.hourly:
            yield f"bars {held.instrument}"
        if held.key not in snapshot.entries:
            yield f"entry {held.key}"
        terms = snapshot.instruments.get(held.instrument)
        for coin in (terms.quote, terms.settle) if isinstance(terms, Instrument) else ():
            if coin != "USD" and coin not in snapshot.usd_rates:
                yield f"rate {coin}"
