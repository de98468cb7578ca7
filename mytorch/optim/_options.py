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


def require_moments(lr: Any, betas: Any, eps: Any, weight_decay: Any) -> None:
    """Refuse options that an optimizer with running means of gradients and squares cannot have.

    Args:
        lr: a number or a one-element tensor, at least 0.
        betas: two numbers in [0, 1).
        eps: at least 0.
        weight_decay: at least 0.

    Raises:
        ValueError: one of them is out of its range.
    """
    if isinstance(lr, TensorBase) and lr.array.size != 1:
        raise ValueError(f"Tensor lr must be 1-element, got shape {lr.shape}")
    require_at_least_zero(lr, "learning rate")
    require_at_least_zero(eps, "epsilon value")
    for i, beta in enumerate(betas):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
    require_at_least_zero(weight_decay, "weight_decay value")


def as_number(option: Any) -> float:
    """Return an option as a Python float, which never widens the dtype of an array that it meets."""
    return float(option)


def new_count() -> Tensor:
    """Return a count of no steps, in the dtype in which torch counts them."""
    return wrap(np.zeros((), np.float64 if get_default_dtype() is float64 else np.float32))
