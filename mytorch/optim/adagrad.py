"""Adagrad: steps divided by the root of the sum of all squared gradients."""

from __future__ import annotations

from functools import partial
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


class Adagrad(Optimizer):
    """Step by the gradient over the root of the sum of its squares so far.

    With g the gradient, t the number of the step, λ weight_decay, η lr, κ lr_decay and ε eps, a step is

        g ← g + λ θ;   s ← s + g²;   θ ← θ - η / (1 + (t - 1) κ) g / (√s + ε).

    Args:
        params: parameters, (name, parameter) pairs or groups; see Optimizer.
        lr: η, at least 0; a number or a one-element tensor.
        lr_decay: κ, at least 0; the first step has the whole rate.
        weight_decay: λ, at least 0.
        initial_accumulator_value: what s starts from, at least 0. As in torch, this argument holds for all
            groups, and an option of that name in a group has no effect.
        eps: ε, at least 0; added after the root.
        foreach: accepted as in torch, where it chooses between ways to compute the same; no effect.
        maximize: whether to maximize instead of minimize.
        differentiable: only False.
        fused: accepted as `foreach` is; no effect.

    Raises:
        ValueError: an option is out of its range.

    Source: Duchi, Hazan & Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic
        Optimization", JMLR 2011, in the form of
        https://docs.pytorch.org/docs/stable/generated/torch.optim.Adagrad.html

    Examples:
        >>> w = mytorch.ones(2, requires_grad=True)
        >>> optimizer = optim.Adagrad([w], lr=0.1)
        >>> (w * mytorch.tensor([1.0, -100.0])).sum().backward()
        >>> optimizer.step()
        >>> w.detach()
        tensor([0.9000, 1.1000])
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        require_rate(lr)
        require_at_least_zero(lr_decay, "lr_decay value")
        require_at_least_zero(weight_decay, "weight_decay value")
        require_at_least_zero(initial_accumulator_value, "initial_accumulator_value value")
        require_at_least_zero(eps, "epsilon value")
        super().__init__(
            params,
            {
                "lr": lr,
                "lr_decay": lr_decay,
                "eps": eps,
                "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "fused": fused,
            },
        )
        # A saved state names all parameters, also those that never get a gradient.
        for group in self.param_groups:
            for param in group["params"]:
                self.state[param] = _start(param.array, initial_accumulator_value)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient; see Optimizer.step."""
        return self._update(closure, partial(_descend, start=self.defaults["initial_accumulator_value"]))


def _start(param: Array, value: float) -> dict[str, Any]:
    return {"step": new_count(), "sum": wrap(np.full_like(param, as_number(value)))}


def _descend(param: Array, grad: Array, group: Group, state: dict[str, Any], *, start: float) -> None:
    """Take one step of one parameter, in place, in the order of operations of torch on a CPU."""
    lr, weight_decay = as_number(group["lr"]), as_number(group["weight_decay"])
    if not state:
        # A parameter of a group that was added later.
        state.update(_start(param, start))
    state["step"].array += 1
    before = float(state["step"].array) - 1
    if weight_decay:
        grad = grad + param * weight_decay

    total = state["sum"].array
    total += grad * grad
    root = np.sqrt(total)
    root += as_number(group["eps"])
    change = grad / root
    change *= -lr / (1 + before * as_number(group["lr_decay"]))
    param += change
