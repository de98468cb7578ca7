"""One aten operation on all replicates of its operands at once.

By a rule for the operations that programs mostly consist of; what has none here runs once for each replicate,
which is slower and no less right.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from conformance.replicates import Replicates

    Rule = Callable[..., Tensor]

# Each element of the result depends on one element of each operand, and the operands broadcast.
# fmt: off
_ELEMENTWISE = frozenset({
    "_to_copy", "abs", "add", "addcdiv", "addcmul", "ceil", "clamp", "clamp_max", "clamp_min", "clone",
    "cos", "div", "div_mode", "eq", "erf", "exp", "expm1", "floor", "floor_divide", "ge", "gt",
    "isinf", "isnan", "le", "lerp", "log", "log1p", "logical_and", "logical_not", "logical_or",
    "logical_xor", "lt", "maximum", "minimum", "mul", "ne", "neg", "pow", "reciprocal", "relu", "remainder",
    "round", "rsqrt", "rsub", "sgn", "sigmoid", "sigmoid_backward", "sign", "sin", "sqrt", "sub", "tanh",
    "tanh_backward", "threshold_backward", "trunc", "where", "zero",
})
# fmt: on


def tensors(values: Any) -> list[Tensor]:
    """Return the tensors among values, in lists too."""
    found: list[Tensor] = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, (list, tuple)):
            found += tensors(value)
    return found


def batched(
    func: Callable[..., Any], name: str, args: Sequence[Any], kwargs: Mapping[str, Any], held: Replicates
) -> list[Tensor | None]:
    """Run an operation on the replicates of its operands; one in place changes them there.

    Args:
        func: the aten operation.
        name: its base name.
        args: its arguments, clean.
        kwargs: those by name.
        held: the replicates.

    Returns:
        For each of its results the replicates, (count, *shape); None for what is no tensor, or of another
        shape in some replicate.
    """
    # The result of operands that have no replicates would not fit those that it is written into.
    if name in _ELEMENTWISE and "out" not in kwargs:
        aligned, named = align(args, kwargs, held)
        return [func(*aligned, **named)]
    in_place = func._schema.is_mutable  # type: ignore[attr-defined]  # noqa: SLF001 - its only door
    if name in _RULES and not in_place:
        return [_RULES[name](held, *args, **kwargs)]
    rows = [_row(func, args, kwargs, held, k) for k in range(held.count)]
    return [] if in_place else [_stacked(column) for column in zip(*rows, strict=True)]


def align(
    args: Sequence[Any], kwargs: Mapping[str, Any], held: Replicates
) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments with replicates for tensors, of one rank, so that they broadcast as those do."""
    rank = max(each.dim() for each in tensors((*args, *kwargs.values())))
    swap = partial(_of_rank, held=held, rank=rank)
    return _swapped(args, swap), {key: _swapped(value, swap) for key, value in kwargs.items()}


def _of_rank(clean: Tensor, held: Replicates, rank: int) -> Tensor:
    found = held.get(clean)
    if found is None:
        return clean
    return found.view(held.count, *(1,) * (rank - clean.dim()), *clean.shape) if rank > clean.dim() else found


def _swapped(value: Any, swap: Callable[[Tensor], Tensor]) -> Any:
    if isinstance(value, Tensor):
        return swap(value)
    return [_swapped(each, swap) for each in value] if isinstance(value, (list, tuple)) else value


def _row(
    func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], held: Replicates, k: int
) -> Sequence[Any]:
    """Return what one replicate gives; a yes or no, as of `equal`, in a tensor."""

    def swap(clean: Tensor) -> Tensor:
        found = held.get(clean)
        return clean if found is None else found[k]

    out = func(*_swapped(args, swap), **{key: _swapped(value, swap) for key, value in kwargs.items()})
    outs = out if isinstance(out, (tuple, list)) else (out,)
    return [torch.tensor(each) if isinstance(each, bool) else each for each in outs]


def _stacked(column: Sequence[Any]) -> Tensor | None:
    if not isinstance(column[0], Tensor) or any(each.shape != column[0].shape for each in column):
        return None
    return torch.stack(list(column))


def _every(clean: Tensor, held: Replicates) -> Tensor:
    """Return the replicates of a tensor, or itself in the place of each."""
    found = held.get(clean)
    return clean.expand(held.count, *clean.shape) if found is None else found


def _product(held: Replicates, a: Tensor, b: Tensor) -> Tensor:
    return torch.matmul(_of_rank(a, held, a.dim()), _of_rank(b, held, b.dim()))


def _added_product(
    held: Replicates, c: Tensor, a: Tensor, b: Tensor, *, beta: float = 1, alpha: float = 1
) -> Tensor:
    return beta * _of_rank(c, held, a.dim()) + alpha * _product(held, a, b)


def _from_the_end(dim: int, rank: int) -> int:
    """Return a dimension as it counts from the last, where it is the same in front of replicates."""
    return dim if dim < 0 else dim - rank


def _reduction(reduce: Rule) -> Rule:
    def rule(held: Replicates, x: Tensor, dim: Any = None, keepdim: bool = False, **kwargs: Any) -> Tensor:
        # No dimension named is every dimension.
        dims = [_from_the_end(d, x.dim()) for d in dim or range(x.dim())]
        full = _every(x, held)
        return reduce(full, dims, keepdim, **kwargs) if dims else full.clone()

    return rule


def _join(join: Rule, more: int) -> Rule:
    """Return the rule of what joins tensors into one of so many more dimensions."""

    def rule(held: Replicates, parts: Sequence[Tensor], dim: int = 0) -> Tensor:
        rank = max(part.dim() for part in parts)
        # torch joins an empty vector to anything.
        whole = [_every(part, held) for part in parts if part.dim() == rank]
        return join(whole, _from_the_end(dim, rank + more))

    return rule


def _undone(put: Rule) -> Rule:
    """Return the rule of what puts a gradient back where it was taken from."""

    def rule(held: Replicates, grad: Tensor, sizes: Sequence[int], dim: int, *where: Any) -> Tensor:
        return put(_every(grad, held), [held.count, *sizes], _from_the_end(dim, len(sizes)), *where)

    return rule


_RULES: Mapping[str, Rule] = {
    "mm": _product,
    "bmm": _product,
    "addmm": _added_product,
    "baddbmm": _added_product,
    "sum": _reduction(torch.ops.aten.sum.dim_IntList),
    "mean": _reduction(torch.ops.aten.mean.dim),
    "cat": _join(torch.cat, 0),
    "stack": _join(torch.stack, 1),
    "select_backward": _undone(torch.ops.aten.select_backward),
    "slice_backward": _undone(torch.ops.aten.slice_backward),
}
