"""torch's old order of arguments, with a factor before what it multiplies: deprecated there too."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from mytorch.functions._check import number_of

if TYPE_CHECKING:
    from typing import Any

    from mytorch._tensor import Tensor


def factor_and_operand(name: str, first: Any, rest: tuple[Any, ...], alpha: Any) -> tuple[Any, Any]:
    """Read `add(input, alpha, other)`, and warn of it.

    Args:
        name: the function.
        first: the argument after the input.
        rest: the arguments after that one.
        alpha: the factor that was given by name.

    Returns:
        The factor, and the other operand.

    Raises:
        TypeError: there are more arguments, or two factors, or the first one is not a number.
    """
    if len(rest) != 1 or alpha != 1:
        raise TypeError(
            f"{name}() takes one operand and, by name, alpha, but got {1 + len(rest)} arguments by position"
        )
    number_of(name, "alpha", first, 1)
    _warn(name, "Number alpha, Tensor other", "Tensor other, *, Number alpha = 1")
    return first, rest[0]


def factor_and_factors(
    name: str, first: Any, second: Tensor, rest: tuple[Tensor, ...], value: Any
) -> tuple[Any, Tensor, Tensor]:
    """Read `addcmul(input, value, tensor1, tensor2)`, and warn of it.

    Args:
        name: the function.
        first: the argument after the input.
        second: the argument after that one.
        rest: the arguments after these.
        value: the factor that was given by name.

    Returns:
        The factor, and the two tensors.

    Raises:
        TypeError: there are more arguments, or two factors, or the first one is not a number.
    """
    if len(rest) != 1 or value != 1:
        raise TypeError(
            f"{name}() takes two tensors and, by name, value, but got {2 + len(rest)} arguments by position"
        )
    number_of(name, "value", first, 1)
    _warn(
        name,
        "Number value, Tensor tensor1, Tensor tensor2",
        "Tensor tensor1, Tensor tensor2, *, Number value = 1",
    )
    return first, second, rest[0]


def _warn(name: str, old: str, new: str) -> None:
    warnings.warn(
        f"This overload of {name} is deprecated:\n\t{name}({old})\n"
        f"Consider using one of the following signatures instead:\n\t{name}({new})",
        UserWarning,
        stacklevel=4,
    )
