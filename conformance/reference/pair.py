"""One rtol and one atol for many elements: the tightest pair that is nowhere below their own tolerances.

Called by reference.tolerance, once per observable. torch.testing.assert_close and
numpy.testing.assert_allclose take the result.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from conformance.sampling.values import Array

# An element for which the pair allows more than this many times what its own tolerance does is looser.
LOOSE = 10.0
# How many relative tolerances are tried, evenly in the logarithm, and over how many powers of ten.
_TRIED, _DECADES = 120, 12
# How many elements the pairs are compared by; none of them allows any element less than its tolerance.
_COMPARED = 10_000


class Pair(NamedTuple):
    """A pair of tolerances: `atol + rtol * |expected|`.

    Attributes:
        rtol: relative to the expected number.
        atol: absolute.
        looser: the share of elements for which the pair is more than ten times looser than their tolerance.
    """

    rtol: float
    atol: float
    looser: float


def tightest(expected: Array, tolerance: Array) -> Pair:
    """Return the pair that is nowhere below some tolerances, and in the mean of the logarithms the nearest.

    Both numbers are rounded up to two digits.

    Args:
        expected: the right numbers, of any shape.
        tolerance: what each may differ by; where it is 0, bits agree, and the element does not count.

    Example:
        >>> import numpy as np
        >>> from conformance.reference.pair import tightest
        >>> tightest(np.array([1.0, 10.0, 100.0]), np.array([2e-6, 11e-6, 101e-6]))
        Pair(rtol=1e-06, atol=1.1e-06, looser=0.0)
    """
    counted = (tolerance > 0) & np.isfinite(tolerance) & np.isfinite(expected)
    size, allowed = np.abs(expected[counted]), tolerance[counted]
    if not size.size:
        return Pair(0.0, 0.0, 0.0)
    largest = float((allowed[size > 0] / size[size > 0]).max(initial=0.0))
    tried = [0.0, *(largest * 10 ** -np.linspace(0, _DECADES, _TRIED))] if largest else [0.0]
    pairs = [_least(_up(rtol), size, allowed) for rtol in tried]
    some = size[:: ceil(size.size / _COMPARED)]
    best = min(pairs, key=lambda pair: float(np.log(pair.atol + pair.rtol * some).mean()))
    ratio = (best.atol + best.rtol * size) / allowed
    return best._replace(looser=float((ratio > LOOSE).mean()))


def _least(rtol: float, size: Array, allowed: Array) -> Pair:
    """Return the pair of a relative tolerance with the least absolute one."""
    return Pair(rtol, _up(float((allowed - rtol * size).max(initial=0.0))), 0.0)


def _up(value: float) -> float:
    """Return a number rounded up to two digits, past what rounding takes from `atol + rtol * size`."""
    if value <= 0:
        return 0.0
    exact = Decimal(value * (1 + 2.0**-50))
    return float(exact.quantize(Decimal((0, (1,), exact.adjusted() - 1)), ROUND_CEILING))
