"""Sums and extremes over dimensions; `axis` is a tuple of non-negative numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import OUT, Op

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


def restore(reduced: Array, shape: tuple[int, ...], axis: tuple[int, ...]) -> Array:
    """Return a reduced array with its dimensions restored as size 1, so that it broadcasts."""
    return reduced.reshape([1 if i in axis else n for i, n in enumerate(shape)])


def widened(a: Array) -> Array:
    """Return the array in the dtype that it is computed in: float32 for float16, as in torch."""
    return a.astype(np.float32) if a.dtype.char == "e" else a


def total_of(a: Array, axis: tuple[int, ...], keepdim: bool) -> Array:
    """Return the sum over dimensions, in float32 for float16, as torch and NumPy's own mean compute it."""
    wide = np.float32 if a.dtype == np.float16 else a.dtype
    return np.asarray(a.sum(axis=axis, keepdims=keepdim, dtype=wide))


class Sum(Op):
    """Sum over dimensions."""

    uses = ()

    @staticmethod
    def forward(a: Array, axis: tuple[int, ...], keepdim: bool) -> tuple[Array, Any]:
        return total_of(a, axis, keepdim).astype(a.dtype, copy=False), (a.shape, axis)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        shape, axis = saved
        return (lambda: np.broadcast_to(restore(grad, shape, axis), shape),)


class Extreme(Op):
    """The largest or smallest element over dimensions; equal ones share the gradient evenly.

    Where that is nan, torch.max(x) shares it among the nans; torch.amax and torch.amin find none that equals
    nan, and divide by that count of 0 (`undivided`).
    """

    uses = ((0, OUT),)

    @staticmethod
    def forward(
        a: Array, axis: tuple[int, ...], keepdim: bool, largest: bool, undivided: bool = False
    ) -> tuple[Array, Any]:
        out = (np.max if largest else np.min)(a, axis=axis, keepdims=keepdim)
        return out, (a, axis, out, undivided)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, axis, out, undivided = saved
        best = restore(out, a.shape, axis)
        chosen = a == best if undivided else (a == best) | (np.isnan(a) & np.isnan(best))
        ties = chosen.sum(axis=axis, keepdims=True, dtype=grad.dtype)
        share = restore(grad, a.shape, axis) / ties
        # Without a tie the share is 0 / 0, and nan becomes the gradient of all elements.
        return (np.where(chosen | (ties == 0), share * chosen, grad.dtype.type(0)),)


class Median(Extreme):
    """The middle element of all, the lower one of two; equal ones share the gradient, nans that of nan."""

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:  # type: ignore[override]  # every op has params of its own
        if not a.size or (a.dtype.kind == "f" and np.isnan(a).any()):
            out = np.asarray(np.nan).astype(a.dtype)
        else:
            middle = (a.size - 1) // 2
            out = np.asarray(np.partition(a, middle, axis=None)[middle])
        return out, (a, tuple(range(a.ndim)), out, False)


class Distinct(Op):
    """The distinct elements: no gradient is defined, as in torch."""

    uses = ()

    @staticmethod
    def forward(a: Array, values: Array) -> tuple[Array, Any]:
        return values, None


class Pick(Op):
    """The elements at positions along one dimension: the op of max over a dimension and of sort."""

    uses = ()
    frees = True

    @staticmethod
    def forward(a: Array, positions: Array, dim: int) -> tuple[Array, Any]:
        # A copy: the positions are returned to the user too, who may change them.
        return np.take_along_axis(a, positions, dim), (a.shape, np.array(positions), dim)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        shape, positions, dim = saved
        whole = np.zeros(shape, grad.dtype)
        np.put_along_axis(whole, positions, grad, dim)
        return (whole,)
