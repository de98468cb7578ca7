"""Faults of a matrix product: a transposed gradient."""

from __future__ import annotations

from functools import partial
from typing import Any

from conformance.faults._rewriting import Overlay, own
from conformance.faults.fault import Fault


def _square_product(t: Any, a: Any, b: Any) -> Any:
    """Do not transpose in the first factor's gradient, where that fits."""
    if a.ndim != 2 or b.ndim != 2 or b.shape[0] != b.shape[1]:
        return t.matmul(a, b)

    def backward(grad: Any, a: Any, b: Any) -> Any:
        return t.matmul(grad, b), t.matmul(a.T, grad)

    return own(t, t.matmul, backward, a, b)


FAULTS = (
    Fault(
        "matmul-gradient-not-transposed",
        "matmul",
        ("matmul",),
        "does not transpose in the first factor's gradient where the second factor is square",
        around=lambda t, x, correct: correct(Overlay(t, {"matmul": partial(_square_product, t)}), x),
    ),
)
