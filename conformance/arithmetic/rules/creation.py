"""Rules of operations that make tensors: of given numbers, ranges and random numbers."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from conformance.arithmetic.rounding import filled
from conformance.arithmetic.rules.measuring import NO_NAME, SCALAR, MeasuringCall
from conformance.arithmetic.rules.rule import Given, Rule, exact, rounded
from conformance.sampling.values import Input

_GIVEN = "fills a tensor with given numbers"
_WHOLE = "the oracle's own float64 numbers, of which both sides are given the same"

# The whole numbers that float32 holds.
_WHOLE_NUMBERS = 2**24


def _arange(*args: Any, **kwargs: Any) -> Tensor | None:
    """Return a rounding of each number, unless float32 holds all of them."""
    if all(isinstance(each, int) and abs(each) <= _WHOLE_NUMBERS for each in args):
        return None
    kwargs = {name: value for name, value in kwargs.items() if name in {"start", "step"}}
    made = torch.arange(*args, **kwargs, dtype=torch.float64)
    return None if torch.equal(made, made.float().double()) else made.abs()


def _filling(call: Any, **fields: Any) -> MeasuringCall:
    return MeasuringCall(call, lambda n: (Input((2, n)),), **fields)


RULES: tuple[Rule, ...] = (
    *exact("empty", "empty_strided", "eye", "ones", "zeros", source=_GIVEN),
    rounded(
        "fill",
        Given(lambda _x, value: filled(value)),
        _filling(lambda t, x: t.clone(x).fill_(SCALAR)),
        source=_GIVEN,
        complexes=True,
    ),
    rounded(
        "full",
        Given(lambda _size, value, **_: filled(value)),
        _filling(lambda t, x: t.full(tuple(x.shape), SCALAR, dtype=x.dtype)),
        source=_GIVEN,
    ),
    rounded(
        "full_like",
        Given(lambda _x, value, **_: filled(value)),
        _filling(lambda t, x: t.full_like(x, SCALAR)),
        source=_GIVEN,
        complexes=True,
        valueless=True,
    ),
    rounded(
        "new_full",
        Given(lambda _x, _size, value, **_: filled(value)),
        _filling(lambda _t, x: x.new_full((2, 3), SCALAR)),
        source=_GIVEN,
        complexes=True,
        valueless=True,
    ),
    rounded(
        "scalar_tensor",
        Given(lambda value, **_: filled(value)),
        _filling(lambda t, x: t.scalar_tensor(SCALAR, dtype=x.dtype), without=NO_NAME),
        source=_GIVEN,
    ),
    *exact("zero", source=_GIVEN, elementwise=True),
    *exact("empty_like", "ones_like", "zeros_like", source=_GIVEN, valueless=True),
    *exact("new_empty", "new_empty_strided", source=_GIVEN, valueless=True),
    *exact("new_ones", "new_zeros", source=_GIVEN, valueless=True),
    rounded(
        "arange",
        Given(_arange, "1 rounding of numbers that the dtype does not hold"),
        _filling(lambda t, x: t.arange(0, 3, SCALAR, dtype=x.dtype)),
        source="aten/src/ATen/native/cpu/RangeFactoriesKernel.cpp: computed in double, and rounded",
    ),
    *exact("rand", "randint", "randn", source=_WHOLE),
    *exact("rand_like", "randint_like", "randn_like", source=_WHOLE, valueless=True),
    *exact("bernoulli", "cauchy", "multinomial", "normal", "uniform", source=_WHOLE, draws=True),
)
