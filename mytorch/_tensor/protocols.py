"""Python's protocols for a tensor: conversion to numbers and arrays, iteration, text, copies and pickles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase, wrap
from mytorch._tensor import forms
from mytorch._tensor.copying import copy_tensor
from mytorch._tensor.text import format_tensor

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array
    from mytorch._tensor import Tensor


class Protocols(TensorBase):
    """The part of Tensor that Python's own functions call, and that converts to NumPy and Python."""

    __slots__ = ()

    def numpy(self, *, force: bool = False) -> Array:
        """Return the array, which shares its memory with the tensor.

        Args:
            force: whether to detach first.

        Returns:
            The array.

        Raises:
            RuntimeError: the tensor requires gradients.

        Examples:
            >>> x = mytorch.zeros(2)
            >>> x.numpy()[0] = 1
            >>> x
            tensor([1., 0.])
        """
        if self.tracked and not force:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
            )
        return self.array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            if copy is False:
                raise ValueError(f"Unable to avoid copy while making an array of {dtype} of {array.dtype}")
            return array.astype(dtype)
        return array.copy() if copy else array

    # NumPy leaves `array + tensor` to the tensor.
    __array_priority__ = 1000

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Tensor:
        """Return the result of one of NumPy's functions as a tensor, bools as uint8, as in torch."""
        del context, return_scalar
        result = np.asarray(array)
        return wrap(result.astype(np.uint8) if result.dtype.kind == "b" else result)

    def item(self) -> Any:
        """Return the one element as a Python number.

        Raises:
            RuntimeError: there is not exactly one.

        Examples:
            >>> loss = mytorch.tensor([1.0, 4.0]).mean()
            >>> loss.item()
            2.5
        """
        if self.array.size != 1:
            raise RuntimeError(f"a Tensor with {self.array.size} elements cannot be converted to Scalar")
        return self.array.item()

    def tolist(self) -> Any:
        """Return the elements as nested lists of Python numbers; a 0-dim tensor as a number."""
        return self.array.tolist()

    def __len__(self) -> int:
        if not self.array.ndim:
            raise TypeError("len() of a 0-d tensor")
        return int(self.array.shape[0])

    __iter__ = forms.rows

    def __bool__(self) -> bool:
        size = self.array.size
        if size != 1:
            what = "more than one value" if size else "no values"
            raise RuntimeError(f"Boolean value of Tensor with {what} is ambiguous")
        return bool(self.array.item())

    def _one(self) -> Any:
        if self.array.size != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return self.array.item()

    def __float__(self) -> float:
        return float(self._one())

    def __int__(self) -> int:
        return int(self._one())

    def __index__(self) -> int:
        if self.array.size != 1 or self.array.dtype.kind not in "iub":
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.array.item())

    def __contains__(self, element: Any) -> bool:
        return bool((self == element).array.any())

    def __reduce_ex__(self, protocol: Any) -> Any:
        # As in torch, gradient, history and hooks stay behind. A subclass's own attributes come along.
        return _restored, (type(self), self.array, self.tracked), getattr(self, "__dict__", None)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        """Copy values and gradient; tensors that share memory share it in the copy, hooks stay behind."""
        if self.node is not None:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol; "
                f"this one is the output of {self.node.name()}. Use detach() first."
            )
        return copy_tensor(self, memo)

    def __repr__(self) -> str:
        return format_tensor(self)

    def __format__(self, spec: str) -> str:
        # As in torch: a 0-dim tensor is formatted as its number, unless it is of a subclass.
        number = not self.array.ndim and type(self) is type(wrap(self.array))
        return format(self.array.item(), spec) if number else object.__format__(self, spec)


def _restored(kind: type[Tensor], array: Array, requires_grad: bool) -> Tensor:
    tensor = kind.__new__(kind)
    plain = wrap(array)
    for name in ("array", "node", "output", "accumulated", "counter"):
        setattr(tensor, name, getattr(plain, name))
    tensor.tracked = requires_grad
    return tensor
