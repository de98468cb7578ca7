"""Back-propagation: an iterative walk over the recorded graph, outputs before inputs."""

from __future__ import annotations

import warnings
import weakref
from typing import TYPE_CHECKING

import numpy as np

from mytorch import _tensor
from mytorch.autograd.graph import Node, counter_of
from mytorch.ops.op import GradientError, Op

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from mytorch._tensor import Tensor
    from mytorch._types import Array

_SECOND_TIME = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have "
    "already been freed). Saved intermediate values of the graph are freed when you call .backward() or "
    "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or "
    "if you need to access saved tensors after calling backward."
)


class _Pending:
    """The gradients that have arrived so far, by node or leaf.

    A gradient may be handed to several inputs as one array, or be a view of another; so the first one is only
    kept, the first sum is a new array, and only what is known to be this object's own is added to in place.
    """

    __slots__ = ("_grads", "_owned")

    def __init__(self) -> None:
        self._grads: dict[Node | Tensor, list[Array | None]] = {}
        self._owned: set[int] = set()

    def add(self, target: Node | Tensor, slot: int, count: int, grad: Array) -> None:
        slots = self._grads.get(target)
        if slots is None:
            slots = self._grads[target] = [None] * count
        before = slots[slot]
        if before is None:
            slots[slot] = grad
        elif id(before) in self._owned:
            np.add(before, grad, out=before)
        else:
            total = slots[slot] = np.asarray(before + grad)
            self._owned.add(id(total))

    def take(self, target: Node | Tensor) -> list[Array | None] | None:
        slots = self._grads.pop(target, None)
        if slots is not None and self._owned:
            # An id may be used again once its array is gone.
            self._owned.difference_update([id(grad) for grad in slots])
        return slots


def backward(roots: Sequence[Tensor], gradients: Sequence[Tensor | None], *, retain_graph: bool) -> None:
    """Add to every leaf's grad the derivative of the roots, each weighted with its gradient, in one walk.

    Args:
        roots: of any shapes.
        gradients: one cotangent a root, of its shape; None stands for 1 where a root has one element.
        retain_graph: whether the graph can be walked again.

    Raises:
        RuntimeError: a root has no history, is no scalar and got no cotangent, or got one of another shape;
            the graph was freed before; or a value that a gradient depends on was changed in place.
        TypeError: a gradient is no Tensor.
    """
    pending = _Pending()
    leaves: dict[Tensor, None] = {}
    nodes: dict[Node, None] = {}
    # torch gives inf and nan in silence, and one such block for the whole walk costs next to nothing.
    with np.errstate(all="ignore"):
        for position, (root, gradient) in enumerate(zip(roots, gradients, strict=True)):
            grad = _cotangent(root, gradient, position)
            node = root.grad_fn
            if node is None:
                pending.add(root, 0, 1, grad)
                leaves[root] = None
            else:
                pending.add(node, root.output_nr, len(node.shapes), grad)
                nodes[node] = None
        _walk(nodes, pending, leaves, retain_graph=retain_graph)
        for leaf in leaves:
            (total,) = pending.take(leaf) or [None]
            if total is not None:
                _accumulate(leaf, total)


def _cotangent(root: Tensor, gradient: Tensor | None, position: int) -> Array:
    if not root.tracked:
        raise RuntimeError(f"element {position} of tensors does not require grad and does not have a grad_fn")
    array = root.array
    if gradient is None:
        if array.size != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        return np.ones_like(array)
    if not isinstance(gradient, _tensor.Tensor):
        raise TypeError(f"gradients can be either Tensors or None, but got {type(gradient).__name__}")
    if gradient.array.shape != array.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{position}] has a shape of {gradient.shape} "
            f"and output[{position}] has a shape of {root.shape}."
        )
    return gradient.array.astype(array.dtype, copy=False)


def _walk(
    roots: Iterable[Node], pending: _Pending, leaves: dict[Tensor, None], *, retain_graph: bool
) -> None:
    waiting = _count_consumers(roots)
    # A root that another root was computed from waits for it.
    ready = [root for root in roots if not waiting[root]]
    while ready:
        node = ready.pop()
        grads = _gradients(node, pending.take(node), retain_graph=retain_graph)
        for parent, slot, grad in zip(node.parents, node.slots, grads, strict=True):
            if parent is None:
                continue
            if type(parent) is Node:
                if grad is not None:
                    array = _fit(grad, parent.shapes[slot], parent.dtypes[slot])
                    pending.add(parent, slot, len(parent.shapes), array)
                waiting[parent] -= 1
                if not waiting[parent]:
                    ready.append(parent)
            elif grad is not None:
                leaf: Tensor = parent  # type: ignore[assignment]  # what is no node is a leaf
                pending.add(leaf, 0, 1, _fit(grad, leaf.array.shape, leaf.array.dtype))
                leaves[leaf] = None


