"""Conversion to another dtype."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.promotion import converted
from mytorch.ops.op import Op

if TYPE_CHECKING:
    from typing import Any

    import numpy as np

    from mytorch._core.types import Array, Gradients


class Cast(Op):
    """A copy of another dtype; the engine casts the gradient back."""

    uses = ()

    @staticmethod
    def forward(a: Array, dtype: np.dtype[Any]) -> tuple[Array, Any]:
        return converted(a, dtype), None

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad,)
