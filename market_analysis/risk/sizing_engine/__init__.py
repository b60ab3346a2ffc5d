"""Document 004's sizing engine: how large a position should be, by several methods at once, and what bounds it.

recommend           methods weighed, multipliers, caps, lot: the answer
volatility_target   a one-sigma day moves equity by a set fraction
kelly               fractional Kelly on one's own record, shrunk
equal_risk          equal risk contribution within the book
multipliers         signal strength, asset class
caps                what the position may never exceed
book                the account's book as the engine needs it
"""
