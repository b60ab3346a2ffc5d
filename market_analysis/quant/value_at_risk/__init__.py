"""Value at risk and expected shortfall of a book by filtered historical simulation, and the tests of such figures.

residuals   past day returns over the volatility forecast before them: what is drawn again
losses      a book's profit and loss in scenarios: one day, five days, capped lines
measures    value at risk, expected shortfall, and each line's part of them
coverage    tests of breaches: Kupiec, Christoffersen, dynamic quantile, traffic light
severity    tests and scores of value at risk with expected shortfall: Acerbi-Szekely Z1 and Z2, FZ0
"""
