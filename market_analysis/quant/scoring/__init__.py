"""Scores of forecasts and of probabilities, and tests of which of two is better. NumPy and scipy.special only.

    losses              QLIKE and squared error, case by case
    long_run            HAC and block covariance of a mean
    mincer_zarnowitz    is the forecast unbiased at every level: the regression of what came on what was said
    equal_accuracy      Diebold-Mariano with the small-sample correction, Giacomini-White
    probability         Brier score and skill, log score, reliability bins, expected calibration error

Import the file you need; nothing is imported here.
"""
