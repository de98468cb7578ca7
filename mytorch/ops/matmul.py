"""Matrix products; shapes were checked before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


def product(a: Array, b: Array) -> Array:
    """Return the matrix product; for float16 computed in float32, as torch does.

    NumPy multiplies float16 matrices in a loop that rounds every partial sum.
    """
    if a.dtype == np.float16:
        wide = np.matmul(a.astype(np.float32), b.astype(np.float32))
        return np.asarray(wide).astype(np.float16)
    return a @ b


class Mm(Op):
    """The product of two matrices, (n, k) and (k, m)."""

    uses = ((1,), (0,))

    @staticmethod
    def forward(a: Array, b: Array) -> tuple[Array, Any]:
        return product(a, b), (a, b)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, b = saved
        return lambda: product(grad, b.T), lambda: product(a.T, grad)


class MatMul(Op):
    """The product of stacks of matrices, (…, n, k) and (…, k, m), whose leading dimensions are broadcast."""

    uses = ((1,), (0,))

    @staticmethod
    def forward(a: Array, b: Array) -> tuple[Array, Any]:
        return product(a, b), (a, b)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, b = saved
        return lambda: product(grad, b.swapaxes(-1, -2)), lambda: product(a.swapaxes(-1, -2), grad)


class Dot(Op):
    """The inner product of two vectors of one length."""

    uses = ((1,), (0,))

    @staticmethod
    def forward(a: Array, b: Array) -> tuple[Array, Any]:
        return product(a, b), (a, b)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, b = saved
        return lambda: grad * b, lambda: grad * a
