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
    """

    shape: tuple[int, ...]
    fan_in: int = 1
    weight: bool = False
    grad: bool = True
    forget: slice | None = None
    against: str | None = None
    pairs: bool = False
    positive: bool = False


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
    3. In the regime `nonfinite`, an inf, a -inf and a NaN replace some of the data.
    4. Absolute values are taken where the array is `positive`.
    5. Everything is rounded to the dtype. float64 values have 53 significant bits, and float32 values are
       their roundings, so that a subject that computes float64 through float32 differs even where it only
       copies.
    """
    arrays: dict[str, Array] = {}
    for name, spec in inputs.items():
        values = fill(sample, name, spec.shape)
        if sample.regime != "integer":
            values = _regime(sample.regime, spec, values, arrays)
        if sample.regime == "nonfinite" and not spec.weight:
            values = _with_specials(values, sample.words(f"{name}.nonfinite", values.size + 1))
        arrays[name] = np.abs(values) if spec.positive else values
    with np.errstate(under="ignore"):
        return {name: values.astype(dtype) for name, values in arrays.items()}


def _regime(regime: str, spec: Input, values: Array, others: Mapping[str, Array]) -> Array:
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


def _with_specials(values: Array, words: NDArray[np.uint64]) -> Array:
    """Put an inf, a -inf and a NaN at drawn positions; of fewer than six elements, change at most half.

    A single element is one of the three.
    """
    if not values.size:
        return values
    changed = values.copy()
    count = min(len(_SPECIAL), max(1, values.size // 2))
    first = int(words[-1] % np.uint64(len(_SPECIAL)))
    for k, place in enumerate(np.argsort(words[:-1], kind="stable")[:count]):
        changed.flat[place] = _SPECIAL[(first + k) % len(_SPECIAL)]
    return changed


def strided(array: Array) -> Array:
    """Return the same values in an array that is not contiguous: transposed, every second element."""
    store = np.zeros((2 * array.shape[-1], *array.shape[:-1]) if array.ndim else (), dtype=array.dtype)
    view = np.moveaxis(store[::2], 0, -1) if array.ndim else store
    view[...] = array
    return view
