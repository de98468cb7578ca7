"""The deviation of each observable: the change that correct rounding alone may make.

Noisy runs of the oracle are compared with the clean one. Called by the judge once per sample, before any
subject runs; tolerance.py makes tolerances of the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from conformance.arithmetic.constants import constants
from conformance.arithmetic.mode import Arithmetic
from conformance.errors import NoiseError
from conformance.sampling.sample import raw_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.sampling.values import Array


# The most numbers that the replicates of one input may have, 128 MiB, for any size of the sample.
_NUMBERS = 1 << 24


@dataclass(frozen=True)
class Deviation:
    """How far noise moved one observable, in float32 roundings; in float64 it is 2⁻²⁹ of that.

    Attributes:
        largest: over all elements and replicates.
        rms: root mean square over the replicates, per element.
    """

    largest: float
    rms: Array


def deviations(
    run: Callable[[], Mapping[str, Any]], key: str, largest: int = 1, *, zeros: bool = False
) -> dict[str, Deviation] | None:
    """Measure the deviation of every floating observable of a run.

    Args:
        run: the oracle; returns its observables as tensors. Called once, or more often to save memory.
        key: the text from which the noise follows (a sample's).
        largest: how many numbers the largest input has.
        zeros: see `Arithmetic`.

    Returns:
        A deviation for each observable, or None if noise made a replicate take another branch.

    Raises:
        NoiseError: an observable is not a tensor, or an operation has no rule.
    """
    count = constants().replicates
    each = min(count, max(1, _NUMBERS // max(1, largest)))
    squares: dict[str, torch.Tensor] = {}
    furthest: dict[str, float] = {}
    for start, seed in zip(range(0, count, each), raw_words(f"noise|{key}", count), strict=False):
        with (
            np.errstate(all="ignore"),
            Arithmetic(int(seed), min(each, count - start), zeros=zeros) as mode,
            mode.escapes(),
        ):
            observables = run()
        steady = mode.steady
        for name, value in observables.items():
            away = _away(name, value, mode)
            steady &= bool(away.isfinite().all())
            furthest[name] = max(furthest.get(name, 0.0), float(away.max()) if away.numel() else 0.0)
            squares[name] = squares.get(name, 0.0) + away.square_().sum(0)
        if not steady:
            return None
    return {name: Deviation(furthest[name], (squares[name] / count).sqrt_().numpy()) for name in squares}


def _away(name: str, clean: Any, mode: Arithmetic) -> torch.Tensor:
    """Return how far each replicate of an observable is from the clean one, (count, *shape)."""
    if not isinstance(clean, torch.Tensor):
        got = type(clean).__name__
        raise NoiseError(f"{name}: expected a torch tensor, whose noise can be followed, got {got}")
    # In float64, because torch does not subtract masks.
    moved, fixed = mode.replicates(clean).double(), clean.double()
    # A number that is not finite has no deviation: its mask is compared, not its size. If only the
    # replicate is not finite, it took another branch.
    return torch.where(fixed.isfinite(), moved - fixed, 0.0).abs_().nan_to_num_(nan=torch.inf)
