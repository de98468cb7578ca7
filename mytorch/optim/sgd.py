"""Stochastic gradient descent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import wrap
from mytorch.optim._options import as_number, refuse_negative, require_one_element
from mytorch.optim.optimizer import Optimizer

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch._core.types import Array
    from mytorch._tensor import Tensor
    from mytorch.optim.optimizer import Group, Params


class SGD(Optimizer):
    """Step against the gradient, or with momentum against a running sum of gradients.

    With g the gradient, λ weight_decay, μ momentum, τ dampening and η lr, a step is

        g ← g + λ θ;   b ← μ b + (1 - τ) g  (b ← g the first time);   θ ← θ - η b,

    with g + μ b instead of b in Nesterov's form, and with g if μ is 0.

    Args:
        params: parameters, (name, parameter) pairs or groups; see Optimizer.
        lr: η, at least 0; a number or a one-element tensor.
        momentum: μ, at least 0.
        dampening: τ.
        weight_decay: λ, at least 0.
        nesterov: whether to look ahead along the momentum; needs momentum and no dampening.
        maximize: whether to maximize instead of minimize.
        foreach: accepted as in torch, where it chooses between ways to compute the same; no effect.
        differentiable: only False.
        fused: accepted as `foreach` is; no effect.

    Raises:
        ValueError: an option is out of its range.

    Source: Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML 2013,
        in the form of https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html

    Examples:
        >>> w = mytorch.ones(2, requires_grad=True)
        >>> optimizer = optim.SGD([w], lr=0.1)
        >>> (w * mytorch.tensor([1.0, -2.0])).sum().backward()
        >>> optimizer.step()
        >>> w.detach()
        tensor([0.9000, 1.2000])
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        require_one_element(lr)
        refuse_negative(lr, "learning rate")
        refuse_negative(momentum, "momentum value")
        refuse_negative(weight_decay, "weight_decay value")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError(
                "Nesterov momentum requires a momentum and zero dampening, "
                f"got momentum={momentum}, dampening={dampening}"
            )
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
                "maximize": maximize,
                "foreach": foreach,
                "differentiable": differentiable,
                "fused": fused,
            },
        )

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient; see Optimizer.step."""
        return self._update(closure, _descend)


def _descend(param: Array, grad: Array, group: Group, state: dict[str, Any]) -> None:
    """Take one step of one parameter, in place."""
    weight_decay, momentum = as_number(group["weight_decay"]), as_number(group["momentum"])
    if weight_decay:
        grad = grad + param * weight_decay
    if momentum:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            # A copy, because the next backward reuses the gradient's own array, or adds to it.
            buffer = state["momentum_buffer"] = wrap(np.array(grad))
        else:
            buffer.array *= momentum
            buffer.array += grad * (1 - as_number(group["dampening"]))
        grad = grad + buffer.array * momentum if group["nesterov"] else buffer.array
    param -= grad * as_number(group["lr"])
