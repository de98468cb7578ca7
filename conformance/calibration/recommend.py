"""The rtol and atol to write into `torch.testing.assert_close`, from the same deviations.

Called by calibration.run; `recommend` returns one row per case, dtype and size.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import floor, log10
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from conformance.arithmetic.constants import constants
from conformance.cases import CASES
from conformance.errors import DegenerateError
from conformance.judging.prepared import prepare
from conformance.processes import in_processes
from conformance.sampling.space import draw_sized
from conformance.subjects.protocol import LANES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from conformance.arithmetic.tolerance import Scale
    from conformance.judging.expectation import Expectation
    from conformance.sampling.sample import Sample
    from conformance.sampling.values import Array

# The sizes of these kinds: the batch and the length of a small real call.
FEATURES = (16, 64, 256)
_FEATURE_KINDS = ("feature", "outer")
BATCH, LENGTH = 4, 8
_DRAWS = 2
# Above this number of features one draw has enough elements, and takes as long as a default run of its case.
_MANY = 128
FORWARD, GRADIENTS = "forward", "gradients"


class Pair(NamedTuple):
    """Two tolerances as assert_close takes them; both 0 where every bit must agree."""

    rtol: float
    atol: float

    def widest(self, other: Pair) -> Pair:
        """Return the larger of each, which covers both."""
        return Pair(max(self.rtol, other.rtol), max(self.atol, other.atol))


@dataclass(frozen=True)
class Recommendation:
    """One row: the tolerances for a case in a dtype and at a size.

    Attributes:
        case: the case's name.
        dtype: `float32` or `float64`.
        size: the size of every axis of features; None for a case without one.
        forward: the tolerances of outputs; None where none is floating.
        gradients: the tolerances of gradients; None where there are none.
    """

    case: str
    dtype: str
    size: int | None
    forward: Pair | None
    gradients: Pair | None


def recommend(
    cases: Sequence[str],
    seed: int,
    tensor: float,
    element: float,
    *,
    features: Sequence[int] = FEATURES,
    jobs: int = 1,
) -> list[Recommendation]:
    """Derive the tolerances of each case that has floating results and no aspect in its name.

    Args:
        cases: names of cases.
        seed: the seed of the samples.
        tensor: the constant per tensor.
        element: the constant per element.
        features: the sizes.
        jobs: the number of processes.
    """
    # A case with an aspect judges an operation that another case has numbers for; random draws have no error.
    names = [name for name in cases if "@" not in name and CASES[name].distribution is None]
    samples = [(size, sample) for name in names for size, sample in sized_samples(name, seed, features)]
    found = in_processes(_of_sample, ((sample, tensor, element) for _, sample in samples), jobs)
    widest: dict[tuple[str, str, int | None], dict[str, Pair]] = {}
    for (size, sample), pairs in zip(samples, found, strict=True):
        for dtype, part, pair in pairs:
            parts = widest.setdefault((sample.case, dtype, size), {})
            parts[part] = parts.get(part, pair).widest(pair)
    return [
        Recommendation(*key, *(_round(parts.get(part)) for part in (FORWARD, GRADIENTS)))
        for key, parts in widest.items()
    ]


def sized_samples(
    name: str, seed: int, features: Sequence[int] = FEATURES
) -> Iterator[tuple[int | None, Sample]]:
    """Draw a case's samples at each size, or at none if no size of it is a feature's.

    The values are of order one: `normal`, or the case's first regime where it is not drawn in that one.
    """
    space = CASES[name].space
    regime = "normal" if "normal" in space.regimes else space.regimes[0]
    sized = features if set(_FEATURE_KINDS) & set(space.sizes.values()) else (None,)
    for size in sized:
        kinds = {
            "batch": BATCH,
            "several": BATCH,
            "length": LENGTH,
            **dict.fromkeys(_FEATURE_KINDS, size or 0),
        }
        draws = 1 if (size or 0) > _MANY else _DRAWS
        for sample in draw_sized(name, space, seed, draws, kinds, regime):
            yield size, sample


def covering(pairs: Sequence[tuple[Array, Array]]) -> Pair:
    """Return the tolerances that cover every element's, from expected values and tolerances of each tensor.

    rtol covers the elements of a tensor's upper half, and atol the rest that the other elements need.
    """
    rtol = 0.0
    for expected, tolerance in pairs:
        large = np.abs(expected) >= np.abs(expected).max(initial=0.0) / 2
        large &= expected != 0
        rtol = max(rtol, float((tolerance[large] / np.abs(expected[large])).max(initial=0.0)))
    atol = max(
        (float((tolerance - rtol * np.abs(expected)).max(initial=0.0)) for expected, tolerance in pairs),
        default=0.0,
    )
    return Pair(rtol, max(atol, 0.0))


def _of_sample(sample: Sample, tensor: float, element: float) -> list[tuple[str, str, Pair]]:
    from conformance.subjects.modes import quietly_on_one_thread

    with quietly_on_one_thread():
        try:
            prepared = prepare(CASES[sample.case], sample)
        except DegenerateError:
            # The other draws of the size give its tolerances.
            return []
    found = []
    for lane in LANES:
        for part in (FORWARD, GRADIENTS):
            tensors = list(
                _tensors(prepared.expectations[lane], prepared.scales[lane], part, tensor, element)
            )
            if tensors:
                found.append((lane, part, covering(tensors)))
    return found


def _tensors(
    expected: Expectation, scales: Mapping[str, Scale], part: str, tensor: float, element: float
) -> Iterator[tuple[Array, Array]]:
    c = replace(constants(), tensor=tensor, element=element)
    # assert_close compares two computations in the dtype; the float64 lane's scale allows for both already.
    share = c.oracle_share if expected.lane == "float32" else 1.0
    for name, oracle in expected.oracle.items():
        mine = name.startswith("grad.") == (part == GRADIENTS)
        if mine and np.issubdtype(oracle.dtype, np.floating):
            finite = np.isfinite(oracle)
            yield oracle[finite], (scales[name].allowed(c) * share)[finite]


def _round(pair: Pair | None) -> Pair | None:
    return None if pair is None else Pair(*(_up(value) for value in pair))


def _up(value: float) -> float:
    """Round up to two digits."""
    if not value:
        return 0.0
    digits = 1 - floor(log10(value))
    up = float(f"{value:.1e}")
    return up if up >= value else float(f"{up + 10.0**-digits:.1e}")
