"""Adadelta: steps as large as earlier steps were, with no rate to tune."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import wrap
from mytorch.optim._options import as_number, new_count, require_at_least_zero, require_rate
from mytorch.optim.optimizer import Optimizer

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch._core.types import Array
    from mytorch._tensor import Tensor
    from mytorch.optim.optimizer import Group, Params


class Adadelta(Optimizer):
    """Step by the gradient times the root mean square of earlier changes over that of the gradients.

    With g the gradient, λ weight_decay, ρ rho, η lr and ε eps, a step is

        g ← g + λ θ;   v ← ρ v + (1 - ρ) g²;   Δ ← √(u + ε) / √(v + ε) g;
        u ← ρ u + (1 - ρ) Δ²;   θ ← θ - η Δ.

    Args:
        params: parameters, (name, parameter) pairs or groups; see Optimizer.
        lr: η, at least 0; a number or a one-element tensor.
        rho: ρ, from 0 to 1.
        eps: ε, at least 0; added under both roots. The first steps are as large as its root allows.
        weight_decay: λ, at least 0.
        foreach: accepted as in torch, where it chooses between ways to compute the same; no effect.
        capturable: only False.
        maximize: whether to maximize instead of minimize.
        differentiable: only False.

    Raises:
        ValueError: an option is out of its range.

    Source: Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012, arXiv:1212.5701, in the form of
        https://docs.pytorch.org/docs/stable/generated/torch.optim.Adadelta.html

    Examples:
        >>> w = mytorch.ones(2, requires_grad=True)
        >>> optimizer = optim.Adadelta([w], rho=0.75, eps=0.0025)
        >>> (w * mytorch.tensor([1.0, -100.0])).sum().backward()
        >>> optimizer.step()
        >>> w.detach()
        tensor([0.9005, 1.1000])
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        require_rate(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        require_at_least_zero(eps, "epsilon value")
        require_at_least_zero(weight_decay, "weight_decay value")
        super().__init__(
            params,
            {
                "lr": lr,
                "rho": rho,
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
                "capturable": capturable,
                "foreach": foreach,
                "differentiable": differentiable,
            },
        )

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient; see Optimizer.step."""
        return self._update(closure, _descend)


def _descend(param: Array, grad: Array, group: Group, state: dict[str, Any]) -> None:
    """Take one step of one parameter, in place, in the order of operations of torch on a CPU."""
    weight_decay, rho, eps = (as_number(group[name]) for name in ("weight_decay", "rho", "eps"))
    if not state:
        state["step"] = new_count()
        state["square_avg"] = wrap(np.zeros_like(param))
        state["acc_delta"] = wrap(np.zeros_like(param))
    state["step"].array += 1
    if weight_decay:
        grad = grad + param * weight_decay

    squares, changes = state["square_avg"].array, state["acc_delta"].array
    _average(squares, grad, rho)
    change = np.sqrt(changes + eps)
    change /= np.sqrt(squares + eps)
    change *= grad
    _average(changes, change, rho)
    change *= as_number(group["lr"])
    param -= change


def _average(mean: Array, value: Array, rho: float) -> None:
    """Move a running mean of squares towards the square of a value, in place."""
    mean *= rho
    square = value * (1 - rho)
    square *= value
    mean += square
