"""The sight of a comparison: which cheap wrong answers it would have noticed.

Agreement says little where a wrong answer would agree as well: all zeros agree where the right numbers are
smaller than their tolerance, and any order of rows does where all rows are equal. judging.judge asks once per
observable that agrees, and makes MISTRUSTED of agreement that none of `DECIDING` would have failed;
reference.draws asks for a tolerance of any program, and checking.judge for a criterion.

Source of the status: oneDNN's benchdnn, whose MISTRUSTED are outputs that are mostly zeros.
"""

from __future__ import annotations

from functools import cache
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from conformance.sampling.values import Array

INPUT = "the input itself"


def _rolled(right: Array) -> Array:
    """Return the rows in another order; of a single row, its elements."""
    axis = next((k for k, size in enumerate(right.shape) if size > 1), None)
    if axis is None:
        return right
    # np.roll takes four times as long for the few numbers that most have.
    rows = right.reshape(right.shape[axis:])
    return np.concatenate((rows[-1:], rows[:-1])).reshape(right.shape)


def _before_the_first(right: Array) -> int:
    """Return where the element stands that `_rolled` puts first."""
    for size in right.shape:
        if size > 1:
            return int(right.size - right.size // size)
    return 0


def _half(right: Array) -> Array:
    return right.astype(np.float16).astype(np.float64)


def _to_bits(right: Array, bits: int) -> Array:
    """Return numbers with so many significant bits, of any size."""
    fraction, exponent = np.frexp(right)
    return np.asarray(np.ldexp(np.round(np.ldexp(fraction, bits)), exponent - bits))


# Name → from the right answer to the wrong one. Agreement that none of these would have failed is MISTRUSTED.
_DECIDING: Mapping[str, Callable[[Array], Array]] = {
    "zeros": lambda _: np.zeros(()),
    "the mean everywhere": lambda right: np.asarray(right.mean()),
    "rolled rows": _rolled,
}
# The same by lane, of those that are only told: where values are whole numbers, nothing is lost in float16,
# as an identity returns its input. Half types are rounded to the next narrower type that hardware multiplies
# in. Of float8, E4M3 has the most significant bits; its range, which scaled tensors fit, does not count.
_NARROWER: Mapping[str, tuple[str, Callable[[Array], Array]]] = {
    "float32": ("float16 rounding", _half),
    "float16": ("bfloat16 rounding", lambda right: _to_bits(right, 8)),
    "bfloat16": ("float8 rounding", lambda right: _to_bits(right, 4)),
}
# The first element of a wrong answer, from the right one and its mean, without the others. Nearly always that
# one is beyond its tolerance already, and then the whole wrong answer need not be made.
_FIRST: Mapping[str, Callable[[Array, float], float]] = {
    "zeros": lambda _, __: 0.0,
    "the mean everywhere": lambda _, mean: mean,
    "rolled rows": lambda right, _: right.item(_before_the_first(right)),
    "float16 rounding": lambda right, _: float(np.float16(right.item(0))),
}
DECIDING = tuple(_DECIDING)
ROUNDINGS = tuple(name for name, _ in _NARROWER.values())
NAMES = (*DECIDING, *ROUNDINGS, INPUT)


@cache
def _answers(lane: str | None) -> Mapping[str, Callable[[Array], Array]]:
    narrower = _NARROWER.get(lane or "")
    return {**_DECIDING, **dict([narrower] if narrower else [])}


def wrong_answers(lane: str | None) -> dict[str, Callable[[Array], Array]]:
    """Return what makes each wrong answer of the right one, by name; see `noticed`.

    Example:
        >>> from conformance.judging.sight import wrong_answers
        >>> [*wrong_answers("float32")]
        ['zeros', 'the mean everywhere', 'rolled rows', 'float16 rounding']
    """
    return dict(_answers(lane))


def noticed(
    expected: Array, tolerance: Array, inputs: Iterable[Array] = (), *, lane: str | None = "float32"
) -> dict[str, bool]:
    """Return whether each wrong answer is beyond the tolerance at an element.

    Args:
        expected: the right numbers. Where one is inf or NaN, everything else is wrong, as for the judge.
        tolerance: what each may differ by, of the same shape.
        inputs: what the program was given: those of the same shape are wrong answers too, together.
        lane: the dtype that others compute in, which says what rounding to a narrower type is tried; none for
            float64, whose tolerance is far below any, nor for None: whole numbers have few bits anyway.

    Example:
        >>> import numpy as np
        >>> from conformance.judging.sight import noticed
        >>> noticed(np.array([1.0, 1.0]), np.array([1e-6, 1e-6]))
        {'zeros': True, 'the mean everywhere': False, 'rolled rows': False, 'float16 rounding': False}
    """
    right = np.asarray(expected, np.float64)
    same_shape = [each for each in inputs if each.shape == right.shape]
    answers = _answers(lane)
    if not right.size:
        return dict.fromkeys([*answers, *[INPUT] * bool(same_shape)], False)
    with np.errstate(all="ignore"):
        # As NumPy's mean; it is finite only where all numbers are.
        mean = float(np.add.reduce(right, axis=None) / right.size)
        finite = None if isfinite(mean) or (each := np.isfinite(right)).all() else each
        first, allowed = right.item(0), tolerance.item(0)
        found = {
            name: (
                (finite is None and name in _FIRST and _apart(_FIRST[name](right, mean), first, allowed))
                or _beyond(wrong(right), right, tolerance, finite)
            )
            for name, wrong in answers.items()
        }
        if same_shape:
            found[INPUT] = all(
                (finite is None and _apart(each.item(0), first, allowed))
                or _beyond(each, right, tolerance, finite)
                for each in same_shape
            )
    return found


def _apart(wrong: float, right: float, tolerance: float) -> bool:
    """Whether one number is beyond its tolerance, as `_beyond` tells of arrays: a NaN is."""
    return not abs(wrong - right) <= tolerance


def _beyond(wrong: Array, right: Array, tolerance: Array, finite: Array | None) -> bool:
    """Whether the judge would fail an answer.

    Args:
        wrong: the answer, or the one number that it has everywhere.
        right: the right numbers.
        tolerance: what each may differ by.
        finite: where they are finite; None where all are.
    """
    within = np.abs(wrong - right) <= tolerance
    if finite is not None:
        within = np.where(finite, within, (wrong == right) | (np.isnan(wrong) & np.isnan(right)))
    return not within.all()


def mistrusted(blind: Iterable[str]) -> bool:
    """Whether agreement shows nothing, from the names of the wrong answers that would have agreed too.

    Example:
        >>> from conformance.judging.sight import mistrusted
        >>> mistrusted(["rolled rows", "the input itself"])
        False
    """
    return _DECIDING.keys() <= {*blind}
