"""Making tensors from data, and filled with numbers; random ones are in `mytorch.sampling`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch import _tensor
from mytorch.device import check_device
from mytorch.dtypes import from_numpy_dtype, get_default_dtype, numpy_dtype_of
from mytorch.functions._check import sizes_of

if TYPE_CHECKING:
    from typing import Any

    from mytorch._tensor import Tensor
    from mytorch._types import Array, Scalar
    from mytorch.dtypes import dtype as DType


def tensor(
    data: Any, *, dtype: DType | None = None, device: object = None, requires_grad: bool = False
) -> Tensor:
    """Return a new leaf tensor with a copy of the data.

    Args:
        data: a number, nested sequences of numbers, an array or a tensor.
        dtype: by default that of an array or tensor; bool, int64 or the default floating dtype for Python
            numbers.
        device: only "cpu".
        requires_grad: whether gradients shall be recorded.

    Returns:
        The tensor.

    Raises:
        RuntimeError: another device, or `requires_grad` for a dtype that is not floating.
        TypeError: something in the data is no number.
        ValueError: the sequences are ragged.
    """
    return finish(np.array(array_from(data, dtype)), device, requires_grad)


def as_tensor(data: Any, dtype: DType | None = None, device: object = None) -> Tensor:
    """Return data as a tensor: itself, or sharing its memory, where dtype allows.

    Args:
        data: a tensor, an array, a number or nested sequences of numbers.
        dtype: as for `tensor`.
        device: only "cpu".

    Returns:
        The tensor.

    Raises:
        RuntimeError: another device.
        TypeError: something in the data is no number.
        ValueError: the sequences are ragged.
    """
    check_device(device)
    if isinstance(data, _tensor.Tensor):
        return data if dtype is None else data.to(dtype)
    return _tensor.wrap(array_from(data, dtype))


def from_numpy(ndarray: Array) -> Tensor:
    """Return a tensor that shares an array's memory.

    Args:
        ndarray: any shape, of a dtype that tensors have.

    Returns:
        The tensor.

    Raises:
        TypeError: no array, or one of another dtype.
        ValueError: the array has negative strides.
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    if any(n < 0 for n in ndarray.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative "
            "strides are not "
            "currently supported. (You can probably work around this by making a copy of your array "
            "with array.copy().)"
        )
    return _tensor.wrap(array_from(ndarray, None))


def array_from(data: Any, dtype: DType | None) -> Array:
    """Return data as an array, with torch's choice of dtype; shared with the data where possible.

    Args:
        data: a tensor, an array, a number or nested sequences of numbers.
        dtype: the dtype, or None.

    Returns:
        The array.

    Raises:
        TypeError: something in the data is no number.
        ValueError: the sequences are ragged.
    """
    wanted = None if dtype is None else numpy_dtype_of(dtype)
    if isinstance(data, _tensor.Tensor):
        array = data.array
    elif isinstance(data, (np.ndarray, np.generic)):
        # Byte-swapped arrays are brought into the machine's order.
        array = np.asarray(data, from_numpy_dtype(data.dtype.newbyteorder("=")).numpy)
    else:
        _check_nested(data)
        array = np.asarray(_unwrapped(data))
        if wanted is None:
            wanted = _inferred_dtype(data, array)
    return array if wanted is None else array.astype(wanted, copy=False)


def _unwrapped(data: Any) -> Any:
    if isinstance(data, (list, tuple)):
        return [_unwrapped(x) for x in data]
    return data.array if isinstance(data, _tensor.Tensor) else data


def _first_number(data: Any) -> Any:
    while isinstance(data, (list, tuple)):
        if not data:
            return None
        data = data[0]
    return data


def _inferred_dtype(data: Any, array: Array) -> np.dtype[Any]:
    if array.dtype.kind == "b":
        return array.dtype
    if array.dtype.kind in "iu":
        return np.dtype(np.int64)
    # NumPy numbers keep their width, Python's take the default.
    first = _first_number(data)
    own = isinstance(first, (np.generic, np.ndarray, _tensor.Tensor))
    return array.dtype if own and array.size else get_default_dtype().numpy


def _check_nested(data: Any, depth: int = 0) -> None:
    if isinstance(data, (list, tuple)):
        lengths = [len(x) if isinstance(x, (list, tuple)) else None for x in data]
        for x, length in zip(data, lengths, strict=True):
            if length != lengths[0]:
                if length is None or lengths[0] is None:
                    kind = next(type(y).__name__ for y in data if not isinstance(y, (list, tuple)))
                    raise TypeError(
                        f"new(): invalid data: expected a sequence of length {lengths[0] or length} "
                        f"at dim {depth + 1}, got {kind}"
                    )
                raise ValueError(
                    f"expected sequence of length {lengths[0]} at dim {depth + 1} (got {length})"
                )
            _check_nested(x, depth + 1)
    elif isinstance(data, str):
        raise ValueError(f"too many dimensions {type(data).__name__!r}")
    elif not isinstance(data, (bool, int, float, np.generic, np.ndarray, _tensor.Tensor)):
        raise TypeError(f"must be real number, not {type(data).__name__}")


