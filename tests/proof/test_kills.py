"""kill -9 at random instants and at boundaries of input and output: no lock lost, nothing closed twice or without cause, and in the
end flat and locked. The long form is `make soak`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from killing import FAR, boundaries_of_a_run, kill_at, killer, random_kills

KILLS = 50


@pytest.mark.slow
def test_killed_fifty_times(tmp_path: Path) -> None:
    rng = random.Random(20_261_127)
    with killer(tmp_path) as world:
        boundaries = boundaries_of_a_run(world)
        assert boundaries > 100
        # A boundary late in one run is early in the next: what is under way changes with each.
        for _ in range(3):
            kill_at(world, [rng.randrange(1, boundaries) for _ in range(8)])
        kill_at(world, [rng.randrange(1, boundaries)], loss=FAR)
        while world.kills < KILLS:
            random_kills(world, rng, 10)
    assert world.kills >= KILLS
