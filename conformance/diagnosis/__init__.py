"""Says what is wrong with an implementation that fails: which module of two models differs first.

`first_divergence.first_divergence` is exported as `conformance.first_divergence`.
"""
