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

    from conformance.arithmetic.replicates import Replicates

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
# Those which, in place, broadcast all else to what they write into.
_IN_PLACE = _ELEMENTWISE | {"copy"}


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
    """Run an operation that writes into none of its operands on the replicates of all.

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
    if name in _ELEMENTWISE:
        aligned, named = align(args, kwargs, held)
        # A layout is asked of the clean result, which has one dimension less.
        return [func(*aligned, **{key: value for key, value in named.items() if key != "memory_format"})]
    if name in _RULES:
        return [_RULES[name](held, *args, **kwargs)]
    rows = [_row(func, args, kwargs, held, k) for k in range(held.count)]
    return [_stacked(column) for column in zip(*rows, strict=True)]


def written(
    func: Callable[..., Any],
    name: str,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    targets: Sequence[Tensor],
    held: Replicates,
) -> list[Tensor | None]:
    """Run likewise an operation that writes into some of its operands, `targets`; they are left as they are.

    Returns:
        For each target what the replicates would have written, as `batched` does.
    """
    if name in _IN_PLACE and "out" not in kwargs:
        (_, *others), named = align(args, kwargs, held)
        own = _every(targets[0], held).clone()
        func(own, *others, **named)
        return [own]
    rows = [_written_row(func, args, kwargs, targets, held, k) for k in range(held.count)]
    return [_stacked(column) for column in zip(*rows, strict=True)]


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
    swap = partial(_alone, held=held, k=k)
    out = func(*_swapped(args, swap), **{key: _swapped(value, swap) for key, value in kwargs.items()})
    outs = out if isinstance(out, (tuple, list)) else (out,)
    return [torch.tensor(each) if isinstance(each, bool) else each for each in outs]


def _written_row(
    func: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    targets: Sequence[Tensor],
    held: Replicates,
    k: int,
) -> list[Tensor]:
    """Return what one replicate writes into copies of the targets, which it may resize."""
    own = {id(target): _alone(target, held, k).clone() for target in targets}

    def swap(clean: Tensor) -> Tensor:
        return own[id(clean)] if id(clean) in own else _alone(clean, held, k)

    func(*_swapped(args, swap), **{key: _swapped(value, swap) for key, value in kwargs.items()})
    return [own[id(target)] for target in targets]


def _alone(clean: Tensor, held: Replicates, k: int) -> Tensor:
    found = held.get(clean)
    return clean if found is None else found[k]


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
    product = alpha * _product(held, a, b)
    if beta:
        return beta * _of_rank(c, held, a.dim()) + product
    # What is not added at all may be anything, NaN too; and it alone may have had replicates.
    return product if product.dim() > a.dim() else product.repeat(held.count, *(1,) * a.dim())


def _from_the_end(dim: int, rank: int) -> int:
    """Return a dimension as it counts from the last, where it is the same in front of replicates."""
    return dim if dim < 0 else dim - rank


def _reduction(reduce: Rule) -> Rule:
    def rule(held: Replicates, x: Tensor, dim: Any = None, keepdim: bool = False, **kwargs: Any) -> Tensor:
        # No dimension named is every dimension; a number has none, whichever is named.
        dims = [_from_the_end(d, x.dim()) for d in dim or range(x.dim())] if x.dim() else []
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
