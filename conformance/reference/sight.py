"""Which cheap wrong answers a tolerance would notice: agreement with one that notices none shows little.

Called by reference.tolerance, once per observable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.sampling.values import Array


def _rolled(expected: Array) -> Array:
    """Return the rows in another order; of a single row, its elements."""
    axis = next((k for k, size in enumerate(expected.shape) if size > 1), None)
    return expected if axis is None else np.roll(expected, 1, axis)


def _half(expected: Array) -> Array:
    with np.errstate(over="ignore"):
        return expected.astype(np.float16).astype(np.float64)


def _to_bits(expected: Array, bits: int) -> Array:
    """Return numbers with so many significant bits, of any size."""
    fraction, exponent = np.frexp(expected)
    return np.asarray(np.ldexp(np.round(np.ldexp(fraction, bits)), exponent - bits))


_SHAPES: Mapping[str, Callable[[Array], Array]] = {
    "zeros": np.zeros_like,
    "the mean everywhere": lambda expected: np.full_like(expected, expected.mean()),
    "rolled rows": _rolled,
}
# Name → from the right answer to the wrong one.
WRONG = {**_SHAPES, "float16 rounding": _half}
# Those of half types: each with the next narrower type that hardware multiplies in. Of float8, E4M3 has the
# most significant bits, and its range, which scaled tensors fit, does not count.
WRONG_IN: Mapping[str, Mapping[str, Callable[[Array], Array]]] = {
    "float16": {**_SHAPES, "bfloat16 rounding": lambda expected: _to_bits(expected, 8)},
    "bfloat16": {**_SHAPES, "float8 rounding": lambda expected: _to_bits(expected, 4)},
}


def noticed(expected: Array, tolerance: Array, dtype: str = "float32") -> dict[str, bool]:
    """Return whether each wrong answer is beyond the tolerance at an element.

    Args:
        expected: the right numbers.
        tolerance: what each may differ by, of the same shape.
        dtype: the dtype that others compute in.

    Example:
        >>> import numpy as np
        >>> from conformance.reference.sight import noticed
        >>> noticed(np.array([1.0, 1.0]), np.array([1e-6, 1e-6]))
        {'zeros': True, 'the mean everywhere': False, 'rolled rows': False, 'float16 rounding': False}
    """
    answers = WRONG_IN.get(dtype, WRONG)
    finite = np.isfinite(expected)
    if not finite.any():
        return dict.fromkeys(answers, False)
    right = np.where(finite, expected, 0.0)
    return {
        name: bool((np.abs(wrong(right) - right) > tolerance)[finite].any())
        for name, wrong in answers.items()
    }
