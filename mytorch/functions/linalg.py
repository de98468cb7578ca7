"""Triangular factors of positive definite matrices, and systems of triangular matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.dtypes import SCALAR_TYPE_NAMES, from_numpy_dtype
from mytorch._core.promotion import promote_numpy
from mytorch.autograd._apply import apply, require_broadcastable
from mytorch.functions._check import array_of
from mytorch.functions.transpose import transpose
from mytorch.ops.conversion import Cast
from mytorch.ops.linalg import Cholesky, SolveTriangular, have_factors

if TYPE_CHECKING:
    from mytorch._core.types import Array
    from mytorch._tensor import Tensor

__all__ = ["cholesky", "solve_triangular"]


class LinAlgError(RuntimeError):
    """A matrix has no such factor."""


def cholesky(input: Tensor, *, upper: bool = False) -> Tensor:
    """Return the triangular factor L of positive definite matrices, A = L Lᵀ.

    Args:
        input: (*, n, n), float32 or float64, symmetric; only the triangle that is returned is read. The
            gradient is symmetric too.
        upper: whether to return Lᵀ instead.

    Returns:
        The factor, (*, n, n), with zeros in the other triangle.

    Raises:
        LinAlgError: a matrix is not positive definite; the message says which.
        RuntimeError: the matrices are not square, or not floating.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.cholesky.html

    Examples:
        >>> mytorch.linalg.cholesky(mytorch.tensor([[4.0, 2.0], [2.0, 5.0]]))
        tensor([[2., 0.],
                [1., 2.]])
    """
    array = array_of("linalg_cholesky", input)
    _require_square("cholesky", array)
    if array.dtype.kind != "f":
        raise RuntimeError(
            "linalg.cholesky: Expected a floating point or complex tensor as input. Got "
            f"{SCALAR_TYPE_NAMES[from_numpy_dtype(array.dtype)]}"
        )
    _require_lapack("cholesky", array.dtype)
    given = transpose(input, -2, -1) if upper else input
    try:
        factor = apply(Cholesky, given)
    except np.linalg.LinAlgError:
        raise _indefinite(given.array) from None
    return transpose(factor, -2, -1) if upper else factor


def solve_triangular(
    input: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Tensor:
    """Return X of A X = B for triangular matrices A.

    Args:
        input: A, (*, n, n), float32 or float64; of each matrix only the triangle is read.
        B: (*, n, k), or (*, k, n) for X A = B; the leading dimensions are broadcast.
        upper: whether A is an upper triangular matrix, or a lower one.
        left: whether A X = B is solved, or X A = B.
        unitriangular: whether the elements on the diagonal of A are 1, whatever stands there.

    Returns:
        X, of the shape of B, broadcast; inf and nan where the diagonal of A has zeros.

    Raises:
        RuntimeError: A is not square, the sizes do not fit, or the leading dimensions do not broadcast.
        NotImplementedError: the matrices are not floating.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.linalg.solve_triangular.html

    Examples:
        >>> a = mytorch.tensor([[2.0, 0.0], [1.0, 4.0]])
        >>> mytorch.linalg.solve_triangular(a, mytorch.tensor([[2.0], [9.0]]), upper=False)
        tensor([[1.],
                [2.]])
    """
    a, b = array_of("linalg_solve_triangular", input), array_of("linalg_solve_triangular", B, "B", 2)
    _require_square("solve_triangular", a)
    _require_matrices("solve_triangular", b, "B")
    if a.shape[-1] != b.shape[-2 if left else -1]:
        equation = "AX = B" if left else "XA = B"
        raise RuntimeError(
            f"linalg.solve_triangular: Incompatible shapes of A and B for the equation {equation} "
            f"({a.shape[-2]}x{a.shape[-1]} and {b.shape[-2]}x{b.shape[-1]})"
        )
    require_broadcastable(a.shape[:-2], b.shape[:-2])
    dtype = promote_numpy(a.dtype, b.dtype)
    _require_lapack("triangular_solve", dtype)
    matrix, right = (
        each if each.array.dtype == dtype else apply(Cast, each, dtype=dtype) for each in (input, B)
    )
    if left:
        return apply(SolveTriangular, matrix, right, upper=upper, unit=unitriangular)
    matrix, right = transpose(matrix, -2, -1), transpose(right, -2, -1)
    return transpose(apply(SolveTriangular, matrix, right, upper=not upper, unit=unitriangular), -2, -1)


def _require_matrices(name: str, array: Array, argument: str) -> None:
    if array.ndim < 2:
        raise RuntimeError(
            f"linalg.{name}: The input tensor {argument} must have at least 2 dimensions, but has "
            f"{array.ndim}."
        )


def _require_square(name: str, array: Array) -> None:
    _require_matrices(name, array, "A")
    if array.shape[-1] != array.shape[-2]:
        raise RuntimeError(
            f"linalg.{name}: A must be batches of square matrices, but they are {array.shape[-2]} by "
            f"{array.shape[-1]} matrices"
        )


def _require_lapack(name: str, dtype: np.dtype[np.generic]) -> None:
    if dtype.char not in "fd":
        raise NotImplementedError(
            f"\"{name}_cpu\" not implemented for '{SCALAR_TYPE_NAMES[from_numpy_dtype(dtype)]}'"
        )


def _indefinite(array: Array) -> LinAlgError:
    """Return the error that names the first matrix without a factor, and its first minor without one."""
    matrices = array.reshape(-1, *array.shape[-2:])
    first = int(np.argmin(have_factors(matrices)))
    order = next(k for k in range(1, array.shape[-1] + 1) if not have_factors(matrices[first, :k, :k]))
    which = f"(Batch element {first}): " if array.ndim > 2 else ""
    return LinAlgError(
        f"linalg.cholesky: {which}The factorization could not be completed because the input is not "
        f"positive-definite (the leading minor of order {order} is not positive-definite)."
    )
