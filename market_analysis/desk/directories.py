"""Where state lives on this system. Imports nothing that is heavy."""

from __future__ import annotations

import os
from pathlib import Path


def default_state_directory() -> Path:
    """`RISK_MANAGER_STATE_DIR`, else the user's state directory of this system."""
    from platformdirs import user_state_path

    named = os.environ.get("RISK_MANAGER_STATE_DIR")
    return Path(named) if named else user_state_path("risk-manager")
