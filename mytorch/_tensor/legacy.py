"""torch's old constructors: `Tensor(2, 3)`, `FloatTensor([1.0])`, `Tensor.new`, and the types of tensors.

All take the same: sizes, a Size, a sequence, an array, or a tensor. The types, such as `FloatTensor`, have no
objects: they make tensors, and `isinstance` asks whether a tensor has their dtype.
"""

from __future__ import annotations

import operator
import warnings
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core import dtypes
from mytorch._core.base import TensorBase, wrap
from mytorch._core.data import array_from, is_sequence
from mytorch._core.device import device as Device
from mytorch._core.size import Size
from mytorch._core.typename import typename
from mytorch.autograd._apply import apply
from mytorch.creation.filled import shape_from
from mytorch.ops.shape import View

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array
    from mytorch._tensor import Tensor

__all__ = [
    "BoolTensor",
    "ByteTensor",
    "CharTensor",
    "DoubleTensor",
    "FloatTensor",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "ShortTensor",
    "set_default_tensor_type",
]


def old_form(
    name: str, args: tuple[Any, ...], data: Any, size: Any, device: object, dtype: dtypes.dtype
) -> Array | Tensor:
    """Read the arguments of an old constructor.

    Args:
        name: the constructor, named in errors.
        args: its arguments by position.
        data: what it got by that name, or None.
        size: what it got by that name, or None.
        device: only "cpu".
        dtype: of the array.

    Returns:
        The tensor that was given, of any dtype; or an array, zeros where sizes were given.

    Raises:
        RuntimeError: a size is negative, or the device is another.
        TypeError: it is neither sizes nor a sequence.
    """
    if device is not None and Device(device).type != "cpu":
        raise RuntimeError(
            f"legacy constructor expects device type: cpu but device type: {Device(device).type} was passed"
        )
    given = args if data is None else (*args, data)
    only = given[0] if len(given) == 1 else None
    if isinstance(only, TensorBase):
        tensor: Any = only
        return tensor  # type: ignore[no-any-return]  # every TensorBase is a Tensor
    if only is None or isinstance(only, Size) or _is_integer(only):
        if not given and size is None:
            given = (0,)
        return np.zeros(shape_from(name, given, size), dtype.numpy)
    if isinstance(only, np.ndarray) or is_sequence(only):
        return array_from(only, dtype)
    raise TypeError(f"new(): data must be a sequence (got {typename(only)})")


def _is_integer(given: Any) -> bool:
    try:
        operator.index(given)
    except TypeError:
        return False
    return not isinstance(given, bool)


def share(source: Tensor) -> Tensor:
    """Return another tensor on the memory of one, through which gradients flow."""
    return apply(View, source, shape=source.array.shape)


class TensorType(type):
    """The type of `FloatTensor` and of the others: calling one makes a tensor of its dtype.

    Attributes:
        dtype: of the tensors.
    """

    dtype: dtypes.dtype

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, TensorBase) and instance.array.dtype == cls.dtype.numpy

    def __call__(cls, *args: Any, data: Any = None, size: Any = None, device: object = None) -> Tensor:
        return old_tensor(cls.__name__, args, data, size, device, cls.dtype)

    def __repr__(cls) -> str:
        return f"<class 'mytorch.{cls.__name__}'>"


def old_tensor(
    name: str, args: tuple[Any, ...], data: Any, size: Any, device: object, dtype: dtypes.dtype
) -> Tensor:
    """Return a tensor of a dtype by the arguments of an old constructor, as `old_form` reads them."""
    given = old_form(name, args, data, size, device, dtype)
    if isinstance(given, np.ndarray):
        return wrap(given)
    if given.array.dtype != dtype.numpy:
        raise TypeError(f"{name}(): expected a tensor of dtype {dtype} (got {given.dtype})")
    return share(given)


