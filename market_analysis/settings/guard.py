"""`[guard]`: what the guard keeps."""

from __future__ import annotations

from pydantic import Field

from market_analysis.settings.section import Section


class GuardSettings(Section):
    """Rules are an account's: [accounts.NAME.rules.RULE]."""

    journal_keep_days: int = Field(
        365, ge=0, le=36_500, description="sealed parts of the journal that are older are dropped, whole; 0 keeps all"
    )
