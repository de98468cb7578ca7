"""The tensor's methods that make others of its dtype."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch import creation
from mytorch.data import tensor

if TYPE_CHECKING:
    from typing import Any

    from mytorch._tensor import Tensor
    from mytorch._types import Scalar
    from mytorch.dtypes import dtype as DType


class NewMethods:
    """Tensors like this one in dtype: the methods that begin with `new_`."""

    __slots__ = ()

    def new_zeros(self: Tensor, *size: Any, dtype: DType | None = None, **options: Any) -> Tensor:  # type: ignore[misc]  # self is a Tensor
        """Return `mytorch.zeros` of this tensor's dtype, if none is given."""
        return creation.zeros(*size, dtype=dtype or self.dtype, **options)

    def new_ones(self: Tensor, *size: Any, dtype: DType | None = None, **options: Any) -> Tensor:  # type: ignore[misc]  # self is a Tensor
        """Return `mytorch.ones` of this tensor's dtype, if none is given."""
        return creation.ones(*size, dtype=dtype or self.dtype, **options)

    def new_empty(self: Tensor, *size: Any, dtype: DType | None = None, **options: Any) -> Tensor:  # type: ignore[misc]  # self is a Tensor
        """Return `mytorch.empty` of this tensor's dtype, if none is given."""
        return creation.empty(*size, dtype=dtype or self.dtype, **options)

    def new_full(  # type: ignore[misc]  # self is a Tensor
        self: Tensor,
        size: Any,
        fill_value: Scalar,
        *,
        dtype: DType | None = None,
        **options: Any,
    ) -> Tensor:
        """Return `mytorch.full` of this tensor's dtype, if none is given."""
        return creation.full(size, fill_value, dtype=dtype or self.dtype, **options)

    def new_tensor(self: Tensor, data: Any, *, dtype: DType | None = None, **options: Any) -> Tensor:  # type: ignore[misc]  # self is a Tensor
        """Return `mytorch.tensor` of this tensor's dtype, if none is given."""
        return tensor(data, dtype=dtype or self.dtype, **options)
