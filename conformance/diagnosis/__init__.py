"""Says where an implementation that fails is wrong: a module of a model, or a step and gate of a layer.

`first_divergence.first_divergence` is exported as `conformance.first_divergence`. `localise.localise` takes a
failing sample apart.
"""
