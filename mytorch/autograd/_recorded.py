"""Back-propagation that is recorded itself (`create_graph=True`): the engine's walk, with tensors for arrays.

The walk is that of `_engine`, whose arrays stay as fast as they are. A node's gradients come from its formula
(`_formulas`) instead of its op's backward.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.base import TensorBase
from mytorch._core.dtypes import from_numpy_dtype
from mytorch.autograd._accumulation import checked_return, leaf_hooks, store
from mytorch.autograd._aim import Aim, leading_to
from mytorch.autograd._engine import SECOND_TIME, check_unchanged, count_consumers
from mytorch.autograd._formulas.table import formula_of
from mytorch.autograd._past import Past
from mytorch.autograd.anomaly_mode import checked, is_anomaly_enabled
from mytorch.autograd.grad_mode import enable_grad
from mytorch.autograd.graph import Node

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    import numpy as np

    from mytorch._core.types import Hook
    from mytorch._tensor import Tensor

    # The gradients that have arrived so far, one per output of a node, or the only one of a leaf.
    Arrived = dict[Node | TensorBase, list[Tensor | None]]


def recorded_derivatives(
    roots: Sequence[TensorBase],
    cotangents: Sequence[Tensor],
    inputs: Sequence[TensorBase] | None,
    *,
    retain_graph: bool,
) -> dict[TensorBase, Tensor]:
    """Return the derivative of the roots, each weighted with its cotangent, as tensors with their histories.

    Args:
        roots: of any shapes; they require gradients.
        cotangents: one per root, of its shape and dtype.
        inputs: leaves and results of recorded ops; None for all leaves.
        retain_graph: whether the graph can be walked again; the gradients' own history needs it.

    Returns:
        The gradients by tensor, without those that the roots do not depend on.

    Raises:
        RuntimeError: the graph was freed before, or a value that a gradient depends on was changed in place.
        GradientError: an op on the way has no formula; the message names it.
    """
    aim = None if inputs is None else _aim(roots, inputs)
    with enable_grad():
        arrived = _start(roots, cotangents, aim, retain_graph=retain_graph)
    if inputs is None:
        return {leaf: grads[0] for leaf, grads in arrived.items() if grads[0] is not None}  # type: ignore[misc]  # only leaves are left
    found: dict[TensorBase, Tensor] = {}
    for x in inputs:
        grads = arrived.get(x if x.node is None else x.node)
        grad = None if grads is None else grads[0 if x.node is None else x.output]
        if grad is not None:
            found[x] = grad
    return found


def _aim(roots: Sequence[TensorBase], inputs: Sequence[TensorBase]) -> Aim:
    leaves = {x for x in inputs if x.node is None}
    made = {x.node for x in inputs if x.node is not None}
    started = {root.node for root in roots if root.node is not None}
    return Aim(leading_to(started, [*leaves, *made]), made, leaves, {})


def _start(
    roots: Sequence[TensorBase], cotangents: Sequence[Tensor], aim: Aim | None, *, retain_graph: bool
) -> Arrived:
    """Walk; return the gradients of the leaves, and of the nodes that made a wanted tensor."""
    pending: Arrived = {}
    nodes: dict[Node, None] = {}
    for root, cotangent in zip(roots, cotangents, strict=True):
        if root.node is not None:
            nodes[root.node] = None
            _add(pending, root.node, root.output, len(root.node.shapes), cotangent)
        elif aim is None or root in aim.leaves:
            _add(pending, root, 0, 1, cotangent)
    waiting = count_consumers(nodes, aim)
    ready = [node for node in nodes if waiting.get(node) == 0]
    kept: Arrived = {}
    gradients = _checked_gradients if is_anomaly_enabled() else _gradients
    while ready:
        node = ready.pop()
        arrived = pending.pop(node, None)
        if aim is not None and _caught(node, arrived, aim, kept):
            continue
        grads = gradients(node, arrived, retain_graph=retain_graph)
        _give(node, grads, pending, waiting, ready, aim)
    for leaf, grads in pending.items():
        if isinstance(leaf, TensorBase) and grads[0] is not None:
            kept[leaf] = [_run_hooks(leaf_hooks(leaf), grads[0])]
    return kept


def _caught(node: Node, arrived: list[Tensor | None] | None, aim: Aim, kept: Arrived) -> bool:
    """Keep what arrived at a node that made a wanted tensor; return whether the walk ends here."""
    ends = node not in aim.nodes
    if arrived is not None and node in aim.made:
        # As in torch, the hooks are called here only if the walk ends here.
        if ends:
            _notify(node, arrived)
        kept[node] = list(arrived)
    return ends


def _give(
    node: Node,
    grads: Sequence[Any],
    pending: Arrived,
    waiting: dict[Node, int],
    ready: list[Node],
    aim: Aim | None,
) -> None:
    """Hand a node's gradients on to those that made its inputs."""
    for parent, slot, grad in zip(node.parents, node.slots, grads, strict=True):
        if isinstance(parent, Node):
            if parent not in waiting:
                continue
            if grad is not None:
                fitted = _fit(grad, parent.shapes[slot], parent.dtypes[slot])
                _add(pending, parent, slot, len(parent.shapes), fitted)
            waiting[parent] -= 1
            if not waiting[parent]:
                ready.append(parent)
        elif parent is not None and grad is not None and (aim is None or parent in aim.leaves):
            _add(pending, parent, 0, 1, _fit(grad, parent.array.shape, parent.array.dtype))


