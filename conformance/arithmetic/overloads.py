"""The facts about an aten overload that mode.py needs, read from its schema once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable

# Overloads that torch's Python functions of the same name call without looking for another: calling them
# so takes half of the time of calling the overload, whose arguments are matched with its schema.
_DIRECT = frozenset(
    {
        *("abs.default", "add.Tensor", "add_.Tensor", "addcdiv_.default", "addcmul_.default"),
        *("addmm.default", "bmm.default", "cat.default", "clone.default", "copy_.default", "detach.default"),
        *("div.Tensor", "dot.default", "exp.default", "lerp_.Scalar", "log.default", "mm.default"),
        *("mul.Tensor", "mul_.Tensor", "neg.default", "relu.default", "select.int", "sigmoid.default"),
        *("sigmoid_.default", "sqrt.default", "stack.default", "sub.Tensor", "sum.dim_IntList", "t.default"),
        *("tanh.default", "tanh_.default", "transpose.int", "unsafe_split.Tensor", "unsqueeze.default"),
        *("where.self"),
    }
)


def _masked_fill(x: Tensor, mask: Tensor, value: Any) -> Tensor:
    """Fill with a number; with one per replicate, which has dimensions, where torch wants it to have none."""
    if isinstance(value, Tensor) and value.dim():
        return torch.where(mask, value, x)
    return torch.masked_fill(x, mask, value)


def _masked_fill_in_place(x: Tensor, mask: Tensor, value: Any) -> Tensor:
    if isinstance(value, Tensor) and value.dim():
        return x.copy_(torch.where(mask, value, x))
    return x.masked_fill_(mask, value)


# Operations that are called by a function of another name: rule and function. Of torch's primitives that take
# operands of one shape only, it is their twin that broadcasts.
_BY_ANOTHER: dict[str, tuple[str, Callable[..., Any]]] = {
    "prims::copy_to": ("copy", torch.Tensor.copy_),
    "prims::where": ("where", torch.where),
    "aten::masked_fill": ("masked_fill", _masked_fill),
    "aten::masked_fill_": ("masked_fill", _masked_fill_in_place),
    # torch takes ten times as long to return the same tensor.
    "aten::lift_fresh": ("lift_fresh", lambda x: x),
}


class Overload(NamedTuple):
    """An aten overload.

    Attributes:
        name: the name by which a rule is found, `base_name`.
        call: calls it.
        written: the arguments that it writes into, by position and by name.
        single: it returns one tensor.
    """

    name: str
    call: Callable[..., Any]
    written: tuple[tuple[int, str], ...]
    single: bool


@cache
def overload(func: Any) -> Overload:
    """Return the facts about an overload."""
    schema = func._schema  # noqa: SLF001 - the only way to the names
    called = str(schema.name).rpartition("::")[2]
    call = func
    if f"{called}.{schema.overload_name or 'default'}" in _DIRECT:
        call = getattr(torch.Tensor if called.endswith("_") else torch, called)
    written = tuple(
        (k, argument.name)
        for k, argument in enumerate(schema.arguments)
        if argument.alias_info is not None and argument.alias_info.is_write
    )
    name, call = _BY_ANOTHER.get(schema.name, (base_name(func), call))
    single = [str(returned.type) for returned in schema.returns] == ["Tensor"]
    return Overload(name, call, written, single)


def base_name(func: Any) -> str:
    """Return the name by which a rule is found: `aten::add_.Tensor` is `add`, because both round alike.

    A division to whole numbers is another operation, `div_mode`, and so are `round_decimals` and
    `scatter_reduce`, which compute, and `view_dtype`, which reads the bits as other numbers.
    """
    schema = func._schema  # noqa: SLF001 - the only way to the name
    name = str(schema.name).rpartition("::")[2].rstrip("_") or str(func)
    words = str(schema.overload_name).split("_")
    apart = ("dtype",) if name == "view" else ("mode", "decimals", "reduce")
    other = next((word for word in apart if word in words), None)
    return f"{name}_{other}" if other else name
