"""Tensors that share memory: a base and its views, and their histories after a change in place.

`apply` registers each view here; the in-place methods check and rebase histories here.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import wrap
from mytorch._core.state import state
from mytorch.autograd._accumulation import retain, retains
from mytorch.autograd.graph import Node, counter_of
from mytorch.ops.memory import AsStrided, CopySlices

if TYPE_CHECKING:
    from mytorch._core.base import TensorBase
    from mytorch._tensor import Tensor

_NO_GRAD_VIEW = (
    "A view was created in no_grad mode and is being modified inplace with grad mode enabled. Make the view "
    "and modify it either both inside or both outside of the no_grad block."
)


class Family:
    """A tensor and the views that ops made of it.

    None is kept alive from here; but every view keeps its base, whose history it may need.

    Attributes:
        base: the tensor that is not a view.
        views: its views, and views of those.
    """

    __slots__ = ("_limit", "base", "views")

    def __init__(self, base: TensorBase) -> None:
        self.base = weakref.ref(base)
        self.views: list[weakref.ref[TensorBase]] = []
        self._limit = 64

    def add(self, view: TensorBase) -> None:
        """Remember a view, and at times forget those that are gone: a loop may make any number."""
        self.views.append(weakref.ref(view))
        if len(self.views) > self._limit:
            self.views = [each for each in self.views if each() is not None]
            self._limit = 64 + 2 * len(self.views)

    def living(self) -> list[TensorBase]:
        """Return the views that still exist."""
        return [view for each in self.views if (view := each()) is not None]


def join(source: TensorBase, view: TensorBase) -> None:
    """Let a view share its source's counter and family.

    Args:
        source: what an op made the view of.
        view: the op's output.
    """
    counter = view.counter = counter_of(source)
    if counter.family is None:
        counter.family = Family(source)
        view.base = source
    else:
        view.base = counter.family.base()
    # torch refuses to record changes through a view that was made while nothing was recorded; so does
    # `require_changeable`, by not finding it here. Such a view of a tensor that requires gradients requires
    # them too, as a leaf of its own.
    if state.enabled:
        counter.family.add(view)
    elif view.base is not None and view.base.tracked:
        view.tracked = True


def require_changeable(target: TensorBase) -> None:
    """Refuse a change in place that would have to be recorded and cannot be.

    Args:
        target: the tensor that is about to be changed.

    Raises:
        RuntimeError: a leaf that requires gradients, or a view of one, or a view made in no_grad mode.
    """
    family = counter_of(target).family
    base = None if family is None else family.base()
    if family is not None and base is not target:
        if not any(view is target for view in family.living()):
            raise RuntimeError(_NO_GRAD_VIEW)
        if base is not None and base.tracked and base.node is None:
            raise RuntimeError(
                "a view of a leaf Variable that requires grad is being used in an in-place operation."
            )
    if target.tracked and target.node is None:
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")


def stand_in(target: TensorBase, *, copy: bool) -> Tensor:
    """Return a tensor with the values and the history that another has before it is changed in place.

    Args:
        target: the tensor that is about to be changed.
        copy: whether to copy the values: needed where an op saves them.

    Returns:
        The other tensor; never a leaf that requires gradients.
    """
    result = wrap(np.array(target.array) if copy else target.array)
    result.node, result.output, result.tracked = target.node, target.output, target.tracked
    return result


def rebase(target: TensorBase, result: TensorBase) -> None:
    """Give a tensor whose elements were overwritten, its base and all their views the history they now have.

    Args:
        target: the tensor that was changed.
        result: the tensor that holds its new elements, of its shape and dtype.

    Source: https://docs.pytorch.org/docs/stable/notes/autograd.html#in-place-operations-with-autograd; torch
        rebuilds the history of a view when it is next used; here this is done immediately.
    """
    family = counter_of(target).family
    base = None if family is None else family.base()
    if base is None or base is target:
        _set_history(target, result.node, result.output, tracked=result.tracked)
    else:
        before = stand_in(base, copy=False)
        _, saved = CopySlices.forward(base.array, result.array, target.array)
        _set_history(base, Node(CopySlices, saved, (before, result), (base,), single=True), 0, tracked=True)
    if family is None or base is None:
        return
    for view in family.living():
        _, saved = AsStrided.forward(base.array, view.array)
        _set_history(view, Node(AsStrided, saved, (base,), (view,), single=True), 0, tracked=base.tracked)


def _set_history(tensor: TensorBase, node: Node | None, output_nr: int, *, tracked: bool) -> None:
    keeps = retains(tensor)
    if keeps and tensor.node is not None and tensor.node.watches is not None:
        # The gradient that is kept is that of the values after the change.
        tensor.node.watches[tensor.output].retained = None
    tensor.node, tensor.output, tensor.tracked = (node if tracked else None), output_nr, tracked
    if keeps:
        retain(tensor)
