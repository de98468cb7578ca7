"""The deviation of each observable: the change that correct rounding alone may make.

Noisy runs of the oracle are compared with the clean one. Called by the judge once per sample, before any
subject runs; tolerance.py makes tolerances of the result.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from conformance.arithmetic.constants import constants
from conformance.arithmetic.mode import Arithmetic
from conformance.arithmetic.replicates import OverfullError
from conformance.arithmetic.rounding import added_up_in
from conformance.arithmetic.rules import RULES
from conformance.errors import NoiseError
from conformance.processes import cycles_kept
from conformance.sampling.sample import raw_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.arithmetic.rules.rule import Rule
    from conformance.arithmetic.storing import Stores
    from conformance.sampling.values import Array

    Further = Callable[[Mapping[str, torch.Tensor]], dict[str, torch.Tensor]]


# The most numbers that all replicates may have at a time, 64 MiB, for any size of the sample. Operations take
# up to about as much again while they run.
_NUMBERS = 1 << 23
# How many numbers of large observables are compared at a time, 1 MiB, which stay in a core's cache from one
# operation to the next.
_CACHED = 1 << 17


@dataclass(frozen=True)
class Deviation:
    """How far noise moved one observable.

    The noise is that of float32, and a deviation in float64 is 2⁻²⁹ of this one. Or it is that of another
    precision, as of a half type, whose own deviation this is.

    Attributes:
        largest: over all elements and replicates.
        rms: root mean square over the replicates, per element.
        clean: the observable itself, where torch's own operations made it.
    """

    largest: float
    rms: Array
    clean: Array | None = None


def deviations(
    run: Callable[[], Mapping[str, Any]],
    key: str,
    *,
    zeros: bool = False,
    rules: Mapping[str, Rule] = RULES,
    most: float = math.inf,
    stores: Stores | None = None,
    further: Further | None = None,
    count: int | None = None,
) -> dict[str, Deviation] | None:
    """Measure the deviation of every floating observable of a run.

    Args:
        run: the oracle; returns its observables as tensors. Called once, or more often where the replicates
            of all its intermediate results would take too much memory: then for some of them at a time.
        key: the text from which the noise follows (a sample's).
        zeros: see `Arithmetic`.
        rules: how the operations round.
        most: the largest number of the dtype that subjects compute in. Beyond it their numbers are infinite,
            which is another branch.
        stores: the program's precision, where it does not do everything in float32.
        further: makes further observables of those of the run, without rounding. Takes tensors with a
            dimension of replicates in front, and those without.
        count: how many replicates; by default as many as the constants say.

    Returns:
        A deviation for each observable, or None if noise made a replicate take another branch.

    Raises:
        NoiseError: an observable is not a tensor, or an operation has no rule.
    """
    count = count or constants().replicates
    words = raw_words(f"noise|{key}", count)
    total = _Total()
    done, passes, each = 0, 0, count
    while done < count:
        each = min(each, count - done)
        try:
            steady = _add(
                run, int(words[passes]), each, total, most, further, zeros=zeros, rules=rules, stores=stores
            )
        except OverfullError:
            each //= 2
            continue
        if not steady:
            return None
        done, passes = done + each, passes + 1
    return {
        name: Deviation(total.largest[name], (squares / count).sqrt_().numpy(), total.clean.get(name))
        for name, squares in total.squares.items()
    }


@dataclass
class _Total:
    """The replicates so far, by observable: the sum of their squares per element, and the largest of all.

    And the observables themselves, if torch's own operations made them.
    """

    squares: dict[str, torch.Tensor] = field(default_factory=dict)
    largest: dict[str, float] = field(default_factory=dict)
    clean: dict[str, Array] = field(default_factory=dict)


def _add(
    run: Callable[[], Mapping[str, Any]],
    seed: int,
    count: int,
    total: _Total,
    most: float,
    further: Further | None,
    *,
    stores: Stores | None,
    **options: Any,
) -> bool:
    """Add some replicates of a run to the total; return whether none of them took another branch.

    Raises:
        OverfullError: so many replicates take too much memory; nothing was added.
    """
    with (
        np.errstate(all="ignore"),
        Arithmetic(seed, count, limit=_NUMBERS, stores=stores, **options) as mode,
        mode.escapes(),
        added_up_in(0.0 if stores is None else stores.precision.unit_of_sums),
        # How many numbers are held must not depend on when Python looks for cycles.
        cycles_kept(),
    ):
        observables = run()
    steady = mode.steady and (mode.storing is None or mode.storing.steady)
    moved = {name: _moved(name, value, mode) for name, value in observables.items()}
    if mode.own:
        # Copies, because the storage of an observable holds its replicates for as long as it lives.
        total.clean = {name: value.detach().numpy().copy("K") for name, value in observables.items()}
    if further is not None:
        observables = {**observables, **further(observables)}
        moved |= further(moved)
    with np.errstate(all="ignore"):
        for name, value in observables.items():
            clean = value.detach().double().resolve_neg()
            largest, squares = _away(clean, moved.pop(name))
            steady = steady and not (most < math.inf and _beyond(clean, most))
            # If only the replicate is not finite, it took another branch. A NaN among them is the largest.
            steady = steady and math.isfinite(largest)
            total.largest[name] = max(total.largest.get(name, 0.0), largest)
            total.squares[name] = total.squares.get(name, 0.0) + squares
    return bool(steady)


def _beyond(clean: torch.Tensor, most: float) -> bool:
    """Whether a finite number is larger than another dtype holds."""
    size = np.abs(clean.numpy())
    # Most observables have nothing so large; of NaN and others the maximum is NaN.
    return not size.max(initial=0.0) <= most and bool(((size > most) & np.isfinite(size)).any())


def _moved(name: str, clean: Any, mode: Arithmetic) -> torch.Tensor:
    """Return the replicates of an observable, (count, *shape)."""
    if not isinstance(clean, torch.Tensor):
        got = type(clean).__name__
        raise NoiseError(f"{name}: expected a torch tensor, whose noise can be followed, got {got}")
    # In float64, because torch does not subtract masks.
    return mode.replicates(clean).detach().double()


def _away(clean: torch.Tensor, moved: torch.Tensor) -> tuple[float, torch.Tensor]:
    """Return how far the replicates of an observable are from the clean one.

    Returns:
        The largest distance; and the sum over the replicates of its square, per element.
    """
    size = clean.numel()
    if not size or (not moved.stride(0) and moved.data_ptr() == clean.data_ptr()):
        # It has no replicates of its own.
        return 0.0, torch.zeros(clean.shape, dtype=torch.float64)
    # A power of two: as many elements as torch adds up at once, or a multiple.
    some = 2 * _CACHED >> len(moved).bit_length()
    if size <= some or not moved.is_contiguous():
        return _squared(clean, moved)
    row, rows = clean.reshape(-1), moved.view(-1, size)
    parts = [slice(first, first + some) for first in range(0, size, some)]
    largest, squares = zip(*(_squared(row[part], rows[:, part]) for part in parts), strict=True)
    return float(np.max(largest)), torch.cat(squares).view(clean.shape)


def _squared(clean: torch.Tensor, moved: torch.Tensor) -> tuple[float, torch.Tensor]:
    """Return the same of some elements; where NumPy takes less time than torch, by it."""
    away = moved - clean
    array, finite = away.numpy(), np.isfinite(clean.numpy())
    if not np.logical_and.reduce(finite, None):
        # A number that is not finite has no deviation: its mask is compared, not its size.
        np.copyto(array, 0.0, where=~finite)
    # Of NaN and others both are NaN.
    largest = max(float(np.maximum.reduce(array, None)), -float(np.minimum.reduce(array, None)))
    return largest, torch.from_numpy(np.square(array, array)).sum(0)
