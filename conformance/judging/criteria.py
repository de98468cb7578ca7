"""Criteria of other test suites, for comparison.

Each takes the subject's array, the expected one, and the reference's own result. Called by
running.selftest, which counts what each of them would have caught.

Sources: torch.testing.assert_close's defaults; 1e-3 relative and 1e-7 absolute, ONNX's backend tests; 1e-2,
common in ports; cosine similarity of at least 0.99, common in quantisation; at most twice the error of the
reference itself, common in kernel libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.judging.expectation import Expectation
    from conformance.sampling.values import Array

    Criterion = Callable[[Array, Array, Array], bool]

_DEFAULTS = {"float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7)}


def _close(got: Array, expected: Array, rtol: float, atol: float) -> bool:
    return bool(np.allclose(got, expected, rtol=rtol, atol=atol, equal_nan=True))


def _assert_close(got: Array, expected: Array, reference: Array) -> bool:
    del reference
    return _close(got, expected, *_DEFAULTS[got.dtype.name])


def _finite(criterion: Criterion) -> Criterion:
    """Apply a criterion to the finite numbers only; the others must be the same."""

    def apart(got: Array, expected: Array, reference: Array) -> bool:
        finite = np.isfinite(expected)
        same = np.array_equal(got[~finite], expected[~finite], equal_nan=True)
        return bool(same) and criterion(got[finite], expected[finite], reference[finite])

    return apart


def _cosine(got: Array, expected: Array, reference: Array) -> bool:
    del reference
    product = float(np.linalg.norm(got)) * float(np.linalg.norm(expected))
    if not product:
        return bool(np.array_equal(got, expected))
    return float(np.vdot(got, expected)) / product >= 0.99


def _twice(got: Array, expected: Array, reference: Array) -> bool:
    if got.dtype == np.float64:
        # In float64 the reference is what was expected, and its own error is not known.
        return True
    error = np.abs(got - expected).max(initial=0.0)
    return bool(error <= 2 * np.abs(reference - expected).max(initial=0.0))


CRITERIA: Mapping[str, Criterion] = {
    "assert_close's defaults": _assert_close,
    "rtol 1e-3, atol 1e-7": lambda got, expected, _: _close(got, expected, 1e-3, 1e-7),
    "1e-2": lambda got, expected, _: _close(got, expected, 1e-2, 1e-2),
    "cosine ≥ 0.99": _finite(_cosine),
    "twice torch's error": _finite(_twice),
}


def _in_range(oracle: Array, reference: Array) -> Array:
    return np.where(np.isfinite(reference), oracle, reference)


def passed(criterion: Criterion, expected: Expectation, trace: Mapping[str, Array]) -> bool:
    """Whether every floating observable passes: the verdict of a suite with that criterion on a sample.

    The expected values are the oracle's, which is in favour of those who compare with torch in float32.
    Where torch leaves the lane's range, they are its inf and NaN.
    """
    with np.errstate(all="ignore"):
        return all(
            name in trace
            and trace[name].shape == oracle.shape
            and criterion(trace[name], _in_range(oracle, expected.reference[name]), expected.reference[name])
            for name, oracle in expected.oracle.items()
            if np.issubdtype(oracle.dtype, np.floating)
        )
