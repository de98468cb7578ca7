"""Storing gradients: hooks see a gradient that has arrived, and `grad` adds it up.

Called by the engine at the leaves and at nodes with hooks, and by the methods of Tensor.
"""

from __future__ import annotations

import sys
import warnings
import weakref
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase, wrap
from mytorch._core.dtypes import SCALAR_TYPE_NAMES, from_numpy_dtype
from mytorch._core.hooks import RemovableHandle
from mytorch._core.typename import typename
from mytorch.autograd.grad_mode import enable_grad
from mytorch.autograd.graph import Watch, counter_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from mytorch._core.types import Array, Hook
    from mytorch._tensor import Tensor
    from mytorch.autograd.graph import Node


def _references(holder: list[Array]) -> int:
    return sys.getrefcount(holder[0])


# How many there are to an array that only one list holds, as this interpreter counts them.
_ALONE = _references([np.empty(1)])


def own(holder: list[Array]) -> Array:
    """Return an array that nobody else can see: that in a list if only the list holds it, else a copy.

    The gradient that an op gives may be another input's gradient too, a view, an array that the op saved, or
    the caller's cotangent. All of these are seen here: as a second reference, or as the array's base.

    Args:
        holder: one array.
    """
    if type(holder[0]) is np.ndarray and holder[0].base is None and _references(holder) == _ALONE:
        return holder[0]
    return np.array(holder[0])


def accumulate(tensor: TensorBase, holder: list[Array]) -> None:
    """Add a gradient to a tensor's `grad`.

    Args:
        tensor: any shape, floating.
        holder: the gradient, of its shape and dtype; it is kept if nothing but this list holds it.
    """
    if tensor.accumulated is None:
        tensor.accumulated = wrap(own(holder))
    else:
        present = tensor.accumulated
        counter_of(present).value += 1
        np.add(present.array, holder[0], out=present.array)


def store(tensor: TensorBase, grad: Tensor) -> None:
    """Add a gradient with its history to a tensor's `grad`, which is then a new tensor.

    Args:
        tensor: any shape, floating.
        grad: of its shape and dtype.
    """
    before = tensor.accumulated
    with enable_grad():
        tensor.accumulated = grad if before is None else before + grad


def notify(node: Node, arrived: list[Array | None]) -> None:
    """Let the hooks on a node's outputs replace the gradients, then fill the `grad` of those that retain it.

    Args:
        node: whose outputs they are.
        arrived: the gradient of every output, None where there is none; changed in place.
    """
    for slot, watch in (node.watches or {}).items():
        grad = arrived[slot]
        if grad is not None:
            grad = arrived[slot] = run_hooks(watch.hooks, grad)
            tensor = None if watch.retained is None else watch.retained()
            if tensor is not None:
                accumulate(tensor, [grad])


def leaf_hooks(leaf: TensorBase) -> Mapping[int, Hook]:
    """Return the hooks of a tensor that no recorded op made."""
    # Few tensors ever have a hook, so the slot stays unset until the first one.
    return getattr(leaf, "hooks", {})


def run_hooks(hooks: Mapping[int, Hook], grad: Array) -> Array:
    """Return a tensor's gradient after its hooks have seen and replaced it.

    Args:
        hooks: in the order of their calls.
        grad: any shape.

    Returns:
        The gradient, or what the last hook that returned something returned.

    Raises:
        TypeError: a hook returned something other than a Tensor or None.
        RuntimeError: a hook returned another shape or dtype.
    """
    for hook in tuple(hooks.values()):
        returned = hook(wrap(grad))
        if returned is not None:
            checked_return(hook, returned, grad)
            grad = returned.array
    return grad


def checked_return(hook: Hook, returned: Any, grad: Array) -> None:
    """Refuse what a hook cannot put in the place of a gradient.

    Args:
        hook: the hook.
        returned: what it returned.
        grad: the gradient that it was given.

    Raises:
        TypeError: it is not a Tensor.
        RuntimeError: it has another shape or dtype.
    """
    if not isinstance(returned, TensorBase):
        raise TypeError(f"expected Tensor, but hook returned '{typename(returned)}'")
    name = getattr(hook, "__name__", repr(hook))
    if returned.array.shape != grad.shape:
        raise RuntimeError(
            f"hook '{name}' has changed the size of value: "
            f"expected {list(grad.shape)}, got {list(returned.shape)}"
        )
    if returned.array.dtype != grad.dtype:
        was, got = (SCALAR_TYPE_NAMES[from_numpy_dtype(each.dtype)] for each in (grad, returned.array))
        raise RuntimeError(
            f"hook '{name}' has changed the type of value (was mytorch.{was}Tensor got mytorch.{got}Tensor)"
        )


def register_hook(tensor: TensorBase, hook: Hook) -> RemovableHandle:
    """Let a function see, and replace, a tensor's gradient in every backward walk.

    Args:
        tensor: any shape; it must require gradients.
        hook: see `Tensor.register_hook`.

    Returns:
        The handle by which it is taken off.

    Raises:
        RuntimeError: the tensor does not require gradients.
    """
    if not tensor.tracked:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if tensor.node is not None:
        return RemovableHandle(_watch(tensor.node, tensor.output).hooks, hook)
    if not hasattr(tensor, "hooks"):
        tensor.hooks = {}
    return RemovableHandle(tensor.hooks, hook)


def retain(tensor: TensorBase) -> None:
    """Let backward fill the gradient of a tensor that is not a leaf.

    Args:
        tensor: any shape.

    Raises:
        RuntimeError: the tensor does not require gradients.
    """
    if not tensor.tracked:
        raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
    if tensor.node is not None:
        _watch(tensor.node, tensor.output).retained = weakref.ref(tensor)


def retains(tensor: TensorBase) -> bool:
    """Return whether a tensor keeps its gradient although it is not a leaf."""
    node = tensor.node
    if node is None or node.watches is None:
        return False
    watch = node.watches.get(tensor.output)
    return watch is not None and watch.retained is not None


def _watch(node: Node, slot: int) -> Watch:
    if node.watches is None:
        node.watches = {}
    return node.watches.setdefault(slot, Watch())


def warn_of_missing_grad() -> None:
    """Warn that a non-leaf tensor has no gradient, as torch does."""
    warnings.warn(
        "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute "
        "won't be populated during autograd.backward(). If you indeed want the .grad field to be populated "
        "for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor.",
        UserWarning,
        stacklevel=3,
    )


def check_grad(tensor: TensorBase, grad: Any) -> None:
    """Refuse what cannot be a tensor's gradient.

    Args:
        tensor: the tensor that gets the gradient.
        grad: the value that was assigned.

    Raises:
        TypeError: it is not a Tensor.
        RuntimeError: it has another shape or dtype.
    """
    if not isinstance(grad, TensorBase):
        raise TypeError(
            f"assigned grad expected to be a Tensor or None but got grad of type {typename(grad)}"
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
