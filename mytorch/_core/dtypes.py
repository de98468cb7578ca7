"""The data types of tensors, by torch's names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "dtype",
    "float16",
    "float32",
    "float64",
    "get_default_dtype",
    "int8",
    "int16",
    "int32",
    "int64",
    "set_default_dtype",
    "uint8",
]


class dtype:  # noqa: N801 - torch's name
    """The type of a tensor's elements.

    Attributes:
        name: torch's name of the type, such as "float32".
        numpy: the NumPy dtype that holds such elements.
        itemsize: bytes per element.
        is_floating_point: whether it is a float16, float32 or float64.
        category: 0 for bool, 1 for integers, 2 for floats; promotion never leaves the highest one.
    """

    __slots__ = ("category", "is_floating_point", "itemsize", "name", "numpy")
    __module__ = "mytorch"  # the public name, as in torch

    def __init__(self, name: str) -> None:
        self.name = name
        self.numpy = np.dtype(name)
        self.itemsize = self.numpy.itemsize
        self.is_floating_point = self.numpy.kind == "f"
        self.category = 0 if self.numpy.kind == "b" else 2 if self.is_floating_point else 1

    def __repr__(self) -> str:
        return f"mytorch.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        # Copies and pickles must be the same object: dtypes are compared by identity.
        return (_by_name, (self.name,))

    @property
    def is_signed(self) -> bool:
        """Whether the type has negative numbers."""
        return self.numpy.kind in "if"

    @property
    def is_complex(self) -> bool:
        """Always False, as there are no complex tensors here."""
        return False


bool_ = dtype("bool")
uint8 = dtype("uint8")
int8 = dtype("int8")
int16 = dtype("int16")
int32 = dtype("int32")
int64 = dtype("int64")
float16 = dtype("float16")
float32 = dtype("float32")
float64 = dtype("float64")

ALL = (bool_, uint8, int8, int16, int32, int64, float16, float32, float64)
_BY_NAME = {each.name: each for each in ALL}
_BY_NUMPY = {each.numpy: each for each in ALL}
# As in torch, Python's types stand for dtypes: float for the widest one.
_BY_PYTHON: dict[Any, dtype] = {bool: bool_, int: int64, float: float64}

# torch's names of the scalar types in its messages.
SCALAR_TYPE_NAMES = {
    bool_: "Bool",
    uint8: "Byte",
    int8: "Char",
    int16: "Short",
    int32: "Int",
    int64: "Long",
    float16: "Half",
    float32: "Float",
    float64: "Double",
}
_BY_TYPE = {f"{name}Tensor": each for each, name in SCALAR_TYPE_NAMES.items()}


def _by_name(name: str) -> dtype:
    return _BY_NAME[name]


def from_numpy_dtype(numpy_dtype: np.dtype[Any]) -> dtype:
    """Return the tensor dtype of a NumPy dtype.

    Args:
        numpy_dtype: dtype of an array.

    Returns:
        The dtype with the same elements.

    Raises:
        TypeError: there is no such tensor dtype (complex, strings, objects, unsigned integers above 8 bits).
    """
    try:
        return _BY_NUMPY[numpy_dtype]
    except KeyError:
        supported = ", ".join(sorted(_BY_NAME))
        raise TypeError(
            f"can't convert np.ndarray of type {numpy_dtype}. The only supported types are: {supported}."
        ) from None


def numpy_dtype_of(given: dtype | type) -> np.dtype[Any]:
    """Return the NumPy dtype of a tensor dtype, refusing anything else with torch's error class.

    Args:
        given: what the caller passed as `dtype`: a dtype, or Python's bool, int or float.

    Returns:
        The NumPy dtype.

    Raises:
        TypeError: `given` is not a mytorch dtype.
    """
    if not isinstance(given, dtype):
        if given is bool or given is int or given is float:
            return _BY_PYTHON[given].numpy
        raise TypeError(f"argument 'dtype' must be mytorch.dtype, not {type(given).__name__}")
    return given.numpy


def named_type(given: str | type) -> dtype:
    """Return the dtype of torch's old type of tensors, or of its name.

    Args:
        given: such as "torch.FloatTensor", the same with "mytorch", or `mytorch.FloatTensor` itself; Tensor
            stands for the default dtype.

    Returns:
        The dtype.

    Raises:
        RuntimeError: it is a type of tensors on another device.
        ValueError: there is no such type.
    """
    name = given
    if not isinstance(given, str):
        name = ("" if given.__module__ == "builtins" else f"{given.__module__}.") + given.__qualname__
    module, _, kind = str(name).rpartition(".")
    found = _BY_TYPE.get(kind) if kind != "Tensor" else get_default_dtype()
    if found is not None and module in ("torch.cuda", "mytorch.cuda"):
        raise RuntimeError(f"type {name} is not available: mytorch computes on the CPU only")
    if found is None or module not in ("torch", "mytorch"):
        raise ValueError(f"invalid type: {name!r}")
    return found


_default = [float32]


def get_default_dtype() -> dtype:
    """Return the dtype that Python floats become: float32 unless it was set."""
    return _default[0]


def set_default_dtype(d: dtype) -> None:
    """Set the dtype that Python floats become.

    Args:
        d: a floating dtype.

    Raises:
        TypeError: `d` is not a dtype, or not a floating one.
    """
    if type(d) is not dtype:
        raise TypeError(f"invalid dtype object: expected mytorch.dtype, got {type(d).__name__}")
    if not d.is_floating_point:
        raise TypeError(f"only floating-point types are supported as the default type, got {d}")
    _default[0] = d
