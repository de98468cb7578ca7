"""The sight of a comparison: which cheap wrong answers it would have noticed.

Agreement says little where a wrong answer would agree as well: all zeros agree where the right numbers are
smaller than their tolerance, and any order of rows does where all rows are equal. judging.judge asks once per
observable that agrees, and makes MISTRUSTED of agreement that none of `DECIDING` would have failed;
reference.tolerance says what a tolerance notices.

Source of the status: oneDNN's benchdnn, whose MISTRUSTED are outputs that are mostly zeros.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from conformance.sampling.values import Array

# Agreement that none of these would have failed is MISTRUSTED. The others are told only: where values are
# whole numbers, nothing is lost in float16, and an identity returns its input.
DECIDING = ("zeros", "the mean everywhere", "rolled rows")
HALF = "float16 rounding"
INPUT = "the input itself"

NAMES = (*DECIDING, HALF, INPUT)


def _rolled(right: Array) -> Array:
    """Return the rows in another order; of a single row, its elements."""
    axis = next((k for k, size in enumerate(right.shape) if size > 1), None)
    return right if axis is None else np.roll(right, 1, axis)


def _half(right: Array) -> Array:
    return right.astype(np.float16).astype(np.float64)


# Name → from the right answer to the wrong one.
WRONG: Mapping[str, Callable[[Array], Array]] = {
    "zeros": lambda _: np.zeros(()),
    "the mean everywhere": lambda right: np.asarray(right.mean()),
    "rolled rows": _rolled,
    HALF: _half,
}


def noticed(
    expected: Array, tolerance: Array, inputs: Iterable[Array] = (), *, half: bool = True
) -> dict[str, bool]:
    """Return whether each wrong answer is beyond the tolerance at an element.

    Args:
        expected: the right numbers. Where one is inf or NaN, everything else is wrong, as for the judge.
        tolerance: what each may differ by, of the same shape.
        inputs: what the program was given: those of the same shape are wrong answers too, together.
        half: whether to try rounding through float16, which says nothing where numbers have few bits anyway.

    Example:
        >>> import numpy as np
        >>> from conformance.judging.sight import noticed
        >>> noticed(np.array([1.0, 1.0]), np.array([1e-6, 1e-6]))
        {'zeros': True, 'the mean everywhere': False, 'rolled rows': False, 'float16 rounding': False}
    """
    right = np.asarray(expected, np.float64)
    same_shape = [each for each in inputs if each.shape == right.shape]
    names = [name for name in WRONG if half or name != HALF] + [INPUT] * bool(same_shape)
    if not right.size:
        return dict.fromkeys(names, False)
    with np.errstate(all="ignore"):
        finite = np.isfinite(right)
        apart = None if finite.all() else finite
        found = {
            name: _beyond(wrong(right), right, tolerance, apart)
            for name, wrong in WRONG.items()
            if half or name != HALF
        }
        if same_shape:
            found[INPUT] = all(_beyond(each, right, tolerance, apart) for each in same_shape)
    return found


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
    return set(DECIDING) <= set(blind)
