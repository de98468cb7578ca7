"""Monte Carlo arithmetic on torch programs: what correct rounding alone may change.

It knows no case and no subject: `deviation.deviations` takes a program, and returns what noise did to its
results.
"""
