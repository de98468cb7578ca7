"""Options of optimizers: what is refused, and how they meet arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


def require_at_least_zero(value: Any, text: str) -> None:
    """Refuse a negative option.

    Args:
        value: the option.
        text: its name in the message.

    Raises:
        ValueError: it is negative.
    """
    if value < 0.0:
        raise ValueError(f"Invalid {text}: {value}")


def as_number(option: Any) -> float:
    """Return an option as a Python float, which never widens the dtype of an array that it meets."""
    return float(option)
