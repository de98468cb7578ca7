"""The limits of numeric types: `finfo` of the floating dtypes and `iinfo` of the integer ones."""

from __future__ import annotations

import numpy as np

from mytorch._core.dtypes import dtype, from_numpy_dtype, get_default_dtype, numpy_dtype_of

__all__ = ["finfo", "iinfo"]


class _Info:
    """The limits of a dtype; those of equal dtypes are equal.

    Attributes:
        bits: bits per number.
        dtype: the name of the dtype.
    """

    def __init__(self, kind: dtype) -> None:
        self.bits = 8 * kind.itemsize
        self.dtype = kind.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Info) and self.dtype == other.dtype

    def __hash__(self) -> int:
        return hash(self.dtype)


class finfo(_Info):  # noqa: N801 - torch's name
    """The limits of a floating dtype.

    Args:
        type: the dtype; the default one if not given.

    Attributes:
        bits: bits per number.
        dtype: the name of the dtype.
        eps: the distance from 1 to the next larger number.
        max: the largest number.
        min: the smallest one, -max.
        resolution: the power of ten that the decimal digits reach.
        smallest_normal: the smallest positive number with all digits.
        tiny: the same.

    Raises:
        TypeError: it is not a floating dtype.

    Examples:
        >>> mytorch.finfo(mytorch.float32).eps
        1.1920928955078125e-07
    """

    __module__ = "mytorch"

    def __init__(self, type: dtype | None = None) -> None:
        kind = get_default_dtype() if type is None else from_numpy_dtype(numpy_dtype_of(type))
        if not kind.is_floating_point:
            raise TypeError(
                f"mytorch.finfo() requires a floating point input type, got {kind}. Use mytorch.iinfo"
            )
        super().__init__(kind)
        limits = np.finfo(kind.numpy)
        self.eps, self.max, self.min = float(limits.eps), float(limits.max), float(limits.min)
        self.smallest_normal = self.tiny = float(limits.tiny)
        self.resolution = float(f"1e-{limits.precision}")

    def __repr__(self) -> str:
        numbers = [
            f"{name}={getattr(self, name):g}"
            for name in ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        ]
        return f"finfo({', '.join(numbers)}, dtype={self.dtype})"


class iinfo(_Info):  # noqa: N801 - torch's name
    """The limits of an integer dtype.

    Args:
        type: the dtype.

    Attributes:
        bits: bits per number.
        dtype: the name of the dtype.
        max: the largest number.
        min: the smallest one.

    Raises:
        TypeError: it is not an integer dtype.

    Examples:
        >>> mytorch.iinfo(mytorch.int8)
        iinfo(min=-128, max=127, dtype=int8)
    """

    __module__ = "mytorch"

    def __init__(self, type: dtype) -> None:
        kind = from_numpy_dtype(numpy_dtype_of(type))
        if kind.category != 1:
            raise TypeError(f"mytorch.iinfo() requires an integer input type, got {kind}. Use mytorch.finfo")
        super().__init__(kind)
        limits = np.iinfo(kind.numpy)
        self.max, self.min = int(limits.max), int(limits.min)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
