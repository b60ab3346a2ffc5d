"""The guard of one account: events in, state and decisions out. No clock, no input or output, no randomness.

state       what is known of the account, and what is under way
step        one event: time, facts, day, locks, rules, enforcement
passing     the guard's own time, which no clock step moves
absorb      an event becomes facts
days        resets: exactly one per trading day, also after days of down time
locks       several at once, each with its own end; the strictest holds
viewing     the state as the rules see it
judging     rules evaluated, transitions alerted
acting      what verdicts ask for, as intents: confirmed, once, within limits
flattening  the saga that ends in a verified flat account
"""
