"""How large a trade should be (document 004's sizing engine, its arithmetic mended): docs/sizing.md.

engine         size_position(request, book, settings.sizing) -> SizingResult
book           sizing_book(snapshot, history, analysis, settings, instrument) -> SizingBook
types          SizingRequest, SizingBook, TradeRecord, SizingResult and its factors
stop_distance  where the loss is taken
volatility, kelly, equal_risk         the methods; combination: their weighted mean
multipliers                           signal, asset class, hour
exposure_caps, risk_caps, order_caps  the bounds; caps: their effects in turn
risk_factors                          document 004's factors and confidence
"""
