"""The cases by name; one file a family. Adding one is adding an entry there."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from conformance.cases import (
    activation,
    autograd,
    cells,
    comparison,
    creation,
    data,
    drawing,
    dropout,
    elementwise,
    hooks,
    indexing,
    initialisation,
    inplace,
    joining,
    layers,
    linear,
    loss,
    metamorphic,
    models,
    modules,
    optim,
    packing,
    products,
    recurrent,
    reduction,
    shape,
    training,
)
from conformance.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.cases.case import Case

_FAMILIES = (
    models,
    modules,
    recurrent,
    cells,
    packing,
    metamorphic,
    linear,
    layers,
    dropout,
    initialisation,
    hooks,
    optim,
    training,
    data,
    loss,
    activation,
    elementwise,
    reduction,
    creation,
    indexing,
    inplace,
    products,
    joining,
    shape,
    autograd,
    comparison,
    drawing,
)

CASES: dict[str, Case] = {case.name: case for family in _FAMILIES for case in family.CASES}


def find_cases(names: Iterable[str] = ()) -> list[Case]:
    """Return the cases of those names, in the given order, or every case.

    Raises:
        UsageError: there is no such case; the message lists those there are.
    """
    chosen = list(dict.fromkeys(names)) or list(CASES)
    for name in chosen:
        if name not in CASES:
            near = get_close_matches(name, CASES, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise UsageError(f"unknown case {name!r}.{hint} There are: {', '.join(CASES)}")
    return [CASES[name] for name in chosen]
