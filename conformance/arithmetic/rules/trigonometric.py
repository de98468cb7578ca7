"""Rules of trigonometric and hyperbolic functions, their inverses, and logarithms to other bases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from conformance.arithmetic.rules.measuring import NO_NAME, MeasuringCall
from conformance.arithmetic.rules.rule import MEASURED, SLEEF, Relative, Rule, rounded
from conformance.sampling.values import Array, Input

if TYPE_CHECKING:
    from collections.abc import Callable


def _all(x: Array) -> Array:
    return x


def _within(x: Array) -> Array:
    """Bring numbers between -1 and 1, where the inverse functions are defined."""
    return np.asarray(x / (1 + np.abs(x)))


def _from_one(x: Array) -> Array:
    return np.asarray(1 + np.abs(x))


def _bent(x: Array) -> Array:
    """Keep small numbers, and bring large ones into the range in which float32 holds the result."""
    return np.asarray(np.arcsinh(x))


# aten/src/ATen/cpu/vec/vec512/vec512_float.h calls SLEEF's functions of 1.0 ULP for these.
_ONE_NUMBER: dict[str, Callable[[Array], Array]] = {
    "acos": _within,
    "acosh": _from_one,
    "asin": _within,
    "asinh": _all,
    "atan": _all,
    "atanh": _within,
    "cosh": _bent,
    "exp2": _bent,
    "log10": np.abs,
    "log2": np.abs,
    "sinh": _bent,
    "tan": _all,
}

_TWO = MEASURED + "; SLEEF's documentation: 1.0 ULP for atan2, 0.5 for hypot"


def _of_one(name: str, domain: Callable[[Array], Array]) -> Rule:
    call = MeasuringCall(
        lambda t, x: getattr(t, name)(x),
        lambda n: (Input((8, n), pairs=True),),
        prepare=lambda x: (domain(x),),
        without=NO_NAME,
    )
    return rounded(name, Relative(4.0), call, source=SLEEF, elementwise=True)


def _of_two(name: str, roundings: float) -> Rule:
    call = MeasuringCall(
        lambda t, a, b: getattr(t, name)(a, b),
        lambda n: (Input((8, n)), Input((8, n), against="x0")),
        without=NO_NAME,
    )
    return rounded(name, Relative(roundings), call, source=_TWO, elementwise=True)


RULES: tuple[Rule, ...] = (
    *(_of_one(name, domain) for name, domain in _ONE_NUMBER.items()),
    _of_two("atan2", 4.0),
    # A root of a sum of two squares, by libraries that scale it.
    _of_two("hypot", 2.0),
)
