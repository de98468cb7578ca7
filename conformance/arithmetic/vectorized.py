"""One aten operation on all replicates of its operands at once. Called by mode.py, which adds the noise."""

from __future__ import annotations

from itertools import islice, repeat
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from conformance.arithmetic.replicates import FOLLOWED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

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
    rows = [_results(func(*given, **named)) for given, named in _one_by_one(args, kwargs, held)]
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
    if rule.elementwise:
        if "out" not in kwargs:
            # In place, everything else broadcasts to the target.
            (_, *others), named = align(args, kwargs, held)
            own = _own(targets[0], held)
            func(own, *others, **named)
            return [own]
        if (whole := _filling(args, kwargs, targets, held)) is not None:
            own = _own(targets[0], held)
            func(*whole, out=own)
            return [own]
    # An operation may resize them.
    each = {id(target): [one.clone() for one in _apart(target, held)] for target in targets}
    for given, named in _one_by_one(args, kwargs, held, each):
        func(*given, **named)
    return [_stacked(each[id(target)]) for target in targets]


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


def _own(target: Tensor, held: Replicates) -> Tensor:
    """Return the replicates of a target, to be written into."""
    return held.make(target) if target.dtype in FOLLOWED else held.every(target).clone()


def _filling(
    args: Sequence[Any], kwargs: Mapping[str, Any], targets: Sequence[Tensor], held: Replicates
) -> list[Any] | None:
    """Return the arguments of an elementwise operation that fills its one target, `out`, with replicates.

    Returns:
        None where there are others by name, or the replicates do not fill all of the target's: it is of
        another shape, or no argument has any.
    """
    operands = [each for each in args if isinstance(each, Tensor)]
    if len(kwargs) > 1 or len(targets) > 1 or not any(map(held.__contains__, operands)):
        return None
    shape = torch.broadcast_shapes(*[each.shape for each in operands])  # type: ignore[no-untyped-call]
    return align(args, {}, held)[0] if shape == targets[0].shape else None


def _one_by_one(
    args: Sequence[Any], kwargs: Mapping[str, Any], held: Replicates, own: Mapping[int, Any] | None = None
) -> Iterable[tuple[Sequence[Any], dict[str, Any]]]:
    """Return the arguments of each replicate, with those by name.

    Args:
        args: the clean arguments.
        kwargs: those by name.
        held: the replicates.
        own: what stands for some tensors, by their identity: one for each replicate.
    """
    # Each is taken apart once, and not once per replicate.
    known = own or {}
    given = zip(*[_column(value, held, known) for value in args], strict=False) if args else repeat(())
    if not kwargs:
        return zip(given, repeat({}, held.count), strict=False)
    named = zip(*[_column(value, held, known) for value in kwargs.values()], strict=False)
    rows = (dict(zip(kwargs, values, strict=True)) for values in islice(named, held.count))
    return zip(given, rows, strict=False)


def _column(value: Any, held: Replicates, own: Mapping[int, Any]) -> Iterable[Any]:
    """Return what each replicate has for an argument, or for each tensor in a list."""
    if isinstance(value, Tensor):
        found = own.get(id(value))
        return _apart(value, held) if found is None else found
    if isinstance(value, (list, tuple)) and value:
        return map(list, zip(*[_column(each, held, own) for each in value], strict=False))
    return repeat(value)


def _apart(clean: Tensor, held: Replicates) -> Sequence[Tensor]:
    """Return the replicates one by one; the clean tensor for each, if it has none."""
    found = held.get(clean)
    return [clean] * held.count if found is None else found.unbind()


def _results(out: Any) -> Sequence[Any]:
    """Return the results of one replicate; a Python bool, as of `equal`, in a tensor."""
    if isinstance(out, Tensor):
        return (out,)
    outs = out if isinstance(out, (tuple, list)) else (out,)
    return [torch.tensor(each) if isinstance(each, bool) else each for each in outs]


def _stacked(column: Sequence[Any]) -> Tensor | None:
    if not isinstance(column[0], Tensor) or any(each.shape != column[0].shape for each in column):
        return None
    return torch.stack(list(column))
