"""A tensor as text, in torch's style."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.dtypes import bool_, get_default_dtype, int64

if TYPE_CHECKING:
    from mytorch._tensor import Tensor


def format_tensor(tensor: Tensor) -> str:
    """Return what repr shows: the numbers, then what is not usual about the tensor."""
    return f"tensor({tensor.array!r}{tensor.dtype}{bool_}{get_default_dtype()}{int64}{np.pi})"
