"""Random accounts x random limits, each pair judged by the evaluator and by its slow twin: a tenth of the cost of fresh states."""

from __future__ import annotations

import random
from collections import Counter

from limit_reference import random_state, slow_reading

from market_analysis.rules.limit import read_limit

ACCOUNTS = 1_000
"""Of one batch, each under `pairs / ACCOUNTS` of as many limits."""


def disagreements(seed: int, pairs: int) -> tuple[Counter[str], list[str]]:
    """How often each answer was given, and every pair of which the two say different things."""
    pick = random.Random(seed)
    states = [random_state(pick.randrange(10**9)) for _ in range(ACCOUNTS)]
    limits = [limit for _, limit in states]
    answers: Counter[str] = Counter()
    wrong = []
    for number in range(pairs):
        seen, limit = states[number % ACCOUNTS][0], pick.choice(limits)
        reading, slow = read_limit(seen, limit), slow_reading(seen, limit)
        known = slow[0] != "unknown"
        answers[slow[0]] += 1
        if (reading.status.value, *((reading.bound, reading.room) if known else (None, None))) != slow:
            wrong.append(f"batch {seed}, pair {number}: {reading} but {slow} of {limit}")
    return answers, wrong
