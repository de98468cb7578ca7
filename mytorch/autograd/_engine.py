"""Back-propagation: an iterative walk over the recorded graph, outputs before inputs.

The walk handles arrays only. `_gradients` takes the arrays out of the tensors that the user passed, and
`_accumulation` makes a tensor of a gradient once: where it is stored as the `grad` of a leaf, or where a hook
has to see it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.promotion import converted
from mytorch.autograd._accumulation import accumulate, leaf_hooks, notify, run_hooks
from mytorch.autograd._aim import Aim, catch, leading_to
from mytorch.autograd._pending import Pending
from mytorch.autograd._post_hooks import any_hooked, call, uses_of_hooked
from mytorch.autograd.anomaly_mode import checked, is_anomaly_enabled
from mytorch.autograd.graph import SAVED, Node
from mytorch.ops.op import OUT, GradientError, Op, Part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from mytorch._core.base import TensorBase
    from mytorch._core.types import Array

SECOND_TIME = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have "
    "already been freed). Saved intermediate values of the graph are freed when you call .backward() or "
    "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or "
    "if you need to access saved tensors after calling backward."
)


def backward(roots: Sequence[TensorBase], cotangents: Sequence[Array], *, retain_graph: bool) -> None:
    """Add to every leaf's grad the derivative of the roots, each weighted with its cotangent, in one walk.

    Args:
        roots: of any shapes; they require gradients.
        cotangents: one per root, of its shape and dtype.
        retain_graph: whether the graph can be walked again.

    Raises:
        RuntimeError: the graph was freed before, or a value that a gradient depends on was changed in place.
    """
    # torch gives inf and nan in silence, and one such block for the whole walk costs next to nothing.
    with np.errstate(all="ignore"):
        leaves = _start(roots, cotangents, None, retain_graph=retain_graph)
        complete = _complete if any_hooked() else _store
        for leaf, holder in leaves.items():
            complete(leaf, holder)


def _store(leaf: TensorBase, holder: list[Any]) -> None:
    """Add to a leaf's grad all that has arrived for it, the only item of a list."""
    if hooks := leaf_hooks(leaf):
        holder[0] = run_hooks(hooks, holder[0])
    accumulate(leaf, holder)


def _complete(leaf: TensorBase, holder: list[Any]) -> None:
    """Store what has arrived for a leaf, and call the hooks that wait for its grad."""
    _store(leaf, holder)
    call(leaf)


def _complete_after(node: Node, pending: Pending, uses: dict[TensorBase, int]) -> None:
    """Complete the leaves that only this node has still had a gradient for."""
    for parent in node.parents:
        if parent in uses:
            leaf: TensorBase = parent
            uses[leaf] -= 1
            if not uses[leaf]:
                holder = pending.take_leaf(leaf)
                if holder is None:
                    # As in torch, the hooks of a leaf are called although no gradient has reached it.
                    call(leaf)
                else:
                    _complete(leaf, holder)


def derivatives(
    roots: Sequence[TensorBase],
    cotangents: Sequence[Array],
    inputs: Sequence[TensorBase],
    *,
    retain_graph: bool,
) -> list[Array | None]:
    """Return the derivative of the roots, each weighted with its cotangent, by each of some tensors.

    Only what lies between them is walked, and no `grad` changes but of tensors that retain theirs.

    Args:
        roots: of any shapes; they require gradients.
        cotangents: one per root, of its shape and dtype.
        inputs: leaves and results of recorded ops.
        retain_graph: whether the graph can be walked again.

    Returns:
        One array per input, which may be the same for several; None where the roots do not depend on it.

    Raises:
        RuntimeError: as for `backward`.
    """
    leaves = {x for x in inputs if x.node is None}
    made = {x.node for x in inputs if x.node is not None}
    started = {root.node for root in roots if root.node is not None}
    aim = Aim(leading_to(started, [*leaves, *made]), made, leaves, {})
    with np.errstate(all="ignore"):
        arrived = _start(roots, cotangents, aim, retain_graph=retain_graph)
        totals = {leaf: run_hooks(leaf_hooks(leaf), holder[0]) for leaf, holder in arrived.items()}
    nothing: list[Array | None] = []
    found: list[Array | None] = []
    for x in inputs:
        if x.node is None:
            found.append(totals.get(x))
        else:
            caught = aim.caught.get(x.node, nothing)
            found.append(caught[x.output] if caught else None)
    return found


def _start(
    roots: Sequence[TensorBase], cotangents: Sequence[Array], aim: Aim | None, *, retain_graph: bool
) -> dict[TensorBase, list[Any]]:
    """Walk; return the gradient of each leaf, as the only item of a list that alone holds it."""
    pending = Pending()
    nodes: dict[Node, None] = {}
    for root, cotangent in zip(roots, cotangents, strict=True):
        node = root.node
        if node is not None:
            pending.add(node, root.output, len(node.shapes), cotangent)
            nodes[node] = None
        elif aim is None or root in aim.leaves:
            pending.add_to_leaf(root, cotangent)
    _walk(nodes, pending, aim, retain_graph=retain_graph)
    return pending.leaves


