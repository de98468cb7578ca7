"""The methods that give a tensor another shape in place: the tensor becomes a view of its own memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.base import wrap
from mytorch._tensor.writing import is_recorded
from mytorch.autograd._views import rebase, require_changeable, stand_in
from mytorch.autograd.graph import counter_of
from mytorch.functions._check import array_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch._tensor import Tensor


def of(function: Callable[..., Tensor]) -> Callable[..., Any]:
    """Return the method by which a tensor takes the shape of a function's result, which is a view of it."""

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return reshape_by(self, function, *args, **kwargs)

    method.__wrapped__ = function  # type: ignore[attr-defined]  # where `inspect` finds the parameters
    method.__name__ = method.__qualname__ = f"{function.__name__}_"
    method.__doc__ = (
        f"Do `{function.__name__}` in place, with the same arguments; other views keep their shapes.\n\n"
        "Returns:\n    The tensor itself.\n\n"
        "Raises:\n    RuntimeError: the tensor is a leaf that requires gradients, or a view of one.\n"
    )
    return method


def reshape_by(target: Tensor, function: Callable[..., Tensor], *args: Any, **kwargs: Any) -> Tensor:
    """Give a tensor the shape and the strides of a view of it.

    Args:
        target: the tensor that is changed.
        function: gets the tensor, then the rest, and returns the view.
        *args: further arguments.
        **kwargs: further arguments by name.

    Returns:
        The tensor itself, with the history of the view.

    Raises:
        RuntimeError: the change cannot be recorded.
    """
    array = array_of(function.__name__, target)
    if not is_recorded(target):
        target.array = function(wrap(array), *args, **kwargs).array
        counter_of(target).value += 1
        return target
    require_changeable(target)
    view = function(stand_in(target, copy=False), *args, **kwargs)
    target.array = view.array
    counter_of(target).value += 1
    rebase(target, view)
    return target
