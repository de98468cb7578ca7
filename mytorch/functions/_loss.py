"""Helpers of the families of losses: the reduction, and the check of weights."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from mytorch.functions.reduction import sum
from mytorch.functions.statistics import mean

if TYPE_CHECKING:
    from mytorch._tensor import Tensor

_REDUCTIONS = ("mean", "sum", "none")


def reduced(loss: Tensor, reduction: str) -> Tensor:
    """Return the mean or the sum of the elements' losses, or the losses themselves for "none"."""
    if reduction == "none":
        return loss
    return sum(loss) if reduction == "sum" else mean(loss)


def chosen(reduction: str, size_average: bool | None = None, reduce: bool | None = None) -> str:
    """Return the checked reduction.

    Args:
        reduction: "mean", "sum" or "none".
        size_average: torch's deprecated spelling.
        reduce: torch's deprecated spelling.

    Returns:
        One of the three.

    Raises:
        ValueError: it has another value.
    """
    meant = legacy_reduction(size_average, reduce, stacklevel=4) or reduction
    if meant not in _REDUCTIONS:
        raise ValueError(f"{meant} is not a valid value for reduction")
    return meant


def legacy_reduction(size_average: bool | None, reduce: bool | None, stacklevel: int) -> str | None:
    """Translate the two deprecated flags, with torch's warning; None when neither is given."""
    if size_average is None and reduce is None:
        return None
    summed = "sum" if size_average is False else "mean"
    reduction = "none" if reduce is False else summed
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
        UserWarning,
        stacklevel=stacklevel,
    )
    return reduction


def require_constant(name: str, argument: str, given: Tensor | None) -> None:
    """Raise a RuntimeError for a weight that requires gradients: torch has no gradient for it either.

    Args:
        name: the function, named in errors.
        argument: the argument's name.
        given: the weight, or None.

    Raises:
        RuntimeError: it requires gradients.
    """
    if given is not None and given.requires_grad:
        raise RuntimeError(
            f"The function '{name}' is not differentiable with respect to argument '{argument}'. "
            "This input cannot have requires_grad True."
        )