def _walk(
    roots: Iterable[Node],
    pending: Pending,
    aim: Aim | None,
    *,
    retain_graph: bool,
) -> None:
    # A gradient that a node's op gives for one of its inputs goes one of three ways from here:
    #   1. nowhere: the input needs none (parent None), or nothing wanted lies behind it (not in `waiting`);
    #   2. to the node that made the input: it waits in `pending` until all consumers of that node are walked;
    #   3. to a leaf: it waits in `pending` until the walk is over, and the caller stores it. A leaf whose
    #      hooks wait for its `grad` is completed earlier: as soon as all nodes that use it are walked.
    # A node is ready when nothing more can arrive. If it made a wanted tensor, `catch` keeps what arrived. If
    # nothing wanted lies behind it, it ends here; or else `_gradients` shows what arrived to the hooks, lets
    # tensors that retain their gradient store it, and asks the op for the gradients of the inputs.
    waiting = count_consumers(roots, aim)
    # A root that another root was computed from waits for it.
    ready = [root for root in roots if waiting.get(root) == 0]
    uses = uses_of_hooked(waiting, aim)
    gradients = _rule()
    while ready:
        node = ready.pop()
        arrived = pending.take(node)
        if aim is not None and catch(node, arrived, aim):
            continue
        grads = gradients(node, arrived, retain_graph=retain_graph)
        for parent, slot, grad in zip(node.parents, node.slots, grads, strict=True):
            if type(parent) is Node:
                left = waiting.get(parent)
                if left is None:
                    continue
                if grad is not None:
                    array = _fit(grad, parent.shapes[slot], parent.dtypes[slot])
                    pending.add(parent, slot, len(parent.shapes), array)
                waiting[parent] = left - 1
                if left == 1:
                    ready.append(parent)
            elif parent is not None and grad is not None and (aim is None or parent in aim.leaves):
                leaf: TensorBase = parent  # type: ignore[assignment]  # not a Node, so a leaf
                pending.add_to_leaf(leaf, _fit(grad, leaf.array.shape, leaf.array.dtype))
        if uses is not None:
            # Only `pending` holds them then: a gradient is not copied, and it is gone once a hook drops it.
            grads = grad = None
            _complete_after(node, pending, uses)


def count_consumers(roots: Iterable[Node], aim: Aim | None) -> dict[Node, int]:
    """Return how often each node's outputs were used by the nodes that will be walked.

    Args:
        roots: where the walk starts.
        aim: where it goes, None for everywhere.
    """
    counts = {root: 0 for root in roots if aim is None or root in aim.nodes or root in aim.made}
    stack = list(counts)
    while stack:
        node = stack.pop()
        if aim is not None and node not in aim.nodes:
            continue
        for parent in node.parents:
            if type(parent) is Node:
                if parent in counts:
                    counts[parent] += 1
                elif aim is None or parent in aim.nodes or parent in aim.made:
                    counts[parent] = 1
                    stack.append(parent)
    return counts


def _rule() -> Callable[..., Any]:
    """Return what computes a node's gradients: looked at, if anomaly detection is on."""
    return _checked_gradients if is_anomaly_enabled() else _gradients


def _checked_gradients(node: Node, arrived: list[Array | None] | None, *, retain_graph: bool) -> list[Any]:
    return checked(node, lambda: _gradients(node, arrived, retain_graph=retain_graph))


def _gradients(node: Node, arrived: list[Array | None] | None, *, retain_graph: bool) -> Any:
    if arrived is None:
        return (None,) * len(node.parents)
    if node.watches is not None:
        notify(node, arrived)
    if node.freed:
        raise RuntimeError(SECOND_TIME)
    if node.watched is not None:
        check_unchanged(node)
    if node.op.backward is Op.backward:
        raise GradientError(f"{node.op.__name__} has no backward")
    given = arrived[0] if node.single else tuple(arrived)
    # torch frees saved tensors only: a graph of views and sums can be walked again.
    last = not retain_graph and (node.watched is not None or node.op.frees)
    if node.op.spends:
        # Even where backward fails half-way, what it may have written into is not used again.
        node.freed = last
        grads = node.op.backward(node.saved, given, last=last)  # type: ignore[call-arg]  # such an op takes it
    else:
        grads = node.op.backward(node.saved, given)
    if last:
        node.saved = None
        node.freed = True
    return grads


def _fit(grad: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array | Part:
    """Compute a gradient that is given as a function, undo broadcasting, and give it the input's dtype."""
    if type(grad) is not np.ndarray:
        if isinstance(grad, Part):
            return grad
        if callable(grad):
            grad = grad()
    if grad.shape != shape:
        lead = grad.ndim - len(shape)
        kept = tuple([lead + i for i, n in enumerate(shape) if n == 1 and grad.shape[lead + i] != 1])
        grad = grad.sum(axis=(*range(lead), *kept))
        if grad.shape != shape:
            grad = grad.reshape(shape)
    return grad if grad.dtype == dtype else converted(grad, dtype)


def check_unchanged(node: Node) -> None:
    """Refuse a node that depends on a value that was changed in place after it was recorded.

    Args:
        node: the node.

    Raises:
        RuntimeError: torch's, with the input or output.
    """
    for use, counter, value in node.watched or ():
        if counter.value != value:
            what = {OUT: "its output", SAVED: "a tensor that it saved"}.get(use, f"its input {use}")
            raise RuntimeError(
                "one of the variables needed for gradient computation has been modified by an inplace "
                f"operation: {node.name()} needs {what}, which is at version {counter.value}; expected "
                f"version {value} instead."
            )
