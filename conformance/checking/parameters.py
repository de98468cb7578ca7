"""Which parameter of a candidate is which of the reference's: by name and shape, or else by value.

Called by checking.check before anything is judged. Where the names differ, both are made under one seed of
torch, and parameters that were drawn alike are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from conformance.checking.values import as_array, dtype_name, numbers
from conformance.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from torch import Tensor

    from conformance.sampling.values import Array

# How many names a message tells.
_NAMED = 8


def matched(
    reference: Mapping[str, Tensor], kinds: Mapping[str, str], own: Mapping[str, Array]
) -> dict[str, str]:
    """Return the candidate's name for each parameter of the reference.

    Args:
        reference: the reference's parameters.
        kinds: whether each of the candidate's is a parameter (P) or a buffer (B).
        own: their values, as both were made under one seed.

    Raises:
        UsageError: they do not match; the message names the parameters that are missing.
    """
    theirs = {name: value for name, value in own.items() if kinds.get(name) == "P"}
    right = {name: numbers(as_array(each), dtype_name(each.dtype)) for name, each in reference.items()}
    if {name: each.shape for name, each in theirs.items()} == {
        name: each.shape for name, each in right.items()
    }:
        return {name: name for name in right}
    lacking = [name for name in right if name not in theirs or theirs[name].shape != right[name].shape]
    more = [name for name in theirs if name not in right or theirs[name].shape != right[name].shape]
    told = f"it lacks {_listed(lacking, right)} of the reference, and has {_listed(more, theirs)} instead"
    if sorted(each.shape for each in theirs.values()) != sorted(each.shape for each in right.values()):
        raise UsageError(f"candidate: parameters of the reference's names or shapes expected; {told}")
    # By name first: constants, such as the ones of a weight, are alike.
    found = {name: name for name in right if name in theirs and _same(theirs[name], right[name])}
    left = {name: value for name, value in theirs.items() if name not in found}
    for name, value in right.items():
        alike = [each for each in left if _same(left[each], value)]
        if name in found:
            continue
        if not alike:
            raise UsageError(
                "candidate: parameters of the reference's names, or drawn alike under one seed, expected; "
                f"{told}, and none of those has the values of {name}"
            )
        found[name] = alike[0]
        del left[alike[0]]
    return found


def _same(one: Array, other: Array) -> bool:
    return one.shape == other.shape and bool(np.array_equal(one, other))


def _listed(names: Iterable[str], values: Mapping[str, Array]) -> str:
    told = [f"{name} {tuple(values[name].shape)}" for name in names]
    rest = f" and {len(told) - _NAMED} more" if len(told) > _NAMED else ""
    return f"{', '.join(told[:_NAMED]) or 'nothing'}{rest}"
