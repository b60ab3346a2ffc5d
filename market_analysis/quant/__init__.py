"""Mathematics on float64 arrays: no pandas, no domain types, no I/O, no clock, no hidden randomness.

Variances are per bar in squared log-return units (fractions, never percent). Import the file you need; nothing is
imported here, so that a command that computes nothing loads neither NumPy nor SciPy.

    arrays                 array aliases and the input gate
    recursion              the first-order linear filter shared by the kernels
    returns                log and simple returns
    average_true_range     true range, Wilder's ATR
    range_variance         Parkinson, Garman-Klass, Rogers-Satchell, Yang-Zhang; rescaling to squared returns
    resample               aligned aggregation of bars, with gaps flagged
    indicators             exponential mean, Donchian channel, RSI, rolling standard deviation
    ewma                   exponentially weighted variance
    garch                  GARCH(1,1): batch fits, filter, one-step update, variance path, validation
    garch_likelihood       its batched likelihood, score and information
    garch_solver           its bounded Levenberg-Marquardt scoring
    compiled, kernels      the optional extra [fast]: garch_compiled and policy_compiled call the kernels
    har                    log-HAR on a range-based realised variance
    blend                  one horizon sigma and one variance path out of several models
    horizon_sigma          ATR sigma, annualisation, term structure
    variants               EGARCH, GJR, FIGARCH through arch, loaded only when asked for
    barrier, logit         first-passage probabilities; softening and choice of the target multiple
    residuals, bar_paths   standardised whole-bar residuals and the paths simulated from them
    policy                 probabilities under the stop policy (policy_inputs, policy_outcome: what goes in, comes out)
    covariance, clusters   covariance estimators, correlation clusters
    equal_risk             exposures with equal contributions to the variance
    kelly                  the growth-optimal fraction and its shrinkage
    concentration          how many pieces, how many independent bets
    swings                 swing lows of bars
    value_at_risk          value at risk and expected shortfall, their tests
    tail                   normal expected shortfall
    forecast, scoring      variance forecasts, and how they are scored
"""
