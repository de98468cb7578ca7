"""Matrix products."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.dtypes import SCALAR_TYPE_NAMES, from_numpy_dtype
from mytorch.autograd._apply import apply, require_broadcastable
from mytorch.functions._check import array_of, number_of
from mytorch.functions.arithmetic import add, mul
from mytorch.functions.shape import unsqueeze
from mytorch.functions.transpose import expand
from mytorch.ops import matmul as ops
from mytorch.ops.shape import Squeeze, Unsqueeze

if TYPE_CHECKING:
    from mytorch._core.types import Array, Scalar
    from mytorch._tensor import Tensor

__all__ = ["addmm", "baddbmm", "bmm", "dot", "matmul", "mm", "mv", "outer"]


def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """Return the product of two matrices.

    Args:
        input: (n, k), any dtype but bool.
        mat2: (k, m), of the same dtype.

    Returns:
        The product, (n, m), of that dtype.

    Raises:
        NotImplementedError: the matrices are bool.
        RuntimeError: an argument is not a matrix, the shapes do not fit, or the dtypes differ.
    """
    a, b = array_of("mm", input), array_of("mm", mat2, "mat2", 2)
    if a.ndim != 2:
        raise RuntimeError("self must be a matrix")
    if b.ndim != 2:
        raise RuntimeError("mat2 must be a matrix")
    _check(a, b)
    _check_inner(a.shape, b.shape)
    return apply(ops.Mm, input, mat2)


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """Return the products of two stacks of matrices.

    Args:
        input: (b, n, k), any dtype but bool.
        mat2: (b, k, m), of the same dtype.

    Returns:
        The products, (b, n, m), of that dtype.

    Raises:
        NotImplementedError: the matrices are bool.
        RuntimeError: an argument is not a stack of matrices, the shapes do not fit, or the dtypes differ.
    """
    a, b = array_of("bmm", input), array_of("bmm", mat2, "mat2", 2)
    for position, array in ((1, a), (2, b)):
        if array.ndim != 3:
            raise RuntimeError(f"batch{position} must be a 3D tensor")
    _check(a, b)
    expected = [a.shape[0], a.shape[2]]
    if list(b.shape[:2]) != expected:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: {expected} "
            f"but got: {list(b.shape[:2])}."
        )
    return apply(ops.MatMul, input, mat2)


def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """Return the inner product of two vectors.

    Args:
        input: (n,), any dtype but bool.
        tensor: (n,), of the same dtype.

    Returns:
        The product, 0-dim, of that dtype.

    Raises:
        NotImplementedError: the vectors are bool.
        RuntimeError: an argument is not a vector, or the lengths or the dtypes differ.
    """
    a, b = array_of("dot", input), array_of("dot", tensor, "tensor", 2)
    if a.ndim != 1 or b.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {a.ndim}D and {b.ndim}D tensors")
    _check(a, b)
    if a.shape != b.shape:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{a.size}] and src [{b.size}] to have the same "
            f"number of elements, but got {a.size} and {b.size} elements respectively"
        )
    return apply(ops.Dot, input, tensor)


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """Return the matrix product: of vectors, of matrices, or of stacks that are broadcast.

    Args:
        input: (k,), (n, k) or (…, n, k), any dtype but bool.
        other: (k,), (k, m) or (…, k, m), of the same dtype.

    Returns:
        The product, (…, n, m), without n or m where the argument was a vector.

    Raises:
        NotImplementedError: the arguments are bool.
        RuntimeError: an argument is 0-dim, the shapes do not fit, or the dtypes differ.

    Examples:
        >>> matrix, stack = mytorch.ones(2, 3), mytorch.ones(5, 3, 4)
        >>> mytorch.matmul(matrix, stack).shape
        mytorch.Size([5, 2, 4])
        >>> mytorch.matmul(matrix, mytorch.ones(3)).shape
        mytorch.Size([2])
    """
    a, b = array_of("matmul", input), array_of("matmul", other, "other", 2)
    rank_a, rank_b = a.ndim, b.ndim
    if rank_a == 2 and rank_b == 2:
        _check(a, b)
        _check_inner(a.shape, b.shape)
        return apply(ops.Mm, input, other)
    if not rank_a or not rank_b:
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {rank_a}D and {rank_b}D"
        )
    if rank_a == 1 and rank_b == 1:
        return dot(input, other)
    _check(a, b)
    if rank_b == 1 and rank_a == 2 and a.shape[1] != b.shape[0]:
        raise RuntimeError(
            f"size mismatch, got input ({a.shape[0]}), mat ({a.shape[0]}x{a.shape[1]}), vec ({b.shape[0]})"
        )
    left = input if rank_a > 1 else apply(Unsqueeze, input, shape=(1, a.shape[0]))
    right = other if rank_b > 1 else apply(Unsqueeze, other, shape=(b.shape[0], 1))
    _check_stacks(left.array.shape, right.array.shape)
    product = apply(ops.MatMul, left, right)
    if rank_a == 1:
        shape = product.array.shape
        product = apply(Squeeze, product, shape=(*shape[:-2], shape[-1]))
    if rank_b == 1:
        product = apply(Squeeze, product, shape=product.array.shape[:-1])
    return product


def mv(input: Tensor, vec: Tensor) -> Tensor:
    """Return the product of a matrix and a vector.

    Args:
        input: (n, k), any dtype but bool.
        vec: (k,), of the same dtype.

    Returns:
        The product, (n,), of that dtype.

    Raises:
        NotImplementedError: the arguments are bool.
        RuntimeError: the ranks or shapes do not fit, or the dtypes differ.
    """
    a, b = array_of("mv", input), array_of("mv", vec, "vec", 2)
    if (a.ndim, b.ndim) != (2, 1):
        raise RuntimeError(f"vector + matrix @ vector expected, got 1, {a.ndim}, {b.ndim}")
    return matmul(input, vec)


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """Return all products of the elements of two vectors.

    Args:
        input: (n,), any dtype.
        vec2: (m,), any dtype.

    Returns:
        The products, (n, m), of the promoted dtype.

    Raises:
        RuntimeError: an argument is not a vector.
    """
    for argument, position, x in (("self", 1, input), ("vec2", 2, vec2)):
        rank = array_of("outer", x, argument, position).ndim
        if rank != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {argument}, but got {rank}-D")
    return mul(unsqueeze(input, 1), vec2)


def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Scalar = 1, alpha: Scalar = 1) -> Tensor:
    """Return beta·input + alpha·(mat1 @ mat2).

    Args:
        input: any shape that broadcasts to (n, m), of the matrices' dtype.
        mat1: (n, k), any dtype but bool.
        mat2: (k, m), of the same dtype.
        beta: factor of the input; at 0 the input is not read.
        alpha: factor of the product.

    Returns:
        A tensor, (n, m), of that dtype.

    Raises:
        NotImplementedError: the matrices are bool.
        RuntimeError: the shapes do not fit, or the dtypes differ.
    """
    array_of("addmm", input)
    return _added("addmm", input, mm(mat1, mat2), beta, alpha)


def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Scalar = 1, alpha: Scalar = 1) -> Tensor:
    """Return beta·input + alpha·(batch1 @ batch2), for stacks of matrices.

    Args:
        input: any shape that broadcasts to (b, n, m), of the matrices' dtype.
        batch1: (b, n, k), any dtype but bool.
        batch2: (b, k, m), of the same dtype.
        beta: factor of the input; at 0 the input is not read.
        alpha: factor of the product.

    Returns:
        A tensor, (b, n, m), of that dtype.

    Raises:
        NotImplementedError: the matrices are bool.
        RuntimeError: the shapes do not fit, or the dtypes differ.
    """
    array_of("baddbmm", input)
    return _added("baddbmm", input, bmm(batch1, batch2), beta, alpha)


def _added(name: str, input: Tensor, product: Tensor, beta: Scalar, alpha: Scalar) -> Tensor:
    wide = expand(input, product.array.shape)
    _check(product.array, input.array)
    alpha, beta = number_of(name, "alpha", alpha), number_of(name, "beta", beta)
    if product.array.dtype.kind != "f":
        alpha, beta = int(alpha), int(beta)
    if alpha != 1:
        product = mul(product, alpha)
    if beta == 0:
        return product
    return add(product, wide if beta == 1 else mul(wide, beta))


def _check(a: Array, b: Array) -> None:
    if a.dtype is not b.dtype and a.dtype != b.dtype:
        names = [SCALAR_TYPE_NAMES[from_numpy_dtype(x.dtype)].lower() for x in (a, b)]
        raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {names[0]} != {names[1]}")
    if a.dtype.kind == "b":
        raise NotImplementedError("\"addmm_impl_cpu_\" not implemented for 'Bool'")


def _check_inner(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    if a[1] != b[0]:
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({a[0]}x{a[1]} and {b[0]}x{b[1]})")


def _check_stacks(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    require_broadcastable(a[:-2], b[:-2])
    if a[-1] == b[-2]:
        return
    if len(b) == 2:
        # torch folds the leading dimensions of the left side into the rows of one matrix.
        _check_inner((math.prod(a[:-1]), a[-1]), b)
    count = math.prod(np.broadcast_shapes(a[:-2], b[:-2]))
    raise RuntimeError(
        f"Expected size for first two dimensions of batch2 tensor to be: [{count}, {a[-1]}] "
        f"but got: [{count}, {b[-2]}]."
    )
