"""The rules of an account: one rule, one file, each a pure function of what is known to verdicts.

view            what a rule sees of the account
verdict         what it says and asks for
rule            what a rule is: name, parameters, function, explanation
limit           the one evaluator of loss, drawdown and profit limits
registry        every rule by name
"""
