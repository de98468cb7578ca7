"""Past: what a recorded op left behind, as tensors that have their histories again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.base import TensorBase, wrap
from mytorch._core.dtypes import from_numpy_dtype
from mytorch.autograd.graph import Node
from mytorch.ops.op import OUT, Op

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array
    from mytorch._tensor import Tensor
    from mytorch.autograd.graph import Counter


class Past:
    """A node of the graph, for a formula that computes its gradients with tensors.

    A node keeps arrays and where they came from; a tensor of both is as good as the one that it was.

    Args:
        node: the recorded op.

    Attributes:
        op: the op.
        saved: what its forward saved.
        inputs: how many inputs it had.
    """

    __slots__ = ("_node", "inputs", "op", "saved")

    def __init__(self, node: Node) -> None:
        self._node = node
        self.op: type[Op] = node.op
        self.saved = node.saved
        self.inputs = len(node.parents)

    def has(self, position: int) -> bool:
        """Return whether an input has a history or is a leaf that requires gradients."""
        return self._node.parents[position] is not None

    def input(self, position: int, value: Any) -> Any:
        """Return an input as a tensor with its history.

        Args:
            position: which input.
            value: what forward saved of it, perhaps in another dtype; a Python scalar is returned as it is.
        """
        if not hasattr(value, "dtype"):
            return value
        parent = self._node.parents[position]
        if isinstance(parent, TensorBase):
            found: Any = parent
        else:
            own = (
                value
                if parent is None
                else value.astype(parent.dtypes[self._node.slots[position]], copy=False)
            )
            found = wrap(own)
            found.counter = self._counter(position)
            if parent is not None:
                found.node, found.output, found.tracked = parent, self._node.slots[position], True
        return found if found.array.dtype == value.dtype else found.to(from_numpy_dtype(value.dtype))

    def output(self, value: Array, slot: int = 0) -> Tensor:
        """Return an output as a tensor with its history.

        Args:
            value: what forward saved of it.
            slot: which output.
        """
        found = wrap(value)
        found.counter = self._counter(OUT)
        found.node, found.output, found.tracked = self._node, slot, True
        return found

    def made_by(self, op: type[Op], saved: Any, value: Array) -> Tensor:
        """Return what another op made of the same inputs: one that needs nothing of them for its gradient.

        Args:
            op: the op.
            saved: what its forward would have saved.
            value: its output.
        """
        found = wrap(value)
        node = Node(op, saved, (), (found,), single=True)
        node.parents, node.slots = self._node.parents, self._node.slots
        found.node, found.tracked = node, True
        return found

    def watch(self, result: Tensor) -> Tensor:
        """Let a result depend on what the op's gradient does, so that changing that in place is an error."""
        if result.node is not None:
            result.node.watched = self._node.watched
        return result

    def _counter(self, use: int) -> Counter | None:
        for position, counter, _ in self._node.watched or ():
            if position == use:
                return counter
        return None
