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


def round_decimals(a: Array, decimals: int) -> Array:
    """Return floats rounded to decimals as torch computes it: by a power of ten, and back."""
    scale = a.dtype.type(np.float64(10) ** abs(decimals))
    if decimals < 0:
        return np.asarray(np.rint(a / scale) * scale)
    return np.asarray(np.rint(a * scale) / scale)


class Flat(Op):
    """A function that is constant between jumps, such as the sign, or draws: the gradients are zero."""

    uses = ()

    @staticmethod
    def forward(*arrays: Array, function: Callable[..., Array]) -> tuple[Array, Any]:
        return function(*arrays), len(arrays)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (np.zeros_like(grad),) * int(saved)
