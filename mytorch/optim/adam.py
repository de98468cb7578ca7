"""Adam, with its variants AMSGrad and decoupled weight decay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import wrap
from mytorch.optim._moments import advance, require_moments
from mytorch.optim.optimizer import Optimizer

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch._core.types import Array
    from mytorch._tensor import Tensor
    from mytorch.optim.optimizer import Group, Params


class Adam(Optimizer):
    """Step by the running mean of the gradient over the root of the running mean of its square.

    With g the gradient, t the number of the step, η lr, (β₁, β₂) betas and ε eps, a step is

        m ← β₁ m + (1 - β₁) g;   v ← β₂ v + (1 - β₂) g²;
        θ ← θ - η m / (1 - β₁ᵗ) / (√v / √(1 - β₂ᵗ) + ε).

    Args:
        params: parameters, (name, parameter) pairs or groups; see Optimizer.
        lr: η, at least 0; a number or a one-element tensor.
        betas: (β₁, β₂), two floats in [0, 1).
        eps: ε, at least 0.
        weight_decay: λ, at least 0; λ θ is added to the gradient.
        amsgrad: whether the largest v so far is used instead of v.
        foreach: accepted as in torch, where it chooses between ways to compute the same; no effect.
        maximize: whether to maximize instead of minimize.
        capturable: only False.
        differentiable: only False.
        fused: accepted as `foreach` is; no effect.
        decoupled_weight_decay: whether θ is multiplied by 1 - η λ instead (AdamW).

    Raises:
        ValueError: an option is out of its range.

    Source: Kingma & Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015; Reddi et al. 2018 (AMSGrad);
        Loshchilov & Hutter 2019 (decoupled weight decay); in the form of
        https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html

    Examples:
        >>> w = mytorch.ones(2, requires_grad=True)
        >>> optimizer = optim.Adam([w], lr=0.1)
        >>> (w * mytorch.tensor([1.0, -100.0])).sum().backward()
        >>> optimizer.step()
        >>> w.detach()
        tensor([0.9000, 1.1000])
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        require_moments(lr, betas, eps, weight_decay)
        if not all(isinstance(beta, float) for beta in betas):
            raise ValueError(f"betas must be both floats, got {betas}")
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": tuple(betas),
                "eps": eps,
                "weight_decay": weight_decay,
                "amsgrad": amsgrad,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
                "fused": fused,
                "decoupled_weight_decay": decoupled_weight_decay,
            },
        )

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient; see Optimizer.step."""
        return self._update(closure, _descend)


def _descend(param: Array, grad: Array, group: Group, state: dict[str, Any]) -> None:
    """Take one step of one parameter, in place, in the order of operations of torch on a CPU."""
    _, mean, square, t, lr, (beta1, beta2), work = advance(param, grad, group, state)
    if group["amsgrad"]:
        if "max_exp_avg_sq" not in state:
            state["max_exp_avg_sq"] = wrap(np.zeros_like(param))
        largest = state["max_exp_avg_sq"].array
        square = np.maximum(largest, square, out=largest)
    # The bias corrections are Python scalars, so double precision costs nothing.
    np.sqrt(square, out=work)
    work /= (1 - beta2**t) ** 0.5
    work += group["eps"]
    change = mean * (-lr / (1 - beta1**t))
    change /= work
    param += change
