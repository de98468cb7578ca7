"""Step functions, whose gradient is zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch._core.types import Array, Gradients


def sign(a: Array) -> Array:
    """Return 1, 0 or -1 by the sign; 0 for nan, as in torch, where NumPy gives nan."""
    return np.where(np.isnan(a), a.dtype.type(0), np.sign(a)) if a.dtype.kind == "f" else np.sign(a)


def decimal_rounding(decimals: int) -> Callable[[Array], Array]:
    """Return the function that rounds to so many decimals, in its argument's dtype, float16 in float32."""

    def rounded(a: Array) -> Array:
        wide = a.astype(np.float32) if a.dtype == np.float16 else a
        power = wide.dtype.type(np.float64(10) ** abs(decimals))
        out = np.rint(wide / power) * power if decimals < 0 else np.rint(wide * power) / power
        return np.asarray(out).astype(a.dtype, copy=False)

    return rounded


class Flat(Op):
    """A function that is constant between jumps, such as the sign, or draws: the gradients are zero."""

    uses = ()

    @staticmethod
    def forward(*arrays: Array, function: Callable[..., Array]) -> tuple[Array, Any]:
        return function(*arrays), len(arrays)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (np.zeros_like(grad),) * int(saved)
