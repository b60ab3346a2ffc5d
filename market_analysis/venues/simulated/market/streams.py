"""Independent random streams, each named by seed, purpose and block: the whole market is a function of them."""

from __future__ import annotations

import hashlib

import numpy as np

HOURS_PER_DAY = 24
HOURS_PER_BLOCK = 4 * HOURS_PER_DAY
BLOCKS_PER_CHUNK = 16  # hours are cheap and grown far ahead, minutes are made only where asked for
HOURS_PER_CHUNK = HOURS_PER_BLOCK * BLOCKS_PER_CHUNK
MINUTES_PER_HOUR = 60
MINUTES_PER_BLOCK = HOURS_PER_BLOCK * MINUTES_PER_HOUR


def stream(seed: int, purpose: str, block: int) -> np.random.Generator:
    """The generator of one block of one purpose; equal arguments give equal draws, unequal ones independent draws."""
    name = int.from_bytes(hashlib.blake2b(purpose.encode(), digest_size=8).digest(), "little")
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence((seed, name, block))))
