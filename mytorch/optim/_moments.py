"""What Adam, NAdam and RAdam have in common: running means of the gradient and of its square."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mytorch._core.base import wrap
from mytorch.optim._options import as_number, new_count, require_at_least_zero, require_rate

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array
    from mytorch.optim.optimizer import Group


class Moments(NamedTuple):
    """What a step is made of, after its gradient is in the running means.

    Attributes:
        grad: g, with what weight decay adds to it.
        mean: m, kept in the state.
        square: v, kept in the state.
        t: the number of the step, from 1.
        lr: η.
        betas: (β₁, β₂).
        work: an array of the same shape, to write into.
    """

    grad: Array
    mean: Array
    square: Array
    t: float
    lr: float
    betas: tuple[float, float]
    work: Array


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
    require_rate(lr)
    require_at_least_zero(eps, "epsilon value")
    for i, beta in enumerate(betas):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
    require_at_least_zero(weight_decay, "weight_decay value")


def advance(param: Array, grad: Array, group: Group, state: dict[str, Any]) -> Moments:
    """Count a step, decay the weights, and move the running means, in torch's order of operations.

    Args:
        param: changed in place where weight decay is decoupled.
        grad: its gradient.
        group: the options.
        state: filled at the first step.
    """
    lr, weight_decay = as_number(group["lr"]), as_number(group["weight_decay"])
    beta1, beta2 = group["betas"]
    if "exp_avg" not in state:
        state.setdefault("step", new_count())
        state["exp_avg"] = wrap(np.zeros_like(param))
        state["exp_avg_sq"] = wrap(np.zeros_like(param))
    state["step"].array += 1
    mean, square = state["exp_avg"].array, state["exp_avg_sq"].array

    if weight_decay and group["decoupled_weight_decay"]:
        param *= 1 - lr * weight_decay
    elif weight_decay:
        grad = grad + param * weight_decay

    work = np.empty_like(param)
    interpolate(mean, grad, 1 - beta1, work)
    square *= beta2
    np.multiply(grad, 1 - beta2, out=work)
    work *= grad
    square += work
    return Moments(grad, mean, square, float(state["step"].array), lr, (beta1, beta2), work)


def interpolate(mean: Array, grad: Array, weight: float, work: Array) -> None:
    """Move `mean` towards `grad` by `weight`, from the nearer end, which loses less to rounding.

    Args:
        mean: the array that moves, in place.
        grad: the target, of the same shape.
        weight: the fraction of the way, 0 to 1.
        work: overwritten, of the same shape.
    """
    np.subtract(grad, mean, out=work)
    if weight < 0.5:
        work *= weight
        mean += work
    else:
        work *= 1 - weight
        np.subtract(grad, work, out=mean)
