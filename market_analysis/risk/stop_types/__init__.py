"""Stops of document 004, for both sides: one interface, one file a type (docs/sizing.md).

types               StopView (what a stop may look at), StopRule (the interface), Proposal
fixed, trailing, volatility, average_range, support_resistance, breakeven, time_decay    the types
combination         next_stop: the tightest valid proposal, never looser than what stands
plan                StopPlan: document 004's configuration of one stop as rules
"""
