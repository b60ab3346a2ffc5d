"""Behind `market_analysis.garch_vol_triggers`: document 003's functions by theme. Import them from there.

    arguments    what callers hand over: sides, numbers, settings in any of document 003's shapes
    frames       pandas frames to arrays and bars, and back
    exchange     prices, closed bars and contract terms through a synchronous ccxt exchange
    volatility   ATR, realised variance, GARCH, HAR, the blend
    levels       price-linear levels, trailing stop, first-passage probability
    dynamic      state-anchored levels of one position
    history      `backtest_dynamic_levels`
    atr_levels   the functions of document 003's atr_sl_gpt

Nothing is imported here.
"""
