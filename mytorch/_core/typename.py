"""The name of a value's type, as torch's messages give it."""

from __future__ import annotations

from mytorch._core.base import TensorBase
from mytorch._core.dtypes import SCALAR_TYPE_NAMES


def typename(value: object) -> str:
    """Name the type of a value for a message.

    Args:
        value: anything.

    Returns:
        The bare name of a built-in type; of a tensor, the kind of its elements, as "mytorch.FloatTensor"; of
        any other type, the name with its module.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.typename.html
    """
    if isinstance(value, TensorBase):
        return f"mytorch.{SCALAR_TYPE_NAMES[value.dtype]}Tensor"
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
