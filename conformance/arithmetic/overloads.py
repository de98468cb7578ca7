"""The facts about an aten overload that mode.py needs, read from its schema once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

# Overloads that torch's Python functions of the same name call without looking for another: calling them
# so takes half of the time of calling the overload, whose arguments are matched with its schema.
_DIRECT = frozenset(
    {
        *("abs.default", "add.Tensor", "add_.Tensor", "addmm.default", "bmm.default", "cat.default"),
        *("clone.default", "detach.default", "div.Tensor", "exp.default", "log.default", "mm.default"),
        *("mul.Tensor", "mul_.Tensor", "neg.default", "relu.default", "sigmoid.default", "sigmoid_.default"),
        *("sqrt.default", "stack.default", "sub.Tensor", "t.default", "tanh.default", "tanh_.default"),
    }
)

# torch's primitives that take operands of one shape only, and their twins that broadcast: rule and function.
_BROADCASTING: dict[str, tuple[str, Callable[..., Any]]] = {
    "prims::copy_to": ("copy", torch.Tensor.copy_),
    "prims::where": ("where", torch.where),
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
    name, call = _BROADCASTING.get(schema.name, (base_name(func), call))
    single = [str(returned.type) for returned in schema.returns] == ["Tensor"]
    return Overload(name, call, written, single)


def base_name(func: Any) -> str:
    """Return the name by which a rule is found: `aten::add_.Tensor` is `add`, because both round alike.

    A division to whole numbers is another operation, `div_mode`, and so are `round_decimals` and
    `scatter_reduce`, which compute.
    """
    schema = func._schema  # noqa: SLF001 - the only way to the name
    name = str(schema.name).rpartition("::")[2].rstrip("_") or str(func)
    words = str(schema.overload_name).split("_")
    other = next((word for word in ("mode", "decimals", "reduce") if word in words), None)
    return f"{name}_{other}" if other else name
