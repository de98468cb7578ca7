"""NAdam: Adam that looks ahead by the momentum of the next step, as Nesterov's method does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.optim._moments import advance, require_moments
from mytorch.optim._options import new_count, require_at_least_zero
from mytorch.optim.optimizer import Optimizer

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch._core.types import Array
    from mytorch._tensor import Tensor
    from mytorch.optim.optimizer import Group, Params


class NAdam(Optimizer):
    """Step as Adam does, by the gradient and the momentum that the next step will have.

    With g the gradient, t the number of the step, η lr, (β₁, β₂) betas, ψ momentum_decay and ε eps, a step is

        μₜ = β₁ (1 - ½ 0.96^(t ψ));   m ← β₁ m + (1 - β₁) g;   v ← β₂ v + (1 - β₂) g²;
        θ ← θ - η (μₜ₊₁ m / (1 - μ₁…μₜ₊₁) + (1 - μₜ) g / (1 - μ₁…μₜ)) / (√(v / (1 - β₂ᵗ)) + ε).

    Args:
        params: parameters, (name, parameter) pairs or groups; see Optimizer.
        lr: η, at least 0; a number or a one-element tensor.
        betas: (β₁, β₂), in [0, 1).
        eps: ε, at least 0.
        weight_decay: λ, at least 0; λ θ is added to the gradient.
        momentum_decay: ψ, at least 0.
        decoupled_weight_decay: whether θ is multiplied by 1 - η λ instead.
        foreach: accepted as in torch, where it chooses between ways to compute the same; no effect.
        maximize: whether to maximize instead of minimize.
        capturable: only False.
        differentiable: only False.

    Raises:
        ValueError: an option is out of its range.

    Source: Dozat, "Incorporating Nesterov Momentum into Adam", ICLR workshop 2016, in the form of
        https://docs.pytorch.org/docs/stable/generated/torch.optim.NAdam.html

    Examples:
        >>> w = mytorch.ones(2, requires_grad=True)
        >>> optimizer = optim.NAdam([w], lr=0.1)
        >>> (w * mytorch.tensor([1.0, -100.0])).sum().backward()
        >>> optimizer.step()
        >>> w.detach()
        tensor([0.8944, 1.1056])
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        require_moments(lr, betas, eps, weight_decay)
        require_at_least_zero(momentum_decay, "momentum_decay value")
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "momentum_decay": momentum_decay,
                "decoupled_weight_decay": decoupled_weight_decay,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
            },
        )

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient; see Optimizer.step."""
        return self._update(closure, _descend)


def _descend(param: Array, grad: Array, group: Group, state: dict[str, Any]) -> None:
    """Take one step of one parameter, in place, in the order of operations of torch on a CPU."""
    if not state:
        # In the order in which torch saves them, before the means.
        state["step"], state["mu_product"] = new_count(), new_count()
        state["mu_product"].array += 1
    grad, mean, square, t, lr, (beta1, beta2), work = advance(param, grad, group, state)
    mu, next_mu = (beta1 * (1 - 0.5 * 0.96 ** (at * group["momentum_decay"])) for at in (t, t + 1))
    state["mu_product"].array *= mu
    product = float(state["mu_product"].array)

    np.divide(square, 1 - beta2**t, out=work)
    np.sqrt(work, out=work)
    work += group["eps"]
    for moved, rate in ((grad, (1 - mu) / (1 - product)), (mean, next_mu / (1 - product * next_mu))):
        change = moved * (-lr * rate)
        change /= work
        param += change
