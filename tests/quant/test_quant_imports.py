"""What importing the numeric kernels costs: nothing for the folder, no arch for the variants."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("market_analysis.quant", ("numpy", "scipy", "pandas", "arch")),
        ("market_analysis.quant.variants", ("scipy", "pandas", "arch")),
        ("market_analysis.quant.garch", ("scipy", "pandas", "arch")),
        ("market_analysis.quant.har", ("scipy", "pandas", "arch")),
        ("market_analysis.quant.blend", ("scipy", "pandas", "arch")),
        ("market_analysis.quant.garch_solver", ("scipy.signal", "scipy.stats", "scipy.optimize", "pandas", "arch")),
    ],
)
def test_import_stays_light(module: str, forbidden: tuple[str, ...]) -> None:
    program = f"import sys, {module}; print(*(name for name in {forbidden!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == []
