"""What correct rounding alone may change, per observable: noisy runs of the oracle against the clean one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from conformance.constants import constants
from conformance.noise import UNIT, Arithmetic
from conformance.sample import raw_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from conformance.contract import Trace
    from conformance.values import Array


@dataclass(frozen=True)
class Deviation:
    """How far noise moved one observable, in float32 roundings; linear in u, so float64's is 2⁻²⁹ of it.

    Attributes:
        largest: over all elements and replicates.
        rms: root mean square over the replicates, per element.
    """

    largest: float
    rms: Array


def deviations(run: Callable[[], Trace], key: str) -> dict[str, Deviation] | None:
    """Measure the deviation of every floating observable of a run.

    Args:
        run: the oracle; called once clean and once a replicate.
        key: what the noise follows from (a sample's text).

    Returns:
        A deviation for each observable, or None if noise made a replicate take another branch.
    """
    with np.errstate(all="ignore"):
        with Arithmetic(unit=0.0) as clean:
            expected = run()
        replicates = constants().replicates
        seeds = raw_words(f"noise|{key}", replicates)
        squares = {name: np.zeros(array.shape) for name, array in expected.items()}
        largest = dict.fromkeys(expected, 0.0)
        for seed in seeds:
            with Arithmetic(int(seed >> np.uint64(1)), UNIT) as noisy:
                moved = run()
            if not _same_branches(clean, noisy):
                return None
            for name, array in expected.items():
                # A number that is not finite deviates by nothing: its mask is compared, not its size.
                # In float64, because masks have no difference.
                away = np.abs(np.subtract(moved[name], array, dtype=np.float64))
                difference = np.nan_to_num(away, nan=0.0, posinf=0.0)
                squares[name] += difference**2
                largest[name] = max(largest[name], float(difference.max(initial=0.0)))
        return {name: Deviation(largest[name], np.sqrt(squares[name] / replicates)) for name in expected}


def _same_branches(clean: Arithmetic, noisy: Arithmetic) -> bool:
    return len(clean.branches) == len(noisy.branches) and all(
        _same(a, b) for a, b in zip(clean.branches, noisy.branches, strict=True)
    )


def _same(a: Tensor, b: Tensor) -> bool:
    # The step that a NaN is on is NaN, which is not equal to itself.
    return a.shape == b.shape and bool(((a == b) | (a.isnan() & b.isnan())).all())
