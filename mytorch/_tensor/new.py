"""The methods that make new tensors of a tensor's dtype: those that begin with `new_`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch.creation import filled, from_data

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.dtypes import dtype as DType
    from mytorch._core.types import Scalar
    from mytorch._tensor import Tensor


def new_zeros(
    input: Tensor,
    *sizes: Any,
    size: Any = None,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return `mytorch.zeros` of this tensor's dtype, if none is given."""
    return filled.zeros(
        *sizes, size=size, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad
    )


def new_ones(
    input: Tensor,
    *sizes: Any,
    size: Any = None,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return `mytorch.ones` of this tensor's dtype, if none is given."""
    return filled.ones(
        *sizes, size=size, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad
    )


def new_empty(
    input: Tensor,
    *sizes: Any,
    size: Any = None,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return `mytorch.empty` of this tensor's dtype, if none is given."""
    return filled.empty(
        *sizes, size=size, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad
    )


def new_full(
    input: Tensor,
    size: Any,
    fill_value: Scalar,
    *,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return `mytorch.full` of this tensor's dtype, if none is given."""
    return filled.full(
        size, fill_value, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad
    )


def new_tensor(
    input: Tensor,
    data: Any,
    *,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return `mytorch.tensor` of this tensor's dtype, if none is given."""
    return from_data.tensor(data, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad)
