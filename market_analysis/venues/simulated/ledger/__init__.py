"""Accounts, orders, positions, margin and money of the embedded exchange: pure, exact, deterministic."""
