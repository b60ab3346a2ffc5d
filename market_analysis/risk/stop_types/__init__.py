"""Document 004's stop types: seven ways to say where a stop belongs, one interface, one rule that never loosens.

    view                what a stop type sees of a position
    fixed, trailing, volatility, average_true_range, support_resistance, breakeven, time_decay
    tightest            the tightest of them that is possible, never looser than the stop that stands

The product's own stop is the ratchet (`risk/ratchet.py`, rulings 2 and 8). These are for those who want another rule, and for the
risk service.
"""
