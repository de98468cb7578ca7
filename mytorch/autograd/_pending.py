"""The gradients that wait in a backward walk, until all of their tensor's or node's have arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Part

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.base import TensorBase
    from mytorch._core.types import Array
    from mytorch.autograd.graph import Node


class Pending:
    """The gradients that have arrived so far, by node or leaf.

    A gradient may be handed to several inputs as one array, or be a view of another; so the first one is only
    kept, the first sum is a new array, and only what is known to be this object's own is added to in place.

    Attributes:
        leaves: the gradient of each leaf, as the only item of a list that alone holds it.
    """

    __slots__ = ("_grads", "_owned", "leaves")

    def __init__(self) -> None:
        self._grads: dict[Node, list[Array | None]] = {}
        self._owned: set[int] = set()
        self.leaves: dict[TensorBase, list[Any]] = {}

    def add_to_leaf(self, leaf: TensorBase, grad: Array | Part) -> None:
        """Add a gradient that has arrived at a leaf."""
        slots = self.leaves.get(leaf)
        if slots is None:
            slots = self.leaves[leaf] = [None]
        self._add(slots, 0, grad)

    def take_leaf(self, leaf: TensorBase) -> list[Any] | None:
        """Return a leaf's gradient as the only item of a list, and forget it; None if there is none."""
        holder = self.leaves.pop(leaf, None)
        if holder is not None:
            self._owned.discard(id(holder[0]))
        return holder

    def add(self, target: Node, slot: int, count: int, grad: Array | Part) -> None:
        """Add a gradient that has arrived at one of the `count` outputs of a node."""
        slots = self._grads.get(target)
        if slots is None:
            slots = self._grads[target] = [None] * count
        self._add(slots, slot, grad)

    def _add(self, slots: list[Any], slot: int, grad: Array | Part) -> None:
        before = slots[slot]
        if before is None and type(grad) is np.ndarray:
            slots[slot] = grad
        elif isinstance(grad, Part):
            if before is None or id(before) not in self._owned:
                before = slots[slot] = grad.whole(before)
                self._owned.add(id(before))
            grad.add_to(before)
        elif before is None:
            slots[slot] = grad
        elif id(before) in self._owned:
            np.add(before, grad, out=before)
        else:
            total = slots[slot] = np.asarray(before + grad)
            self._owned.add(id(total))

    def take(self, target: Node) -> list[Array | None] | None:
        """Return the gradients of a node's outputs, and forget them; None if none has arrived."""
        slots = self._grads.pop(target, None)
        if slots is not None and self._owned:
            # An id may be used again once its array is gone.
            for grad in slots:
                self._owned.discard(id(grad))
        return slots