def finish(array: Array, device: object, requires_grad: bool) -> Tensor:
    """Return a new array as a leaf tensor.

    Args:
        array: nobody else's.
        device: only "cpu".
        requires_grad: whether gradients shall be recorded.

    Returns:
        The tensor.

    Raises:
        RuntimeError: another device, or `requires_grad` for a dtype that is not floating.
    """
    check_device(device)
    result = _tensor.wrap(array)
    if requires_grad:
        if result.array.dtype.kind != "f":
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        result.tracked = True
    return result


def shape_from(name: str, sizes: tuple[Any, ...], size: Any) -> tuple[int, ...]:
    """Return the sizes of a new tensor.

    Args:
        name: the function, named in errors.
        sizes: what its `*size` caught.
        size: what its keyword `size` got, or None.

    Returns:
        The sizes.

    Raises:
        RuntimeError: one is negative.
        TypeError: there are none, or one is no integer.
    """
    if size is not None:
        if sizes:
            raise TypeError(f"{name}() got several values for argument 'size'")
        sizes = (size,)
    if not sizes:
        raise TypeError(f'{name}() missing 1 required positional arguments: "size"')
    shape = sizes_of(name, sizes)
    for n in shape:
        if n < 0:
            raise RuntimeError(f"{name}: Dimension size must be non-negative, got {n} in {list(shape)}.")
    return shape


def float_dtype(dtype: DType | None) -> np.dtype[Any]:
    """Return the NumPy dtype of what is filled with floats by default."""
    return get_default_dtype().numpy if dtype is None else numpy_dtype_of(dtype)


def zeros(
    *sizes: Any,
    size: Any = None,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return a tensor of zeros.

    Args:
        *sizes: the sizes, one by one or as one tuple.
        size: the sizes as a tuple.
        dtype: the default floating dtype if not given.
        device: only "cpu".
        requires_grad: whether gradients shall be recorded.

    Returns:
        The tensor.

    Raises:
        RuntimeError: a negative size, another device, or `requires_grad` for a dtype that is not floating.
        TypeError: a size is no integer.
    """
    return finish(np.zeros(shape_from("zeros", sizes, size), float_dtype(dtype)), device, requires_grad)


def ones(
    *sizes: Any,
    size: Any = None,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return a tensor of ones.

    Args:
        *sizes: the sizes, one by one or as one tuple.
        size: the sizes as a tuple.
        dtype: the default floating dtype if not given.
        device: only "cpu".
        requires_grad: whether gradients shall be recorded.

    Returns:
        The tensor.

    Raises:
        RuntimeError: a negative size, another device, or `requires_grad` for a dtype that is not floating.
        TypeError: a size is no integer.
    """
    return finish(np.ones(shape_from("ones", sizes, size), float_dtype(dtype)), device, requires_grad)


def empty(
    *sizes: Any,
    size: Any = None,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return a tensor whose elements are whatever was in the memory.

    Args:
        *sizes: the sizes, one by one or as one tuple.
        size: the sizes as a tuple.
        dtype: the default floating dtype if not given.
        device: only "cpu".
        requires_grad: whether gradients shall be recorded.

    Returns:
        The tensor.

    Raises:
        RuntimeError: a negative size, another device, or `requires_grad` for a dtype that is not floating.
        TypeError: a size is no integer.
    """
    return finish(np.empty(shape_from("empty", sizes, size), float_dtype(dtype)), device, requires_grad)


def full(
    size: Any,
    fill_value: Scalar | Tensor,
    *,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return a tensor filled with one number.

    Args:
        size: the sizes, a tuple.
        fill_value: a number, or a 0-dim tensor.
        dtype: by default bool, int64 or the default floating dtype, as the number is.
        device: only "cpu".
        requires_grad: whether gradients shall be recorded.

    Returns:
        The tensor.

    Raises:
        RuntimeError: a negative size, another device, or `requires_grad` for a dtype that is not floating.
        TypeError: a size is no integer.
    """
    value = array_from(fill_value, dtype)
    return finish(np.full(shape_from("full", (size,), None), value, value.dtype), device, requires_grad)


def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return a matrix with ones on its diagonal.

    Args:
        n: rows.
        m: columns; as many as rows if not given.
        dtype: the default floating dtype if not given.
        device: only "cpu".
        requires_grad: whether gradients shall be recorded.

    Returns:
        The matrix, (n, m).

    Raises:
        RuntimeError: a negative size, another device, or `requires_grad` for a dtype that is not floating.
    """
    rows, columns = shape_from("eye", (n, n if m is None else m), None)
    return finish(np.eye(rows, columns, dtype=float_dtype(dtype)), device, requires_grad)
