"""Hooks that are called with a leaf once its `grad` has been added up, in the midst of a backward walk.

The engine counts how often the walk still reaches such a leaf, and completes it as soon as nothing more can
arrive: what the hook frees is free while the rest is walked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from mytorch._core.base import TensorBase
from mytorch._core.hooks import register as register_in
from mytorch._core.typename import typename
from mytorch.autograd.grad_mode import set_grad_enabled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mytorch._core.hooks import RemovableHandle
    from mytorch._core.types import PostHook
    from mytorch.autograd._aim import Aim
    from mytorch.autograd.graph import Node

# The tensors that ever had such a hook, by their ids: while there are none, nothing is looked up.
_HOOKED: WeakValueDictionary[int, TensorBase] = WeakValueDictionary()


def register(tensor: TensorBase, hook: PostHook) -> RemovableHandle:
    """Have a function called with a leaf whenever backward has added to its `grad`.

    Args:
        tensor: a leaf that requires gradients.
        hook: see `Tensor.register_post_accumulate_grad_hook`.

    Returns:
        The handle by which it is taken off.

    Raises:
        RuntimeError: the tensor does not require gradients, or is not a leaf.
    """
    if not tensor.tracked:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if tensor.node is not None:
        raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
    if id(tensor) not in _HOOKED:
        tensor.post_hooks = {}
        _HOOKED[id(tensor)] = tensor
    return register_in(tensor.post_hooks, hook)


def any_hooked() -> bool:
    """Whether any tensor that is alive ever had such a hook."""
    return bool(_HOOKED)


def uses_of_hooked(nodes: Iterable[Node], aim: Aim | None) -> dict[TensorBase, int] | None:
    """Count how often nodes use each leaf that has such hooks; return None if no leaf has any.

    Args:
        nodes: all that a walk goes through.
        aim: where it goes; what it finds at chosen tensors is not added to their `grad` by the walk.
    """
    if aim is not None or not _HOOKED:
        return None
    counts: dict[TensorBase, int] = {leaf: 0 for leaf in _HOOKED.values() if leaf.post_hooks}
    if not counts:
        return None
    for node in nodes:
        for parent in node.parents:
            if parent in counts:
                counts[parent] += 1
    return counts


def call(tensor: TensorBase, *, recording: bool = False) -> None:
    """Call a leaf's hooks, after a gradient was added to its `grad`.

    Args:
        tensor: a leaf.
        recording: whether what the hooks do is recorded, as where the gradients have histories.

    Raises:
        TypeError: a hook returned something other than None or the tensor.
        RuntimeError: it returned another tensor.
    """
    if id(tensor) not in _HOOKED:
        return
    with set_grad_enabled(recording):
        for hook in tuple(tensor.post_hooks.values()):
            returned = hook(tensor)  # type: ignore[arg-type]  # every TensorBase is a Tensor
            if returned is not None and returned is not tensor:
                # torch's classes and texts.
                if not isinstance(returned, TensorBase):
                    raise TypeError(f"expected Variable, but hook returned '{typename(returned)}'")
                raise RuntimeError("Tensor post accumulate grad hooks should return None.")
