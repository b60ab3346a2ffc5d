"""The limit evaluator against its slow twin: a hundred thousand pairs of account and limit here, more in `make soak`."""

from __future__ import annotations

from collections import Counter

from limit_pairs import disagreements

PAIRS = 100_000


def test_no_disagreement_in_a_hundred_thousand() -> None:
    answers: Counter[str] = Counter()
    for seed in range(4):
        counted, wrong = disagreements(seed, PAIRS // 4)
        assert not wrong, wrong[:3]
        answers += counted
    assert answers.total() == PAIRS
    assert all(answers[word] >= PAIRS // 100 for word in ("ok", "warn", "act", "breach", "unknown"))
