"""State behind small ports: bar cache, analysis memory, the guard's journal, the lock of a state directory. SQLite through apsw,
one writer."""

from market_analysis.store.admin import AdminBook, AdminRecord
from market_analysis.store.bars import BarCache
from market_analysis.store.codec import Codec
from market_analysis.store.database import IN_MEMORY, open_database
from market_analysis.store.journal import Checkpoint, Journal, Record, Verified
from market_analysis.store.lock import StateLock
from market_analysis.store.memory import MemoryStore
from market_analysis.store.seals import Seal, Seals

__all__ = [
    "IN_MEMORY",
    "AdminBook",
    "AdminRecord",
    "BarCache",
    "Checkpoint",
    "Codec",
    "Journal",
    "MemoryStore",
    "Record",
    "Seal",
    "Seals",
    "StateLock",
    "Verified",
    "open_database",
]
