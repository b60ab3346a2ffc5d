"""What `evaluate` is made of.

coefficients      a pooled model other than the shipped
parquet_bars      a folder of OHLCV files, as hourly bars with what finer bars know
walk_forward      forecasts at past moments, from nothing but the bars closed by then
targets           what came: 5-minute realised variance, squared returns
scores            losses, calibration and tests, per model, horizon and proxy
confidence_set    the Model Confidence Set, through arch
export            every single forecast, for others to score
odds              the odds of target and stop, with a table of contents of its own
"""
