"""A candidate for a torch program, which nobody trusts: judged against the program, in a process of its own.

`check.check` is exported as `conformance.check`.
"""
