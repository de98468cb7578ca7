"""AdamW: Adam with decoupled weight decay, which is not part of the gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch.optim.adam import Adam

if TYPE_CHECKING:
    from mytorch._tensor import Tensor
    from mytorch.optim.optimizer import Params


class AdamW(Adam):
    """Multiply every parameter θ by 1 - η λ, then step as Adam does.

    Args:
        params: parameters, (name, parameter) pairs or groups; see Optimizer.
        lr: η, at least 0; a number or a one-element tensor.
        betas: (β₁, β₂), two floats in [0, 1).
        eps: ε, at least 0.
        weight_decay: λ, at least 0.
        amsgrad: whether the largest v so far is used instead of v.
        maximize: whether to maximize instead of minimize.
        foreach: accepted as in torch, where it chooses between ways to compute the same; no effect.
        capturable: only False.
        differentiable: only False.
        fused: accepted as `foreach` is; no effect.

    Raises:
        ValueError: an option is out of its range.

    Source: Loshchilov & Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, in the form of
        https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html

    Examples:
        >>> w = mytorch.ones(2, requires_grad=True)
        >>> optimizer = optim.AdamW([w], lr=0.1, weight_decay=0.5)
        >>> (w * mytorch.tensor([1.0, -100.0])).sum().backward()
        >>> optimizer.step()
        >>> w.detach()
        tensor([0.8500, 1.0500])
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            maximize=maximize,
            foreach=foreach,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )
