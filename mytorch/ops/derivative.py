"""Gradients as ops, for `create_graph`: those that are linear in the gradient that they are computed from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op, Part

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch._core.types import Array, Gradients


class Diagonal(Op):
    """A gradient that multiplies each element by a factor that has no derivative of its own, as of relu.

    Such a map is its own transpose, so the gradient of the gradient is the same map.
    """

    uses = ()

    @staticmethod
    def forward(grad: Array, rule: Callable[[Array], Array]) -> tuple[Array, Any]:
        return rule(grad), rule

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (saved(grad),)


class Put(Op):
    """Zeros, to which elements are added at an index: the gradient of taking elements out."""

    uses = ()

    @staticmethod
    def forward(grad: Array, part: Part) -> tuple[Array, Any]:
        whole = part.whole()
        Part(part.shape, part.index, grad, repeats=part.repeats).add_to(whole)
        return np.asarray(whole), part

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad[saved.index],)
