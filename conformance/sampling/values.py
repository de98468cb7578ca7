"""From a sample's bits to its arrays: by integer and power-of-two arithmetic, the same bits everywhere.

Called by subjects.protocol, for the arrays and the cotangents of a task.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import DTypeLike, NDArray

    from conformance.sampling.sample import Sample

Array = np.ndarray

# Exponents of two by which a regime moves the data of a case.
_SHIFT = {"saturated": 4, "steep": 10, "tiny": -138, "huge": 100}
# The values that the regime `nonfinite` puts among the data.
_SPECIAL = (np.inf, -np.inf, np.nan)
# The regimes that replace values, at drawn places.
_REPLACING = frozenset({"nonfinite", "ties", "zeros"})
# The mean of the data in the regime `offset`: float32 still tells values of order one apart there.
_MEAN = 1000.0
# The values of the regime `ties`: without 0, where a relu has no derivative, and with unlike magnitudes.
_TIES = np.array([-1.5, -0.5, 0.75, 1.25])


@dataclass(frozen=True)
class Input:
    """How one array of a case is made.

    Attributes:
        shape: its shape.
        fan_in: values are divided by the power of two next to the root of this, as initialisation does.
        weight: a learned parameter, which only the regimes `integer` and `remembering` change.
        grad: its gradient is an observable.
        forget: the rows that the regime `remembering` lifts to 3…5: the biases of the gate that keeps the
            state.
        against: another array; in the regime `cancelling`, this one is nearly its negative.
        pairs: in the regime `cancelling`, neighbours along the last axis nearly cancel.
        positive: absolute values.
        bounded: probabilities, between 0 and 1; in the regime `zeros`, some are exactly 0 and some 1.
    """

    shape: tuple[int, ...]
    fan_in: int = 1
    weight: bool = False
    grad: bool = True
    forget: slice | None = None
    against: str | None = None
    pairs: bool = False
    positive: bool = False
    bounded: bool = False


def triangular(words: NDArray[np.uint64]) -> Array:
    """Return values in (-2, 2) of 53 significant bits, one from two words, with the density of a triangle."""
    halves = (words >> np.uint64(12)).astype(np.int64).reshape(-1, 2)
    return (halves[:, 0] + halves[:, 1] - 2**52) * 2.0**-51


def fill(sample: Sample, name: str, shape: tuple[int, ...]) -> Array:
    """Return the array of that name in order-one values, or small whole numbers in the regime `integer`."""
    count = prod(shape)
    if sample.regime == "integer":
        return ((sample.words(name, count) >> np.uint64(60)).astype(np.int64) - 7.0).reshape(shape)
    return triangular(sample.words(name, 2 * count)).reshape(shape)


def make(sample: Sample, inputs: Mapping[str, Input], dtype: DTypeLike) -> dict[str, Array]:
    """Make every array of a sample, exactly representable in the dtype.

    An array goes through five steps from here:

    1. `fill` makes values in (-2, 2) of the sample's words, or whole numbers in the regime `integer`.
    2. `_regime`, in the other regimes, divides by the root of `fan_in`, moves data by a power of two, lifts
       the biases that keep the state, or makes operands nearly cancel.
    3. In the regimes `nonfinite`, `offset`, `ties` and `zeros`, data are changed as `REGIMES` says.
    4. Absolute values are taken where the array is `positive`; halves of them, where it is `bounded`.
    5. Everything is rounded to the dtype. float64 values have 53 significant bits, and float32 values are
       their roundings, so that a subject that computes float64 through float32 differs even where it only
       copies.
    """
    arrays: dict[str, Array] = {}
    for name, spec in inputs.items():
        values = fill(sample, name, spec.shape)
        if sample.regime != "integer":
            values = _regime(sample.regime, spec, values, arrays)
        if not spec.weight:
            values = _changed(sample, name, spec, values)
        arrays[name] = np.abs(values) if spec.positive else values
    with np.errstate(under="ignore"):
        return {name: values.astype(dtype) for name, values in arrays.items()}


def _regime(regime: str, spec: Input, values: Array, others: Mapping[str, Array]) -> Array:
    if spec.bounded:
        # Only smaller: a larger probability is none.
        return np.asarray(np.abs(values) * 2.0 ** (min(0, _SHIFT.get(regime, 0)) - 1))
    if spec.fan_in > 1:
        values = values * 2.0 ** -((spec.fan_in.bit_length() - 1) // 2)
    if not spec.weight and regime in _SHIFT:
        values = values * 2.0 ** _SHIFT[regime]
    if regime == "remembering" and spec.forget is not None:
        values = values.copy()
        values[spec.forget] = 4.0 + values[spec.forget] * 0.5
    if regime == "cancelling" and spec.against is not None:
        values = -np.broadcast_to(others[spec.against], spec.shape) * (1.0 + values * 2.0**-12)
    if regime == "cancelling" and spec.pairs:
        values = values.copy()
        half = values.shape[-1] // 2 * 2
        values[..., 1:half:2] = -values[..., 0:half:2] * (1.0 + values[..., 1:half:2] * 2.0**-12)
    return values


def _changed(sample: Sample, name: str, spec: Input, values: Array) -> Array:
    """Change data as their regime says; probabilities cannot be moved far from zero."""
    if sample.regime == "offset" and not spec.bounded:
        return np.asarray(values + _MEAN)
    if sample.regime not in _REPLACING:
        return values
    words = sample.words(f"{name}.{sample.regime}", values.size + 1)
    if sample.regime == "nonfinite":
        return _with_specials(values, words)
    change = _with_ties if sample.regime == "ties" else _with_zeros
    return change(values, words, bounded=spec.bounded)


def _with_specials(values: Array, words: NDArray[np.uint64]) -> Array:
    """Put an inf, a -inf and a NaN at drawn positions; of fewer than six elements, change at most half.

    A single element is one of the three.
    """
    if not values.size:
        return values
    changed = values.copy()
    count = min(len(_SPECIAL), max(1, values.size // 2))
    first = int(words[-1] % np.uint64(len(_SPECIAL)))
    for k, place in enumerate(_drawn(words[:-1], count)):
        changed.flat[place] = _SPECIAL[(first + k) % len(_SPECIAL)]
    return changed


def _with_ties(values: Array, words: NDArray[np.uint64], *, bounded: bool) -> Array:
    """Draw every value from the same four, at least two of them; probabilities are half of them."""
    picked = (words[:-1] >> np.uint64(62)).astype(np.int64)
    if picked.size > 1 and (picked == picked[0]).all():
        # A constant array tells nothing.
        picked[int(words[-1] % np.uint64(picked.size))] += 1
    found = _TIES[picked % len(_TIES)].reshape(values.shape)
    return np.abs(found) / 2 if bounded else found


def _with_zeros(values: Array, words: NDArray[np.uint64], *, bounded: bool) -> Array:
    """Make vectors along every axis zero: a quarter of them, at least one, but never the only one.

    One drawn element stays as it is, so that the array is never all zeros. Of probabilities, a third is 0
    and another third 1.
    """
    changed = np.array(values)
    order = _drawn(words[:-1], values.size)
    if bounded:
        third, first = max(1, values.size // 3), float(words[-1] % np.uint64(2))
        changed.flat[order[:third]] = first
        changed.flat[order[third : 2 * third]] = 1.0 - first
        return changed
    if values.size <= 1:
        return values
    # Elements are the vectors of an array of one axis.
    table = changed[:, None] if changed.ndim == 1 else changed
    kept = np.unravel_index(order[-1], table.shape)
    for axis, length in enumerate(table.shape):
        others = tuple(np.delete(table.shape, axis))
        mine = np.ravel_multi_index(tuple(np.delete(kept, axis)), others)
        vectors = _drawn(np.roll(words[:-1], axis)[: table.size // length], table.size)
        vectors = vectors[vectors != mine]
        chosen = np.unravel_index(vectors[: max(1, vectors.size // 4)], others)
        np.moveaxis(table, axis, -1)[chosen] = 0.0
    return changed


def _drawn(words: NDArray[np.uint64], count: int) -> NDArray[np.intp]:
    """Return places in a drawn order: so many of as many as there are words."""
    return np.argsort(words, kind="stable")[:count]


def strided(array: Array) -> Array:
    """Return the same values in an array that is not contiguous: transposed, every second element."""
    store = np.zeros((2 * array.shape[-1], *array.shape[:-1]) if array.ndim else (), dtype=array.dtype)
    view = np.moveaxis(store[::2], 0, -1) if array.ndim else store
    view[...] = array
    return view
