"""Monte Carlo arithmetic on torch programs: it measures how much correct rounding alone may change.

The entry is `deviation.deviations`: it takes a program and returns how far noise moved its results. Nothing
here depends on a case or a subject. The facts about torch's operations are in rules/.
"""
