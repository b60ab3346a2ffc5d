"""What the numbers mean for a position and a book. Pure: no I/O, no clock, no hidden randomness.

Import the file you need; nothing is imported here, so that naming this package loads neither NumPy nor SciPy. What it offers:

    analyse      analyse(snapshot, history, memory, settings, models=None) -> (Analysis, Memory): one account, whole
    verdict      exit_status(analysis): the process's exit code; verdict(findings, quality)
    what_if      ProposedTrade, with_trade(snapshot, trade) -> Snapshot, compare(before, after) -> Comparison
    volatility   fit_models(history, instruments, settings, as_of): reusable until the next closed bar
    position     analyse_position(...): one position
    sizing       plan_size: the largest size whose loss at the stop stays within a budget
    sizing_engine, stop_types   document 004's sizing of a trade, and its kinds of stop
    types        Analysis, BookReport, PositionReport, ClusterReport, HoldingReport, DataQuality, Verdict
"""
