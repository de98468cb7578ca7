"""Variable: what programs written before torch 0.4 wrap their tensors in."""

from __future__ import annotations

import warnings
from operator import index
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase, wrap
from mytorch._core.dtypes import get_default_dtype
from mytorch._core.typename import typename

if TYPE_CHECKING:
    from mytorch._tensor import Tensor


class _VariableMeta(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, TensorBase)


class Variable(metaclass=_VariableMeta):
    """Return a tensor on the same memory without history; every tensor counts as an instance.

    Tensors are recorded themselves since torch 0.4: new programs write `x.detach()`, or
    `x.requires_grad_()`, instead.

    Args:
        data: the tensor; None for one without elements.
        requires_grad: whether operations on the result are recorded.
        volatile: without effect but for a warning; new programs use `no_grad`.

    Raises:
        TypeError: `data` is not a Tensor, or a flag is not a bool.
        ValueError: `volatile` and `requires_grad` are both set.
        RuntimeError: `requires_grad` is set, and `data` is not floating.

    Source: https://docs.pytorch.org/docs/stable/autograd.html#variable-deprecated

    Examples:
        >>> x = mytorch.autograd.Variable(mytorch.ones(2), requires_grad=True)
        >>> x
        tensor([1., 1.], requires_grad=True)
        >>> isinstance(x, mytorch.autograd.Variable), type(x)
        (True, <class 'mytorch.Tensor'>)
    """

    def __new__(  # type: ignore[misc]  # noqa: D102 - the class says it; a Tensor is returned, as in torch
        cls, data: Tensor | None = None, requires_grad: bool = False, volatile: bool = False
    ) -> Tensor:
        recorded, passive = bool(index(requires_grad)), bool(index(volatile))
        if passive:
            warnings.warn(
                "volatile was removed and now has no effect. Use `with mytorch.no_grad():` instead.",
                UserWarning,
                stacklevel=2,
            )
            if recorded:
                raise ValueError("Variable can't be volatile and require_grad at the same time!")
        if data is None:
            data = wrap(np.empty(0, get_default_dtype().numpy))
        if not isinstance(data, TensorBase):
            raise TypeError(f"Variable data has to be a tensor, but got {typename(data)}")
        if recorded and not data.is_floating_point():
            raise RuntimeError(
                "Only Tensors of floating point and complex dtype can require gradients, "
                f"but data has {data.dtype}"
            )
        return data.detach().requires_grad_(recorded)
