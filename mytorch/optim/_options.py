"""Options of optimizers: what is refused, and how they meet arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase, wrap
from mytorch._core.dtypes import float64, get_default_dtype

if TYPE_CHECKING:
    from typing import Any

    from mytorch._tensor import Tensor


def require_at_least_zero(value: Any, text: str) -> None:
    """Refuse an option that is negative or NaN.

    Args:
        value: the option.
        text: its name in the message.

    Raises:
        ValueError: it is not at least zero.
    """
    if not value >= 0.0:
        raise ValueError(f"Invalid {text}: {value}")


def refuse_negative(value: Any, text: str) -> None:
    """Refuse an option as `require_at_least_zero` does, but let NaN pass, as torch's SGD does.

    Args:
        value: the option.
        text: its name in the message.

    Raises:
        ValueError: it is negative.
    """
    if value < 0.0:
        raise ValueError(f"Invalid {text}: {value}")


def require_one_element(lr: Any) -> None:
    """Refuse a learning rate that is a tensor of several elements, or of none.

    Args:
        lr: a number or a tensor.

    Raises:
        ValueError: it is such a tensor.
    """
    if isinstance(lr, TensorBase) and lr.array.size != 1:
        raise ValueError(f"Tensor lr must be 1-element, got shape {lr.shape}")


def require_rate(lr: Any) -> None:
    """Refuse a learning rate that is negative, NaN, or a tensor of several elements.

    Args:
        lr: a number or a tensor.

    Raises:
        ValueError: it is not one number of at least zero.
    """
    require_one_element(lr)
    require_at_least_zero(lr, "learning rate")


def as_number(option: Any) -> float:
    """Return an option as a Python float, which never widens the dtype of an array that it meets."""
    return float(option)


def new_count() -> Tensor:
    """Return a count of no steps, in the dtype in which torch counts them."""
    return wrap(np.zeros((), np.float64 if get_default_dtype() is float64 else np.float32))
