"""What could not be read, why, and what to do: told on stderr when it begins and when it ends, not at each look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from market_analysis.risk.types import DataQuality

_OK = "ok"
_SHOWN = 4
_REMEDIES: Mapping[str, str] = {
    "venue_unavailable": "check network, DNS, proxy, [bybit] base_url, and whether Bybit is up; `risk-manager doctor` helps",
    "malformed_answer": "nothing is concluded from it; if it stays, check [bybit] base_url and this machine's clock",
    "rate_limited": "wait; lower [bybit] requests_per_second, or stop other programs that use this address or key",
    "clock_skew": "synchronise this machine's clock (NTP)",
    "authentication": "run `risk-manager doctor` to check the key",
    "stale": "the venue's data is old by this machine's clock: check the clock, or wait",
}


class UnreadParts:
    """Remembers what was said of each part."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def changes(self, quality: DataQuality, *, again: bool = False) -> Iterator[str]:
        """One text for each reason that is new (again: for each), naming its parts, and one for what can be read again."""
        states = {name: state for name, state in quality.parts.items() if state != _OK}
        fresh: dict[str, list[str]] = {}
        for name, state in states.items():
            if again or self._said.get(name) != state:
                fresh.setdefault(state, []).append(name)
        healed = [name for name in self._said if name not in states]
        self._said = states
        for state, names in fresh.items():
            detail = next((quality.details[name] for name in names if name in quality.details), "")
            yield f"{state}: {_listed(names)}" + (f": {detail}" if detail else "") + _arrow(state)
        if healed:
            yield f"read again: {_listed(healed)}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _arrow(state: str) -> str:
    return f"\n  -> {_REMEDIES[state]}" if state in _REMEDIES else ""
