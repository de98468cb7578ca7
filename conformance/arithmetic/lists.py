"""Operations on lists of tensors, which optimisers run with `foreach`: one tensor after the other.

Called by mode.py, so that the rules of the single operations hold for the lists too.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

_PREFIX = "_foreach_"
# Where the single operation has another name.
_NAMES = {"norm": "linalg_vector_norm"}
# Operations whose last argument is named in the single operation.
_NAMED = {"addcdiv": "value", "addcmul": "value"}


@cache
def one_by_one(func: Any) -> Callable[..., Any] | None:
    """Return the same operation as a loop over its lists, or None if it is not an operation on lists."""
    full = str(func._schema.name).rpartition("::")[2]  # noqa: SLF001 - the only way to the name
    if not full.startswith(_PREFIX):
        return None
    name = full.removeprefix(_PREFIX)
    in_place = name.endswith("_")
    name = name.rstrip("_")
    # Not the single operation in place: not all have one, such as maximum.
    single = getattr(torch.ops.aten, _NAMES.get(name, name))
    named = _NAMED.get(name)

    def each(*args: Any, **kwargs: Any) -> list[Any] | None:
        results = []
        for place in range(len(args[0])):
            own = [arg[place] if isinstance(arg, (list, tuple)) else arg for arg in args]
            options = {**kwargs, named: own.pop()} if named and len(own) > 3 else kwargs
            result = single(*own, **options)
            results.append(own[0].copy_(result) if in_place else result)
        return None if in_place else results

    return each
