"""Monte Carlo arithmetic on torch programs: what correct rounding alone may change.

It knows neither cases nor subjects: `deviation.deviations` takes a program, and returns what noise did to its
results. What it knows about torch's operations stands in rules/.
"""
