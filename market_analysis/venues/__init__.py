"""Venues: one folder per exchange, plus the protocols they share."""
