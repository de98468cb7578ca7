"""RMSprop: steps divided by a running root mean square of the gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import wrap
from mytorch.optim._moments import interpolate
from mytorch.optim._options import as_number, new_count, require_at_least_zero, require_rate
from mytorch.optim.optimizer import Optimizer

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch._core.types import Array
    from mytorch._tensor import Tensor
    from mytorch.optim.optimizer import Group, Params


class RMSprop(Optimizer):
    """Step by the gradient over the root of the running mean of its square.

    With g the gradient, α alpha, μ momentum, λ weight_decay, η lr and ε eps, a step is

        g ← g + λ θ;   v ← α v + (1 - α) g²;   θ ← θ - η g / (√v + ε),

    with v - m² instead of v under the root if centered, where m ← α m + (1 - α) g; and with momentum
    b ← μ b + g / (√v + ε);   θ ← θ - η b.

    Args:
        params: parameters, (name, parameter) pairs or groups; see Optimizer.
        lr: η, at least 0; a number or a one-element tensor.
        alpha: α, at least 0.
        eps: ε, at least 0; added after the root.
        weight_decay: λ, at least 0.
        momentum: μ, at least 0.
        centered: whether the gradient is divided by its running standard deviation instead.
        capturable: only False.
        foreach: accepted as in torch, where it chooses between ways to compute the same; no effect.
        maximize: whether to maximize instead of minimize.
        differentiable: only False.

    Raises:
        ValueError: an option is out of its range.

    Source: Hinton, lecture 6e of "Neural Networks for Machine Learning", 2012; centered: Graves 2013,
        arXiv:1308.0850; in the form of https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html

    Examples:
        >>> w = mytorch.ones(2, requires_grad=True)
        >>> optimizer = optim.RMSprop([w], lr=0.01)
        >>> (w * mytorch.tensor([1.0, -100.0])).sum().backward()
        >>> optimizer.step()
        >>> w.detach()
        tensor([0.9000, 1.1000])
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        require_rate(lr)
        require_at_least_zero(eps, "epsilon value")
        require_at_least_zero(momentum, "momentum value")
        require_at_least_zero(weight_decay, "weight_decay value")
        require_at_least_zero(alpha, "alpha value")
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "alpha": alpha,
                "eps": eps,
                "centered": centered,
                "weight_decay": weight_decay,
                "capturable": capturable,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
            },
        )

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient; see Optimizer.step."""
        return self._update(closure, _descend)


def _descend(param: Array, grad: Array, group: Group, state: dict[str, Any]) -> None:
    """Take one step of one parameter, in place, in the order of operations of torch on a CPU."""
    lr, weight_decay = as_number(group["lr"]), as_number(group["weight_decay"])
    alpha, momentum = as_number(group["alpha"]), as_number(group["momentum"])
    if not state:
        state["step"] = new_count()
        state["square_avg"] = wrap(np.zeros_like(param))
        if momentum > 0:
            state["momentum_buffer"] = wrap(np.zeros_like(param))
        if group["centered"]:
            state["grad_avg"] = wrap(np.zeros_like(param))
    state["step"].array += 1
    if weight_decay:
        grad = grad + param * weight_decay

    work = np.empty_like(param)
    np.multiply(grad, 1 - alpha, out=work)
    work *= grad
    square = state["square_avg"].array
    square *= alpha
    square += work
    if group["centered"]:
        mean = state["grad_avg"].array
        interpolate(mean, grad, 1 - alpha, work)
        np.multiply(mean, mean, out=work)
        np.subtract(square, work, out=work)
        np.sqrt(work, out=work)
    else:
        np.sqrt(square, out=work)
    work += as_number(group["eps"])

    if momentum > 0:
        np.divide(grad, work, out=work)
        buffer = state["momentum_buffer"].array
        buffer *= momentum
        buffer += work
        param -= buffer * lr
    else:
        change = grad * -lr
        change /= work
        param += change
