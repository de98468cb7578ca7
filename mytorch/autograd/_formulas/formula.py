"""What a formula is, and the steps that formulas of several families share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import wrap
from mytorch.autograd._apply import apply
from mytorch.ops import derivative, selection

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from mytorch._core.types import Array
    from mytorch.autograd._past import Past

    Formula: TypeAlias = Callable[[Past, Any], Any]


def diagonal(past: Past, grad: Any) -> Any:
    """Return the gradients by the op's own rule, where it multiplies by factors that inputs do not change.

    Args:
        past: what the op left behind.
        grad: the gradient of its output, a tensor.
    """

    def rule(position: int) -> Callable[[Array], Array]:
        def multiply(array: Array) -> Array:
            found = past.op.backward(past.saved, array)[position]
            return np.asarray(found() if callable(found) else found)

        return multiply

    def entry(position: int) -> Callable[[], Any]:
        return lambda: past.watch(apply(derivative.Diagonal, grad, rule=rule(position)))

    return [entry(position) for position in range(past.inputs)]


def restored(grad: Any, shape: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    """Return the gradient of a reduction with the reduced dimensions put back, of size 1.

    Args:
        grad: the gradient of its output.
        shape: of its input.
        axis: what it reduced.
    """
    return grad.reshape([1 if i in axis else n for i, n in enumerate(shape)])


def where(condition: Array, a: Any, b: Any) -> Any:
    """Return a tensor that has a constant where a condition holds.

    Args:
        condition: of the tensor's shape.
        a: the constant, a number.
        b: the tensor.
    """
    constant = wrap(np.asarray(a, b.array.dtype))
    return apply(selection.Where, wrap(condition), constant, b)
