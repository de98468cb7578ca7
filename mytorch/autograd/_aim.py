"""Restricting a backward walk to chosen tensors: which nodes lead to them, and the gradients caught there.

Called by the engine for `autograd.grad` and for `backward(inputs=…)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mytorch.autograd._accumulation import notify
from mytorch.autograd.graph import Node

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mytorch._core.base import TensorBase
    from mytorch._core.types import Array


class Aim(NamedTuple):
    """Where a walk goes that does not go everywhere.

    Attributes:
        nodes: those that lead to a wanted tensor; no other is evaluated or freed.
        made: the nodes that made a wanted tensor.
        leaves: the wanted tensors that no op made.
        caught: filled by the walk: the gradients of the outputs of `made`.
    """

    nodes: set[Node]
    made: set[Node]
    leaves: set[TensorBase]
    caught: dict[Node, list[Array | None]]


def leading_to(roots: Iterable[Node], targets: Iterable[Node | TensorBase]) -> set[Node]:
    """Return the nodes through which a gradient passes on its way from the roots to a target."""
    consumers: dict[Node | TensorBase, list[Node]] = {}
    seen = set(roots)
    stack = list(seen)
    while stack:
        node = stack.pop()
        for parent in node.parents:
            if parent is not None:
                consumers.setdefault(parent, []).append(node)
                if type(parent) is Node and parent not in seen:
                    seen.add(parent)
                    stack.append(parent)
    found: set[Node] = set()
    reached = list(targets)
    while reached:
        for node in consumers.pop(reached.pop(), ()):
            if node not in found:
                found.add(node)
                reached.append(node)
    return found


def catch(node: Node, arrived: list[Array | None] | None, aim: Aim) -> bool:
    """Keep what arrived at a node that made a wanted tensor; return whether the walk ends here."""
    ends = node not in aim.nodes
    if arrived is not None and node in aim.made:
        # As in torch, the hooks are called here only if the walk ends here.
        if ends and node.watches is not None:
            notify(node, arrived)
        aim.caught[node] = list(arrived)
    return ends
