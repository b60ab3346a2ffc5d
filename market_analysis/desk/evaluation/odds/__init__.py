"""How good the printed odds are: `evaluate --odds`.

entries       what the product says of a long and a short entered at the close, from nothing but the bars closed by then
outcomes      what came, read off later bars under the same policy
walk          both at every origin
references    climatologies: of past outcomes only, and of the very sample
scores        Brier, log score, calibration, with intervals by blocks of time
export        every p and outcome, for others to score
charts        reliability diagrams
"""
