"""Which elements of an array are wrong, in a few words: all, one row, the last, those of negative inputs.

Called by diagnosis.localise for the cases that have no steps or layers to take apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from conformance.judging.judge import form
from conformance.subjects.answers import numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.diagnosis.asking import Asked
    from conformance.sampling.values import Array

# What may be special about the input at the wrong elements.
_KINDS: Mapping[str, Callable[[Array], Array]] = {
    "NaN": np.isnan,
    "infinite": np.isinf,
    "0": lambda a: a == 0,
    "negative": lambda a: a < 0,
    "positive": lambda a: a > 0,
    "beyond 1 in size": lambda a: np.abs(a) > 1,
}
_LINES = ("row", "column")


def pattern(name: str, mask: Array | None, found: Asked) -> str:
    """Return which elements of an observable are wrong, and the worst of them.

    Args:
        name: the observable.
        mask: which elements are out of tolerance; None where none can be compared.
        found: the answer.
    """
    if found.expected is None:
        return ""
    if mask is None or not mask.any():
        return (
            form(found.expected, name, found.trace.get(name)) or ""
            if name in found.expected.oracle
            else "unexpected"
        )
    oracle, got = found.expected.oracle[name], numbers(found.trace[name])
    with np.errstate(all="ignore"):
        away = np.nan_to_num(np.abs(got.astype(np.float64) - oracle), nan=np.inf, posinf=np.inf)
    worst = np.unravel_index(int(np.argmax(np.where(mask, away, -1.0))), mask.shape)
    at = [int(k) for k in worst]
    largest = f"largest error {away[worst]:.3g} at {at}, where {oracle[worst]:.6g} is expected"
    return "; ".join(filter(None, (_shape(mask), _where(mask, name, found.expected.inputs()), largest)))


def _shape(mask: Array) -> str:
    """Return how the wrong elements lie."""
    count = int(mask.sum())
    if mask.all():
        return "every element"
    if count == 1:
        return "the last element only" if mask.flat[-1] else "one element"
    for axis in range(mask.ndim):
        lines = np.moveaxis(mask, axis, 0).reshape(mask.shape[axis], -1)
        wrong = np.flatnonzero(lines.any(1))
        if len(wrong) == len(lines):
            continue
        line = _LINES[axis] if mask.ndim == 2 else f"index along axis {axis}"
        whole = "every element of" if lines[wrong].all() else f"{count} of {mask.size} elements, all in"
        if len(wrong) == 1:
            which = "the last" if wrong[0] == len(lines) - 1 else f"one, {wrong[0]}:"
            return f"{whole} {which} {line}" if which == "the last" else f"{whole} {line} {wrong[0]}"
        if lines[wrong].all():
            return f"{whole} {len(wrong)} of {len(lines)} {line if mask.ndim != 2 else line + 's'}"
    return f"{count} of {mask.size} elements"


def _where(mask: Array, name: str, inputs: Mapping[str, Array]) -> str:
    """Return what is special about the input at the wrong elements; empty where nothing is."""
    names = [name.removeprefix("grad."), *inputs]
    for other in dict.fromkeys(each for each in names if each in inputs):
        values = inputs[other]
        if values.shape != mask.shape or values.dtype.kind != "f":
            continue
        for kind, holds in _KINDS.items():
            where = holds(values)
            if not where.all() and (where | ~mask).all():
                return f"only where {other} is {kind}"
    return ""
