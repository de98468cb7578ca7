"""Triangular factors of positive definite matrices, and systems of triangular matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import OUT, Op

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


def transposed(a: Array) -> Array:
    """Return the matrices with their last two dimensions swapped."""
    return a.swapaxes(-1, -2)


def substituted(a: Array, b: Array, *, upper: bool) -> Array:
    """Return X of A X = B for triangular matrices A; inf and nan where the diagonal has zeros, as in LAPACK.

    Args:
        a: (*, n, n), zero in the other triangle.
        b: (*, n, k).
        upper: whether the elements above the diagonal count, or those below.
    """
    if not upper:
        # In reverse order the last unknown is the first, and the matrix an upper one.
        return np.flip(substituted(np.flip(a, (-2, -1)), np.flip(b, -2), upper=True), -2)
    if np.isfinite(a).all() and a.diagonal(axis1=-2, axis2=-1).all():
        # Elimination finds nothing to eliminate below the diagonal, nor rows to exchange: what is left of
        # LAPACK's solver is substitution.
        return np.asarray(np.linalg.solve(a, b))
    size = a.shape[-1]
    shape = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    out = np.array(np.broadcast_to(b, (*shape, *b.shape[-2:])))
    for i in range(size - 1, -1, -1):
        out[..., i, :] /= a[..., i, i, None]
        out[..., :i, :] -= a[..., :i, i, None] * out[..., i, None, :]
    return out


def have_factors(a: Array) -> Array:
    """Return which matrices are positive definite, as far as their factors can be computed, as bools."""
    found = np.empty(a.shape[:-2], np.bool_)
    for place in np.ndindex(found.shape):
        try:
            np.linalg.cholesky(a[place])
        except np.linalg.LinAlgError:
            found[place] = False
        else:
            found[place] = True
    return found


class Cholesky(Op):
    """The lower triangular L of A = L Lᵀ; only the lower triangle of A is read.

    Source: Murray 2016, "Differentiation of the Cholesky decomposition": the gradient of A is L⁻ᵀ Φ L⁻¹,
    where Φ is symmetric and its lower triangle that of LᵀG, halved. It is symmetric, as A is.
    """

    uses = ((OUT,),)

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        out = np.asarray(np.linalg.cholesky(a))
        return out, out

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        half = np.tril(transposed(saved) @ grad) * grad.dtype.type(0.5)
        inner = half + transposed(np.tril(half, -1))
        left = substituted(transposed(saved), inner, upper=True)
        return (transposed(substituted(transposed(saved), transposed(left), upper=True)),)


class SolveTriangular(Op):
    """X of A X = B; of A the triangle is read, whose diagonal counts as 1 if `unit`."""

    uses = ((0, OUT), (0,))

    @staticmethod
    def forward(a: Array, b: Array, upper: bool, unit: bool) -> tuple[Array, Any]:
        read = _triangle(a, upper=upper, unit=unit)
        if unit:
            read = read + np.eye(a.shape[-1], dtype=a.dtype)
        out = substituted(read, b, upper=upper)
        return out, (a, out, upper, unit)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, out, upper, unit = saved
        read = _triangle(a, upper=upper, unit=unit)
        if unit:
            read = read + np.eye(a.shape[-1], dtype=a.dtype)
        of_b = substituted(transposed(read), grad, upper=not upper)
        return lambda: _triangle(-of_b @ transposed(out), upper=upper, unit=unit), of_b


def _triangle(a: Array, *, upper: bool, unit: bool) -> Array:
    return np.triu(a, int(unit)) if upper else np.tril(a, -int(unit))
