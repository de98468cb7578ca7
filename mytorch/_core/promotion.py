"""torch's type promotion: by category, and by dimensioned tensors before 0-dim ones before Python scalars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase
from mytorch._core.dtypes import dtype, from_numpy_dtype, get_default_dtype
from mytorch._core.state import state
from mytorch._core.typename import typename

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from mytorch._core.types import Array, Operand
    from mytorch._tensor import Tensor

__all__ = ["can_cast", "promote_types", "result_type"]

_CATEGORY = {"b": 0, "u": 1, "i": 1, "f": 2}


def category(dtype: np.dtype[Any]) -> int:
    """Return 0 for bool, 1 for integers, 2 for floats."""
    return _CATEGORY[dtype.kind]


def promote_numpy(first: np.dtype[Any], second: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype that torch promotes two tensors to, if both have dimensions or both have none.

    NumPy widens a float that meets an integer (float32 and int32 give float64); torch does not.

    Args:
        first: NumPy dtype.
        second: NumPy dtype.

    Returns:
        The common NumPy dtype.
    """
    if first == second:
        return first
    a, b = _CATEGORY[first.kind], _CATEGORY[second.kind]
    if a != b:
        return first if a > b else second
    return np.promote_types(first, second)


def _number_dtype(number: Any) -> np.dtype[Any]:
    if isinstance(number, (bool, np.bool_)):
        return np.dtype(np.bool_)
    return np.dtype(np.int64) if isinstance(number, int) else get_default_dtype().numpy


def common_dtype(operands: Iterable[Any]) -> np.dtype[Any]:
    """Return the dtype in which arrays and Python scalars meet.

    Args:
        operands: arrays, of which the 0-dim ones count less, and Python numbers, which count least.

    Returns:
        The common NumPy dtype.

    Source: https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc
    """
    tiers: list[np.dtype[Any] | None] = [None, None, None]
    for x in operands:
        tier = (0 if x.ndim else 1) if isinstance(x, np.ndarray) else 2
        own = x.dtype if tier < 2 else _number_dtype(x)
        before = tiers[tier]
        tiers[tier] = own if before is None else promote_numpy(before, own)
    result: np.dtype[Any] | None = None
    for own_tier in tiers:
        if result is None or (own_tier is not None and _CATEGORY[own_tier.kind] > _CATEGORY[result.kind]):
            result = own_tier
    if result is None:
        raise ValueError("expected at least one operand, got none")
    return result


def cast(array: Array, target: np.dtype[Any]) -> Array:
    """Return an array in another dtype, or itself if it has that one; overflow gives no warning."""
    if array.dtype == target:
        return array
    result: Array = state.run(converted, array, target)
    return result


def converted(array: Array, target: np.dtype[Any]) -> Array:
    """Return a copy in another dtype, rounded as torch rounds: from float64 to float16 by way of float32."""
    by_way = array.dtype == np.float64 and target == np.float16
    return (array.astype(np.float32) if by_way else array).astype(target)


def to_float(array: Any) -> Any:
    """Return an array as it is if it is floating, or else in the default floating dtype."""
    return array if array.dtype.kind == "f" else array.astype(get_default_dtype().numpy)


def unify(
    name: str, a: Operand, b: Operand, *, float_result: bool = False
) -> tuple[Any, Any, Tensor | None, Tensor | None]:
    """Bring two operands to their common dtype.

    Args:
        name: what they are for, named in errors.
        a: a tensor, an array or a Python scalar.
        b: a tensor, an array or a Python scalar.
        float_result: whether integers become the default floating dtype.

    Returns:
        Two arrays of one dtype, and the operands that are tensors, None for the others. A number stays a
        number next to a floating array: it promotes nothing there.

    Raises:
        TypeError: an operand is neither a tensor nor a number.
    """
    tensor = TensorBase
    if isinstance(a, tensor):
        x = a.array
        if isinstance(b, tensor):
            y = b.array
            if x.dtype is y.dtype and (not float_result or x.dtype.kind == "f"):
                return x, y, a, b
        elif x.dtype.kind == "f" and type(b) in _PLAIN:
            return x, b, a, None
    elif type(a) in _PLAIN and isinstance(b, tensor) and b.array.dtype.kind == "f":
        return a, b.array, None, b
    return _unify(name, a, b, float_result=float_result)


_PLAIN = frozenset({int, float})


def _unify(name: str, a: Any, b: Any, *, float_result: bool) -> tuple[Any, Any, Tensor | None, Tensor | None]:
    x, first = _operand(name, "input", 1, a)
    y, second = _operand(name, "other", 2, b)
    if first is None and second is None:
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {typename(a)}")
    common = common_dtype((x, y))
    if float_result and common.kind != "f":
        common = get_default_dtype().numpy
    # A number outside the integer range wraps around, as torch lets it.
    return cast(np.asarray(x), common), cast(np.asarray(y), common), first, second


def _operand(name: str, argument: str, position: int, x: Any) -> tuple[Any, Tensor | None]:
    if isinstance(x, TensorBase):
        tensor: Any = x
        return x.array, tensor
    if isinstance(x, (bool, int, float)):
        return x, None
    if isinstance(x, np.generic):
        return x.item(), None
    if isinstance(x, np.ndarray):
        from_numpy_dtype(x.dtype)
        return x, None
    raise TypeError(
        f"{name}(): argument '{argument}' (position {position}) must be Tensor, not {typename(x)}"
    )


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """Return the dtype with the smallest size and category that holds both.

    Args:
        type1: a dtype.
        type2: a dtype.

    Returns:
        The common dtype.

    Raises:
        TypeError: an argument is not a dtype.
    """
    for given in (type1, type2):
        if not isinstance(given, dtype):
            raise TypeError(f"promote_types(): arguments must be mytorch.dtype, not {typename(given)}")
    return from_numpy_dtype(promote_numpy(type1.numpy, type2.numpy))


def result_type(tensor: Operand, other: Operand) -> dtype:
    """Return the dtype that an arithmetic op on two operands has.

    Args:
        tensor: a tensor or a Python scalar.
        other: a tensor or a Python scalar.

    Returns:
        The common dtype.

    Raises:
        TypeError: an operand is neither a tensor nor a number.
    """
    x, _ = _operand("result_type", "tensor", 1, tensor)
    y, _ = _operand("result_type", "other", 2, other)
    return from_numpy_dtype(common_dtype((x, y)))


def can_cast(from_: dtype, to: dtype) -> bool:
    """Return whether torch converts between two dtypes in an op's result: never to a lower category.

    Args:
        from_: the dtype of the result.
        to: the dtype that it is converted to.

    Returns:
        False for float to integer or bool, and for integer to bool.
    """
    return from_.category <= to.category
