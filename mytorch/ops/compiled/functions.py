"""tanh and sigmoid of float32 and float64 for the kernels, accurate relatively to the result.

Compilers have no vectors of libm's functions without a further library; these have neither a branch nor a
table, so that a loop over them is vectorized. Both begin with

    e^x = 2^k · (1 + q),  where k is x / ln 2, rounded,  and q = e^r - 1,  r = x - k · ln 2,

and q is a Taylor series, |r| ≤ ½ ln 2, whose first term left out is below a quarter of a unit of the last
place. The largest errors are those of NumPy's: about 2.5 units of the last place (see the tests).
"""

from __future__ import annotations

from math import factorial, log
from typing import TYPE_CHECKING

import numpy as np
from numba import types
from numba.extending import overload

from mytorch.ops.compiled.jit import AS_PART, part

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Scalar = Any
    Scalars = Callable[[Scalar], Scalar]


def sigmoid(x: Scalar) -> Scalar:
    """Compute 1 / (1 + e^-x); only inside compiled functions."""
    raise NotImplementedError


def tanh(x: Scalar) -> Scalar:
    """Compute tanh x; only inside compiled functions."""
    raise NotImplementedError


def _powers(
    real: type[Any], integer: type[Any], stored: int, terms: int, ln2: tuple[float, float]
) -> tuple[Scalars, Scalars]:
    """Return the functions x → (k, q) and k → 2^k of one dtype.

    Args:
        real: the dtype.
        integer: the integers of as many bits.
        stored: how many bits of the significand are stored.
        terms: the length of the series.
        ln2: ln 2 as a number with so many zeros at its end that its product with k is exact, and the rest.
    """
    first, *rest = [real(1 / factorial(n)) for n in range(terms, 1, -1)]
    series, high, low, per_ln2 = tuple(rest), real(ln2[0]), real(ln2[1]), real(1 / log(2))
    # Numbers of this size have no place for a fraction: adding rounds, and the last bits are the integer.
    large = real(1.5 * 2.0**stored)
    bits, places, bias = integer(large.view(integer)), integer(stored), integer(np.finfo(real).maxexp - 1)

    @part
    def split(x: Scalar) -> Scalar:
        shifted = real(x * per_ln2 + large)
        k = shifted - large
        r = x - k * high
        r = r - k * low
        q = first
        for coefficient in series:
            q = q * r + coefficient
        return integer(shifted.view(integer) - bits), r + r * r * q

    @part
    def power(k: Scalar) -> Scalar:
        return integer(integer(k + bias) << places).view(real)

    return split, power


def _sigmoid(
    real: type[Any], integer: type[Any], split: Scalars, power: Scalars, least: float, most: float
) -> Scalars:
    """Return sigmoid of one dtype; e^x is 0 below the least and inf above the most argument."""
    one, shift, lowest, highest = real(1), integer(1), real(least), real(most)

    def of(x: Scalar) -> Scalar:
        # What stands first stays where it is nan.
        x = min(max(-x, lowest), highest)
        k, q = split(x)
        # 2^k itself is not a number of this dtype where the result is subnormal, or half of it overflows.
        half = integer(k >> shift)
        return one / (one + (one + q) * power(half) * power(integer(k - half)))

    return of


def _tanh(real: type[Any], split: Scalars, power: Scalars, least: float) -> Scalars:
    """Return tanh of one dtype, by m = e^-2|x| - 1, as accurate as q; below the least -2|x|, m is -1."""
    one, two, lowest = real(1), real(2), real(least)

    def of(x: Scalar) -> Scalar:
        t = max(-two * abs(x), lowest)
        k, q = split(t)
        scale = power(k)
        m = scale * q + (scale - one)
        return np.copysign(m / (m + two), x)

    return of


_SINGLE = np.float32, np.int32, *_powers(np.float32, np.int32, 23, 7, (0.693359375, -2.1219444005469057e-4))
_DOUBLE = (
    np.float64,
    np.int64,
    *_powers(np.float64, np.int64, 52, 13, (0.693145751953125, 1.4286068203094172e-6)),
)
_SIGMOIDS = {types.float32: _sigmoid(*_SINGLE, -104, 89), types.float64: _sigmoid(*_DOUBLE, -746, 710)}
_TANHS = {
    types.float32: _tanh(np.float32, *_SINGLE[2:], -40),
    types.float64: _tanh(np.float64, *_DOUBLE[2:], -80),
}


@overload(sigmoid, jit_options=AS_PART)  # type: ignore[untyped-decorator]  # numba ships no types
def _sigmoid_of(x: Scalar) -> Scalars | None:
    return _SIGMOIDS.get(x)


@overload(tanh, jit_options=AS_PART)  # type: ignore[untyped-decorator]  # the same
def _tanh_of(x: Scalar) -> Scalars | None:
    return _TANHS.get(x)
