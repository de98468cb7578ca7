"""Matrix products; shapes were checked before."""

# What forward and backward take and give is said once, in Op.
# ruff: noqa: D102

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op

if TYPE_CHECKING:
    from typing import Any

    from mytorch._types import Array, Gradients


class Mm(Op):
    """The product of two matrices, (n, k) and (k, m)."""

    uses = ((1,), (0,))

    @staticmethod
    def forward(a: Array, b: Array) -> tuple[Array, Any]:
        return a @ b, (a, b)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, b = saved
        return lambda: grad @ b.T, lambda: a.T @ grad


class MatMul(Op):
    """The product of stacks of matrices, (…, n, k) and (…, k, m), whose leading dimensions are broadcast."""

    uses = ((1,), (0,))

    @staticmethod
    def forward(a: Array, b: Array) -> tuple[Array, Any]:
        return np.matmul(a, b), (a, b)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, b = saved
        return lambda: grad @ b.swapaxes(-1, -2), lambda: a.swapaxes(-1, -2) @ grad


class Dot(Op):
    """The inner product of two vectors of one length."""

    uses = ((1,), (0,))

    @staticmethod
    def forward(a: Array, b: Array) -> tuple[Array, Any]:
        return np.dot(a, b), (a, b)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, b = saved
        return lambda: grad * b, lambda: grad * a
