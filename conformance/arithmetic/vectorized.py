"""One aten operation on all replicates of its operands at once. Called by mode.py, which adds the noise."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from conformance.arithmetic.replicates import FOLLOWED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from conformance.arithmetic.replicates import Replicates
    from conformance.arithmetic.rules.rule import Rule


def tensors(values: Any) -> list[Tensor]:
    """Return the tensors among values, and in lists among them."""
    found: list[Tensor] = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, (list, tuple)):
            found += tensors(value)
    return found


def batched(
    func: Callable[..., Any], rule: Rule, args: Sequence[Any], kwargs: Mapping[str, Any], held: Replicates
) -> list[Tensor | None]:
    """Run an operation that does not write into its operands, on the replicates of all of them.

    An operation goes one of three ways from here:

    - its rule says that it is elementwise: it is called once, on replicates aligned so that they broadcast;
    - its rule says how it runs `together`: that function is called once, with the replicates and the clean
      arguments;
    - otherwise it is called once per replicate, which is slower, and the results are stacked.

    Operations that write into their operands take the first or the last way, in `written`.

    Args:
        func: the aten operation.
        rule: its rule.
        args: its arguments, clean.
        kwargs: those by name.
        held: the replicates.

    Returns:
        For each of its results the replicates, (count, *shape); None for a result that is not a tensor, or
        has another shape in some replicate.
    """
    if rule.elementwise is True:
        aligned, named = align(args, kwargs, held)
        # The layout is that of the clean result, which has one dimension less.
        named.pop("memory_format", None)
        return [func(*aligned, **named)]
    if rule.together is not None:
        made: Any = rule.together(held, *args, **kwargs)
        return list(made) if isinstance(made, tuple) else [made]
    rows = [_row(func, args, kwargs, held, k) for k in range(held.count)]
    return [_stacked(column) for column in zip(*rows, strict=True)]


def written(
    func: Callable[..., Any],
    rule: Rule,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    targets: Sequence[Tensor],
    held: Replicates,
) -> list[Tensor | None]:
    """Run an operation that writes into some of its operands, `targets`, which keep their clean values here.

    Returns:
        The values that the replicates write into each target, as `batched` returns them. They may be those
        that the target has.
    """
    if rule.elementwise and "out" not in kwargs:
        # In place, everything else broadcasts to the target.
        (_, *others), named = align(args, kwargs, held)
        own = held.make(targets[0]) if targets[0].dtype in FOLLOWED else held.every(targets[0]).clone()
        func(own, *others, **named)
        return [own]
    rows = [_written_row(func, args, kwargs, targets, held, k) for k in range(held.count)]
    return [_stacked(column) for column in zip(*rows, strict=True)]


def align(
    args: Sequence[Any], kwargs: Mapping[str, Any], held: Replicates
) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments with replicates for tensors, of one rank, so that they broadcast alike."""
    rank = max([each.dim() for each in (*args, *kwargs.values()) if isinstance(each, Tensor)])
    aligned = [held.of_rank(each, rank) if isinstance(each, Tensor) else each for each in args]
    if not kwargs:
        return aligned, {}
    named = {
        name: held.of_rank(each, rank) if isinstance(each, Tensor) else each for name, each in kwargs.items()
    }
    return aligned, named


def _swapped(value: Any, swap: Callable[[Tensor], Tensor]) -> Any:
    if isinstance(value, Tensor):
        return swap(value)
    return [_swapped(each, swap) for each in value] if isinstance(value, (list, tuple)) else value


def _row(
    func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], held: Replicates, k: int
) -> Sequence[Any]:
    """Return the result on one replicate; a Python bool, as of `equal`, in a tensor."""
    swap = partial(held.alone, k=k)
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
    """Return copies of the targets after one replicate has written into them; it may resize them."""
    own = {id(target): held.alone(target, k).clone() for target in targets}

    def swap(clean: Tensor) -> Tensor:
        return own[id(clean)] if id(clean) in own else held.alone(clean, k)

    func(*_swapped(args, swap), **{key: _swapped(value, swap) for key, value in kwargs.items()})
    return [own[id(target)] for target in targets]


def _stacked(column: Sequence[Any]) -> Tensor | None:
    if not isinstance(column[0], Tensor) or any(each.shape != column[0].shape for each in column):
        return None
    return torch.stack(list(column))
