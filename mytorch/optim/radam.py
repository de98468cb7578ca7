"""RAdam: Adam whose adaptive rate waits until the mean of squares is known well enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.optim._moments import advance, require_moments
from mytorch.optim.optimizer import Optimizer

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch._core.types import Array
    from mytorch._tensor import Tensor
    from mytorch.optim.optimizer import Group, Params


class RAdam(Optimizer):
    """Step by the mean gradient alone at first, and as Adam does, times r, from the sixth step or so on.

    With g the gradient, t the number of the step, η lr, (β₁, β₂) betas and ε eps, a step is

        m ← β₁ m + (1 - β₁) g;   v ← β₂ v + (1 - β₂) g²;   m̂ = m / (1 - β₁ᵗ);
        ρ∞ = 2 / (1 - β₂) - 1;   ρ = ρ∞ - 2 t β₂ᵗ / (1 - β₂ᵗ);
        θ ← θ - η m̂ r √(1 - β₂ᵗ) / (√v + ε)  if ρ > 5, else  θ ← θ - η m̂,

    where r = √((ρ - 4)(ρ - 2) ρ∞ / ((ρ∞ - 4)(ρ∞ - 2) ρ)).

    Args:
        params: parameters, (name, parameter) pairs or groups; see Optimizer.
        lr: η, at least 0; a number or a one-element tensor.
        betas: (β₁, β₂), in [0, 1).
        eps: ε, at least 0.
        weight_decay: λ, at least 0; λ θ is added to the gradient.
        decoupled_weight_decay: whether θ is multiplied by 1 - η λ instead.
        foreach: accepted as in torch, where it chooses between ways to compute the same; no effect.
        maximize: whether to maximize instead of minimize.
        capturable: only False.
        differentiable: only False.

    Raises:
        ValueError: an option is out of its range.

    Source: Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond", ICLR 2020, in the form of
        https://docs.pytorch.org/docs/stable/generated/torch.optim.RAdam.html

    Examples:
        >>> w = mytorch.ones(2, requires_grad=True)
        >>> optimizer = optim.RAdam([w], lr=0.1)
        >>> (w * mytorch.tensor([1.0, -5.0])).sum().backward()
        >>> optimizer.step()
        >>> w.detach()
        tensor([0.9000, 1.5000])
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        require_moments(lr, betas, eps, weight_decay)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "decoupled_weight_decay": decoupled_weight_decay,
                "differentiable": differentiable,
            },
        )

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient; see Optimizer.step."""
        return self._update(closure, _descend)


def _descend(param: Array, grad: Array, group: Group, state: dict[str, Any]) -> None:
    """Take one step of one parameter, in place, in the order of operations of torch on a CPU."""
    _, mean, square, t, lr, (beta1, beta2), work = advance(param, grad, group, state)
    change = mean / (1 - beta1**t)
    change *= lr
    correction = 1 - beta2**t
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * t * beta2**t / correction
    if length > 5.0:
        np.sqrt(square, out=work)
        work += group["eps"]
        np.divide(correction**0.5, work, out=work)
        change *= work
        change *= _rectification(length, longest)
    param -= change


def _rectification(length: float, longest: float) -> float:
    """Return r, by how much less the adaptive rate varies than if the mean of squares were complete."""
    above = (length - 4) * (length - 2) * longest
    return float((above / ((longest - 4) * (longest - 2) * length)) ** 0.5)