def _count_consumers(roots: Iterable[Node]) -> dict[Node, int]:
    """How often each node's outputs were used by the nodes that will be walked."""
    counts = dict.fromkeys(roots, 0)
    stack = list(counts)
    while stack:
        for parent in stack.pop().parents:
            if type(parent) is Node:
                if parent in counts:
                    counts[parent] += 1
                else:
                    counts[parent] = 1
                    stack.append(parent)
    return counts


def _gradients(node: Node, arrived: list[Array | None] | None, *, retain_graph: bool) -> Any:
    if arrived is None:
        return (None,) * len(node.parents)
    if node.retained is not None:
        _keep(node, arrived)
    if node.freed:
        raise RuntimeError(_SECOND_TIME)
    if node.watched is not None:
        _check_unchanged(node)
    if node.op.backward is Op.backward:
        raise GradientError(f"{node.op.__name__} has no backward")
    grads = node.op.backward(node.saved, arrived[0] if node.single else tuple(arrived))
    # torch frees saved tensors only: a graph of views and sums can be walked again.
    if not retain_graph and node.watched is not None:
        node.saved = None
        node.freed = True
    return grads


def _fit(grad: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Compute a gradient that is given as a function, undo broadcasting, and give it the input's dtype."""
    if callable(grad):
        grad = grad()
    if grad.shape != shape:
        lead = grad.ndim - len(shape)
        kept = tuple([lead + i for i, n in enumerate(shape) if n == 1 and grad.shape[lead + i] != 1])
        grad = grad.sum(axis=(*range(lead), *kept)).reshape(shape)
    fitted: Array = grad if grad.dtype == dtype else grad.astype(dtype)
    return fitted


def _check_unchanged(node: Node) -> None:
    for use, counter, value in node.watched or ():
        if counter.value != value:
            what = "its output" if use < 0 else f"its input {use}"
            raise RuntimeError(
                "one of the variables needed for gradient computation has been modified by an "
                "inplace operation: "
                f"{node.name()} needs {what}, which is at version {counter.value}; expected version "
                f"{value} instead."
            )


def _keep(node: Node, arrived: list[Array | None]) -> None:
    for slot, reference in (node.retained or {}).items():
        tensor, grad = reference(), arrived[slot]
        if tensor is not None and grad is not None:
            _accumulate(tensor, grad)


def _accumulate(tensor: Tensor, grad: Array) -> None:
    if tensor.accumulated is None:
        # A copy: the array may be another leaf's gradient too, or a view, or the caller's cotangent.
        tensor.accumulated = _tensor.wrap(np.array(grad))
    else:
        present = tensor.accumulated
        counter_of(present).value += 1
        np.add(present.array, grad, out=present.array)


def warn_of_missing_grad() -> None:
    """Warn that a non-leaf tensor has no gradient, as torch does."""
    warnings.warn(
        "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad "
        "attribute won't be "
        "populated during autograd.backward(). If you indeed want the .grad field to be populated "
        "for a non-leaf "
        "Tensor, use .retain_grad() on the non-leaf Tensor.",
        UserWarning,
        stacklevel=3,
    )


def check_grad(tensor: Tensor, grad: Any) -> None:
    """Refuse what cannot be a tensor's gradient.

    Args:
        tensor: whose gradient it shall be.
        grad: what was assigned.

    Raises:
        TypeError: no Tensor.
        RuntimeError: another shape or dtype.
    """
    if not isinstance(grad, _tensor.Tensor):
        raise TypeError(
            f"assigned grad expected to be a Tensor or None but got grad of type {type(grad).__name__}"
        )
    if grad.array.shape != tensor.array.shape:
        raise RuntimeError(
            f"assigned grad has data of a different size: expected {list(tensor.shape)}, got "
            f"{list(grad.shape)}"
        )
    if grad.array.dtype != tensor.array.dtype:
        raise RuntimeError(
            f"assigned grad has data of a different type: expected {tensor.dtype}, got {grad.dtype}"
        )


def retain(tensor: Tensor) -> None:
    """Let backward fill the gradient of a tensor that is no leaf.

    Args:
        tensor: any shape.

    Raises:
        RuntimeError: the tensor does not require gradients.
    """
    if not tensor.tracked:
        raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
    node = tensor.grad_fn
    if node is not None:
        if node.retained is None:
            node.retained = {}
        node.retained[tensor.output_nr] = weakref.ref(tensor)
