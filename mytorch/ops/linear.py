"""The affine map of nn.Linear as one op: one matrix product forward, two backward."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from mytorch.ops.matmul import product
from mytorch.ops.op import Op

if TYPE_CHECKING:
    from mytorch._core.types import Array, Gradients


class Linear(Op):
    """Y = X Wᵀ + b over the last dimension of X."""

    uses = ((1,), (0,), ())

    @staticmethod
    def forward(x: Array, weight: Array, bias: Array | None) -> tuple[Array, tuple[Array, Array]]:
        """Compute Y for X (..., I), W (O, I) and b that broadcasts against (..., O), or None."""
        if x.ndim <= 2:
            out = product(x, weight.T)
        else:
            # One product of matrices is several times faster than NumPy's stack of small ones.
            # The row count is written out, because -1 is ambiguous where I is 0.
            rows = x.reshape(prod(x.shape[:-1]), x.shape[-1])
            out = product(rows, weight.T).reshape(*x.shape[:-1], weight.shape[0])
        if bias is not None:
            out += bias
        return out, (x, weight)

    @staticmethod
    def backward(saved: tuple[Array, Array], grad: Array) -> Gradients:
        """Return dX = dY W, dW = dYᵀ X with all leading dimensions joined, db = dY."""
        x, weight = saved
        if x.ndim == 2:
            return lambda: product(grad, weight), lambda: product(grad.T, x), grad
        n = prod(grad.shape[:-1])
        rows = grad.reshape(n, weight.shape[0])
        return (
            lambda: product(rows, weight).reshape(x.shape),
            lambda: product(rows.T, x.reshape(n, weight.shape[1])),
            grad,
        )
