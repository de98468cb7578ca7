"""The operators of a tensor: what Python calls for `+`, `==`, `@`, `[]` and `+=`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase
from mytorch._tensor import in_place
from mytorch.functions import arithmetic, comparison, elementary, indexing, logic, matmul

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch._tensor import Tensor


def _comparing(function: Callable[[Any, Any], Tensor]) -> Callable[[Any, Any], Any]:
    """Return a comparison as an operator, which leaves unknown operands (`tensor == None`) to Python."""

    def operator(self: Any, other: Any) -> Any:
        if isinstance(other, (TensorBase, bool, int, float, np.generic, np.ndarray)):
            return function(self, other)
        return NotImplemented

    return operator


def _product(self: Any, other: Any) -> Any:
    """Return `self @ other`; as in torch, NumPy computes the product with an array, without gradients."""
    return NotImplemented if isinstance(other, np.ndarray) else matmul.matmul(self, other)


class Operators(TensorBase):
    """The part of Tensor that binds operators to functions, one per line."""

    __slots__ = ()

    __add__ = arithmetic.add
    __radd__ = arithmetic.add
    __sub__ = arithmetic.sub
    __rsub__ = arithmetic.rsub
    __mul__ = arithmetic.mul
    __rmul__ = arithmetic.mul
    __truediv__ = arithmetic.div
    __rtruediv__ = arithmetic.rdiv
    __floordiv__ = arithmetic.floor_divide
    __rfloordiv__ = arithmetic.rfloor_divide
    __mod__ = arithmetic.remainder
    __rmod__ = arithmetic.rremainder
    __pow__ = elementary.pow
    __rpow__ = elementary.rpow
    __matmul__ = _product
    __neg__ = arithmetic.neg
    __pos__ = arithmetic.pos
    __abs__ = elementary.abs

    __and__ = logic.bitwise_and
    __rand__ = logic.bitwise_and
    __or__ = logic.bitwise_or
    __ror__ = logic.bitwise_or
    __xor__ = logic.bitwise_xor
    __rxor__ = logic.bitwise_xor
    __invert__ = logic.bitwise_not

    __eq__ = _comparing(comparison.eq)
    __ne__ = _comparing(comparison.ne)
    __lt__ = _comparing(comparison.lt)
    __le__ = _comparing(comparison.le)
    __gt__ = _comparing(comparison.gt)
    __ge__ = _comparing(comparison.ge)
    # Equal tensors are not the same tensor: a set of parameters is a set of objects.
    __hash__ = object.__hash__

    __getitem__ = indexing.getitem
    __setitem__ = in_place.setitem

    __iadd__ = in_place.add_
    __isub__ = in_place.sub_
    __imul__ = in_place.mul_
    __itruediv__ = in_place.div_
    __ipow__ = in_place.of(elementary.pow)
    __ifloordiv__ = in_place.of(arithmetic.floor_divide)
    __imod__ = in_place.of(arithmetic.remainder)
    __iand__ = in_place.of(logic.bitwise_and)
    __ior__ = in_place.of(logic.bitwise_or)
    __ixor__ = in_place.of(logic.bitwise_xor)
