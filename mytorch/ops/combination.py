"""Linear interpolation, elementwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


class Lerp(Op):
    """a + weight·(b - a), computed from the nearer end, so that both ends are exact."""

    uses = ((2,), (2,), (0, 1))

    @staticmethod
    def forward(a: Array, b: Array, weight: Array) -> tuple[Array, Any]:
        way = b - a
        out = np.where(np.abs(weight) < 0.5, a + weight * way, b - way * (1 - weight))
        return out, (a, b, weight)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, b, weight = saved
        return lambda: grad * (1 - weight), lambda: grad * weight, lambda: grad * (b - a)