def new(input: Tensor, *args: Any, data: Any = None, size: Any = None, device: object = None) -> Tensor:
    """Return a tensor of this one's dtype from sizes, or from data: torch's form before `new_zeros`.

    Args:
        *args: as for `mytorch.FloatTensor`.
        data: the data by name.
        size: the sizes by name.
        device: only "cpu".

    Returns:
        A tensor without gradients; zeros where sizes were given.

    Raises:
        RuntimeError: a size is negative, or a number is outside the range of the dtype.
        TypeError: it is neither sizes nor a sequence, or a tensor of another dtype.
    """
    return old_tensor("new", args, data, size, device, input.dtype)


class FloatTensor(metaclass=TensorType):
    """Tensors of dtype float32 by torch's old forms.

    Args:
        *args: the sizes of a tensor of zeros, one by one or as a Size; or one sequence or array of numbers;
            or a tensor of this dtype, whose memory is shared.
        data: the data by name.
        size: the sizes by name.
        device: only "cpu".

    Raises:
        RuntimeError: a size is negative, or a number is outside the range of the dtype.
        TypeError: it is neither sizes nor a sequence, or a tensor of another dtype.

    Examples:
        >>> mytorch.FloatTensor([1, 2])
        tensor([1., 2.])
        >>> mytorch.FloatTensor(2, 3).shape
        mytorch.Size([2, 3])
        >>> isinstance(mytorch.zeros(1), mytorch.FloatTensor), mytorch.zeros(1).type()
        (True, 'torch.FloatTensor')
    """

    __module__ = "mytorch"
    dtype = dtypes.float32


class DoubleTensor(metaclass=TensorType):
    """Tensors of dtype float64; see `mytorch.FloatTensor`."""

    __module__ = "mytorch"
    dtype = dtypes.float64


class HalfTensor(metaclass=TensorType):
    """Tensors of dtype float16; see `mytorch.FloatTensor`."""

    __module__ = "mytorch"
    dtype = dtypes.float16


class LongTensor(metaclass=TensorType):
    """Tensors of dtype int64; see `mytorch.FloatTensor`."""

    __module__ = "mytorch"
    dtype = dtypes.int64


class IntTensor(metaclass=TensorType):
    """Tensors of dtype int32; see `mytorch.FloatTensor`."""

    __module__ = "mytorch"
    dtype = dtypes.int32


class ShortTensor(metaclass=TensorType):
    """Tensors of dtype int16; see `mytorch.FloatTensor`."""

    __module__ = "mytorch"
    dtype = dtypes.int16


class CharTensor(metaclass=TensorType):
    """Tensors of dtype int8; see `mytorch.FloatTensor`."""

    __module__ = "mytorch"
    dtype = dtypes.int8


class ByteTensor(metaclass=TensorType):
    """Tensors of dtype uint8; see `mytorch.FloatTensor`."""

    __module__ = "mytorch"
    dtype = dtypes.uint8


class BoolTensor(metaclass=TensorType):
    """Tensors of dtype bool; see `mytorch.FloatTensor`."""

    __module__ = "mytorch"
    dtype = dtypes.bool_


def set_default_tensor_type(t: type | str) -> None:
    """Set the dtype that Python floats become: torch's form before `set_default_dtype`.

    Args:
        t: a floating type of tensors such as `mytorch.DoubleTensor`, or its name.

    Raises:
        AttributeError: there is no type of that name.
        RuntimeError: it is a type of tensors on another device.
        TypeError: the type is not a floating one, or `t` is neither a type nor a string.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.set_default_tensor_type.html
    """
    warnings.warn(
        "set_default_tensor_type() is deprecated, as in torch; please use set_default_dtype()",
        UserWarning,
        stacklevel=2,
    )
    if not isinstance(t, (str, type)):
        raise TypeError(f"invalid type object: expected a type of tensors or its name, got {typename(t)}")
    try:
        dtypes.set_default_dtype(dtypes.named_type(t))
    except ValueError as error:
        kind = AttributeError if isinstance(t, str) else TypeError
        raise kind(f"set_default_tensor_type(): {error}") from None
