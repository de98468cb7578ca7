"""Conversion to other dtypes, and questions about dtype, sizes and layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core import dtypes
from mytorch._core.base import TensorBase
from mytorch._core.device import check_device, refuse_device
from mytorch._core.device import device as Device
from mytorch._core.typename import typename
from mytorch.autograd._apply import apply
from mytorch.functions._check import array_of, wrap_dim
from mytorch.functions._names import numpy_names
from mytorch.ops import conversion as ops

if TYPE_CHECKING:
    from typing import Any, NoReturn, TypeGuard

    from mytorch._core.dtypes import dtype as DType
    from mytorch._tensor import Tensor

__all__ = ["is_floating_point", "is_tensor"]


def _cast(input: Tensor, dtype: DType, *, copy: bool = False) -> Tensor:
    target = dtypes.numpy_dtype_of(dtype)
    if array_of("to", input).dtype == target and not copy:
        return input
    return apply(ops.Cast, input, dtype=target)


def to(
    input: Tensor,
    *args: Any,
    dtype: DType | None = None,
    device: object = None,
    non_blocking: bool = False,  # noqa: ARG001 - torch's argument; there is one device
    copy: bool = False,
) -> Tensor:
    """Return the tensor in another dtype: itself if the dtype stays the same.

    Args:
        *args: a dtype, a device, a device and a dtype, or a tensor whose dtype is used.
        dtype: the dtype.
        device: only "cpu".
        non_blocking: without meaning on a CPU.
        copy: whether to copy even if the dtype stays the same.

    Returns:
        The tensor or its converted copy, through which gradients flow.

    Raises:
        AssertionError: another device.
        TypeError: an argument is of another type.

    Examples:
        >>> x = mytorch.tensor([1.7, -1.7])
        >>> x.to(mytorch.int64)
        tensor([ 1, -1])
        >>> x.to(mytorch.float32) is x
        True
    """
    for given in args:
        if isinstance(given, TensorBase):
            dtype = given.dtype
        elif isinstance(given, (dtypes.dtype, type)):
            dtype = given  # type: ignore[assignment]  # Python's types stand for dtypes
        elif isinstance(given, bool):
            continue
        elif isinstance(given, (str, int, Device)) or given is None:
            check_device(given)
        else:
            raise TypeError(f"to(): expected a dtype, a device or a Tensor, got {typename(given)}")
    check_device(device)
    return _cast(input, input.dtype if dtype is None else dtype, copy=copy)


def type_(
    input: Tensor,
    dtype: DType | str | type | None = None,
    non_blocking: bool = False,  # noqa: ARG001 - torch's argument; there is one device
) -> Any:
    """Return the tensor in another dtype, or without one torch's old name of its type.

    Args:
        dtype: the dtype, or its old type such as `mytorch.FloatTensor`, or the name of that, such as
            "torch.FloatTensor"; None to return the name.
        non_blocking: without meaning on a CPU.

    Returns:
        The tensor or its converted copy; without `dtype` the name, which begins with "torch", so that
        comparisons with it go on to work.

    Raises:
        RuntimeError: the type is that of another device.
        TypeError: `dtype` is none of these.
        ValueError: there is no such type.
    """
    if dtype is None:
        return f"torch.{dtypes.SCALAR_TYPE_NAMES[input.dtype]}Tensor"
    if isinstance(dtype, dtypes.dtype):
        return _cast(input, dtype)
    if not isinstance(dtype, (str, type)):
        raise TypeError(
            f"type(): argument 'dtype' must be a type, str, or dtype object, not {typename(dtype)}"
        )
    return _cast(input, dtypes.named_type(dtype))


def type_as(input: Tensor, other: Tensor) -> Tensor:
    """Return the tensor in the dtype of another one."""
    return _cast(input, other.dtype)


def float_(input: Tensor) -> Tensor:
    """Return the tensor as float32: itself if it is."""
    return _cast(input, dtypes.float32)


def double_(input: Tensor) -> Tensor:
    """Return the tensor as float64: itself if it is."""
    return _cast(input, dtypes.float64)


def half_(input: Tensor) -> Tensor:
    """Return the tensor as float16: itself if it is."""
    return _cast(input, dtypes.float16)


def long_(input: Tensor) -> Tensor:
    """Return the tensor as int64: itself if it is."""
    return _cast(input, dtypes.int64)


def int_(input: Tensor) -> Tensor:
    """Return the tensor as int32: itself if it is."""
    return _cast(input, dtypes.int32)


def short_(input: Tensor) -> Tensor:
    """Return the tensor as int16: itself if it is."""
    return _cast(input, dtypes.int16)


def char_(input: Tensor) -> Tensor:
    """Return the tensor as int8: itself if it is."""
    return _cast(input, dtypes.int8)


def byte_(input: Tensor) -> Tensor:
    """Return the tensor as uint8: itself if it is."""
    return _cast(input, dtypes.uint8)


def bool_(input: Tensor) -> Tensor:
    """Return the tensor as bool, True for elements that are not zero: itself if it is bool."""
    return _cast(input, dtypes.bool_)


def cpu(input: Tensor) -> Tensor:
    """Return the tensor itself: it is on the CPU."""
    return input


def cuda(input: Tensor, device: object = None, non_blocking: bool = False) -> NoReturn:
    """Raise the AssertionError of a torch that was built for the CPU only.

    Args:
        device: the GPU; the first if not given.
        non_blocking: without meaning.

    Raises:
        AssertionError: there is no GPU; the message says what to write instead.
        RuntimeError: the device is not a GPU, or a number.
    """
    del input, non_blocking
    named = Device("cuda" if device is None else device)
    if named.type != "cuda":
        raise RuntimeError(f"Invalid device, must be cuda device, got {str(named)!r}")
    refuse_device(named)


def is_tensor(obj: object) -> TypeGuard[Tensor]:
    """Return whether an object is a tensor."""
    return isinstance(obj, TensorBase)


def is_floating_point(input: Tensor) -> bool:
    """Return whether the elements are floats."""
    return array_of("is_floating_point", input).dtype.kind == "f"


def is_contiguous(input: Tensor) -> bool:
    """Return whether the elements lie in row-major order without gaps."""
    return array_of("is_contiguous", input).flags.c_contiguous


@numpy_names
def size(input: Tensor, dim: int | None = None) -> Any:
    """Return all sizes, or one.

    Returns:
        A Size, or an int.

    Examples:
        >>> x = mytorch.zeros(2, 3)
        >>> x.size()
        mytorch.Size([2, 3])
        >>> x.size(-1)
        3
    """
    shape = input.shape
    if dim is None:
        return shape
    if not shape:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    return shape[wrap_dim(dim, len(shape))]


@numpy_names
def stride(input: Tensor, dim: int | None = None) -> Any:
    """Return the distance in memory, in elements, between neighbours along all dimensions or one.

    Returns:
        A tuple, or an int.
    """
    array = array_of("stride", input)
    steps = tuple([n // array.itemsize for n in array.strides])
    return steps if dim is None else steps[wrap_dim(dim, len(steps))]


def data_ptr(input: Tensor) -> int:
    """Return the address of the first element."""
    return array_of("data_ptr", input).ctypes.data