def _add(pending: Arrived, target: Node | TensorBase, slot: int, count: int, grad: Tensor) -> None:
    slots = pending.setdefault(target, [None] * count)
    before = slots[slot]
    slots[slot] = grad if before is None else before + grad


def _checked_gradients(node: Node, arrived: list[Tensor | None] | None, *, retain_graph: bool) -> list[Any]:
    return checked(node, lambda: _gradients(node, arrived, retain_graph=retain_graph))


def _gradients(node: Node, arrived: list[Tensor | None] | None, *, retain_graph: bool) -> Sequence[Any]:
    nothing = (None,) * len(node.parents)
    if arrived is None:
        return nothing
    _notify(node, arrived)
    if node.freed:
        raise RuntimeError(SECOND_TIME)
    check_unchanged(node)
    grads = formula_of(node.op)(Past(node), arrived[0] if node.single else tuple(arrived))
    found = [
        grad() if parent is not None and callable(grad) else grad
        for parent, grad in zip(node.parents, grads, strict=True)
    ]
    if not retain_graph and (node.watched is not None or node.op.frees):
        node.saved = None
        node.freed = True
    return found


def _fit(grad: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Tensor:
    """Undo broadcasting, and give a gradient the input's dtype."""
    if grad.array.shape != shape:
        sizes = grad.array.shape
        lead = len(sizes) - len(shape)
        kept = [lead + i for i, n in enumerate(shape) if n == 1 and sizes[lead + i] != 1]
        axes = (*range(lead), *kept)
        grad = (grad.sum(axes) if axes else grad).reshape(shape)
    return grad if grad.array.dtype == dtype else grad.to(from_numpy_dtype(dtype))  # type: ignore[no-any-return]  # a Tensor


def _notify(node: Node, arrived: list[Tensor | None]) -> None:
    """Let the hooks on a node's outputs replace the gradients, and tensors that retain theirs store them."""
    for slot, watch in (node.watches or {}).items():
        grad = arrived[slot]
        if grad is not None:
            arrived[slot] = grad = _run_hooks(watch.hooks, grad)
            tensor = None if watch.retained is None else watch.retained()
            if tensor is not None:
                store(tensor, grad)


def _run_hooks(hooks: Mapping[int, Hook], grad: Tensor) -> Tensor:
    for hook in tuple(hooks.values()):
        returned = hook(grad)
        if returned is not None:
            checked_return(hook, returned, grad.array)
            grad = returned
    return grad
