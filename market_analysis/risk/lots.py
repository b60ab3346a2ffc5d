"""Splitting a size into parts that are whole lots and add up exactly."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal


def split_lots(quantity: Decimal, step: Decimal, fractions: Sequence[float]) -> tuple[Decimal, ...]:
    """Parts of `quantity` by largest remainder: each a multiple of `step`, their sum exactly `quantity`.

    Fractions are >= 0 and sum to 1. A rest of `quantity` that is no whole lot goes to the last part with a fraction above zero.
    Equal remainders favour the earlier part.
    """
    whole = int((quantity / step).to_integral_value(rounding=ROUND_FLOOR))
    shares = [Decimal(str(fraction)) * whole for fraction in fractions]
    lots = [int(share) for share in shares]
    order = sorted(range(len(shares)), key=lambda index: (lots[index] - shares[index], index))
    for index in order[: whole - sum(lots)]:
        lots[index] += 1
    parts = [lot * step for lot in lots]
    last = max(index for index, fraction in enumerate(fractions) if fraction > 0)
    parts[last] += quantity - whole * step
    return tuple(parts)
