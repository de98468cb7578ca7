"""Deep copies of tensors: tensors that share memory share it in the copy too. Called by `__deepcopy__`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import wrap

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.base import TensorBase
    from mytorch._core.types import Array
    from mytorch._tensor import Tensor


def copy_tensor(tensor: TensorBase, memo: dict[int, Any]) -> Tensor:
    """Return a copy of a leaf with its gradient, and without its hooks.

    Args:
        tensor: any shape, any dtype.
        memo: the memo of deepcopy, which holds the objects that were copied before.

    Returns:
        A new leaf of the same shape, strides and dtype.
    """
    twin = memo[id(tensor)] = wrap(_copy_array(tensor.array, memo))
    twin.tracked = tensor.tracked
    if tensor.accumulated is not None:
        twin.accumulated = copy_tensor(tensor.accumulated, memo)
    return twin


def _copy_array(array: Array, memo: dict[int, Any]) -> Array:
    """Return a copy of an array, in the copy of the memory that it is a view of."""
    owner = array
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    if owner is array or not owner.flags.forc:
        # NumPy makes views in one segment of memory only.
        return memo.setdefault(id(array), array.copy(order="K"))  # type: ignore[no-any-return]  # it holds arrays
    if id(owner) not in memo:
        memo[id(owner)] = owner.copy(order="K")
    offset = array.ctypes.data - owner.ctypes.data
    copied: Array = np.ndarray(array.shape, array.dtype, memo[id(owner)], offset, array.strides)
    copied.flags.writeable = array.flags.writeable
    return copied
