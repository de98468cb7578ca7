"""Rules of operations that make tensors: of given numbers, ranges and random numbers."""

from __future__ import annotations

from conformance.arithmetic.rules.rule import Rule, exact

_GIVEN = "fills a tensor with given numbers"
_WHOLE = "the oracle's own float64 numbers, of which both sides are given the same"

RULES: tuple[Rule, ...] = (
    *exact("empty", "empty_strided", "eye", "fill", "full", "ones", "zeros", source=_GIVEN),
    *exact("zero", source=_GIVEN, elementwise=True),
    *exact("empty_like", "full_like", "ones_like", "zeros_like", source=_GIVEN, valueless=True),
    *exact("new_empty", "new_empty_strided", "new_full", source=_GIVEN, valueless=True),
    *exact("new_ones", "new_zeros", source=_GIVEN, valueless=True),
    *exact("arange", source=_WHOLE),
    *exact("rand", "randint", "randn", source=_WHOLE),
    *exact("rand_like", "randint_like", "randn_like", source=_WHOLE, valueless=True),
    *exact("bernoulli", "cauchy", "multinomial", "normal", "uniform", source=_WHOLE, draws=True),
)
