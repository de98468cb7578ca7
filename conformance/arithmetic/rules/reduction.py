"""Rules of sums, means and extremes over dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from conformance.arithmetic.rounding import chain, magnitude, scaled, terms
from conformance.arithmetic.rules import measuring
from conformance.arithmetic.rules.rule import HIGHAM, Operands, Rule, exact, rounded

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from conformance.arithmetic.replicates import Replicates


def _axes(value: Any) -> Any:
    return None if value is None or value == [] else value


def _sum(x: Tensor, dim: Any = None, keepdim: bool = False, **_: Any) -> Tensor:
    size: Tensor = magnitude(x).sum(_axes(dim), keepdim)
    return scaled(size, chain(terms(x, size)))


def _mean(x: Tensor, dim: Any = None, keepdim: bool = False, **_: Any) -> Tensor:
    size: Tensor = magnitude(x).mean(_axes(dim), keepdim)
    return scaled(size, 1 + chain(terms(x, size)))


def _together(reduce: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return a function that reduces all replicates at once, over dimensions counted from the last."""

    def reduced(held: Replicates, x: Tensor, dim: Any = None, keepdim: bool = False, **kwargs: Any) -> Tensor:
        # Without a dimension every dimension is reduced; a tensor without any has none to reduce.
        dims = [d if d < 0 else d - x.dim() for d in dim or range(x.dim())] if x.dim() else []
        full = held.every(x)
        return reduce(full, dims, keepdim, **kwargs) if dims else full.clone()

    return reduced


_PICKED = "returns elements of its operand"

RULES: tuple[Rule, ...] = (
    rounded(
        "sum",
        Operands(_sum, "√(n/3) roundings of Σ|x|"),
        measuring.reduction(lambda t, x: t.sum(x, [1])),
        measuring.reduction(lambda t, x: t.sum(x, [1]), positive=True),
        measuring.reduction(lambda t, x: t.sum(x, [0]), positive=True, rows=False),
        source=HIGHAM,
        complexes=True,
        together=_together(torch.ops.aten.sum.dim_IntList),
    ),
    rounded(
        "mean",
        Operands(_mean, "1 + √(n/3) roundings of the mean of |x|"),
        measuring.reduction(lambda t, x: t.mean(x, [1])),
        measuring.reduction(lambda t, x: t.mean(x, [0]), positive=True, rows=False),
        source=HIGHAM,
        complexes=True,
        together=_together(torch.ops.aten.mean.dim),
    ),
    *exact("amax", source=_PICKED, together=_together(torch.amax)),
    *exact("amin", source=_PICKED, together=_together(torch.amin)),
    *exact("max", "median", "min", source=_PICKED),
    *exact("argmax", "argmin", source="returns positions, which are integers"),
)
