"""Venue faults against enforcement: every kind once here and a twelfth of the rest; the whole table in `make soak`."""

from __future__ import annotations

import pytest
from fault_cells import INTENTS, STAGES, WIRE_FAULTS, WORLD_FAULTS, Cell, fault_world, run_cell, table


def one_of_each_kind() -> list[Cell]:
    """A diagonal of the table."""
    cells = table()
    chosen = []
    for number, kind in enumerate((*WIRE_FAULTS, *WORLD_FAULTS)):
        fitting = [cell for cell in cells if cell.fault == kind and cell.intent is INTENTS[number % len(INTENTS)]]
        chosen.append(fitting[number % len(fitting)])
    return chosen


@pytest.mark.slow
async def test_every_kind_of_fault() -> None:
    async with fault_world() as world:
        for cell in (*one_of_each_kind(), *table()[::12]):
            await run_cell(world, cell)


def test_the_table_is_whole() -> None:
    cells = table()
    assert (
        len({str(cell) for cell in cells}) == len(cells) == len(INTENTS) * (len(WIRE_FAULTS) * len(STAGES) + len(WORLD_FAULTS) * 2)
    )
    assert len(WIRE_FAULTS) + len(WORLD_FAULTS) >= 20
